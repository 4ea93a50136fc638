#include "queue/queue_id.h"

#include "base/ascii.h"
#include "codec/base32.h"

namespace ph::queue {

std::string to_string(const QueueId& id) {
  std::string octets;
  const auto put = [&octets](std::uint32_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;) octets.push_back(static_cast<char>(value >> (8 * i)));
  };
  put(id.day, 2);
  put(id.shard, 1);
  put(id.lane, 1);
  put(id.generation, 3);
  put(id.seq, 3);
  return codec::encode_base32(octets);
}

Result<QueueId> parse_queue_id(std::string_view text) {
  if (text.size() != 16) return fail(Kind::malformed, "a queue id has 16 characters");
  PH_TRY(const std::string octets, codec::decode_base32(ascii_lower(text)));
  const auto take = [&octets](std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + count; ++i)
      value = value << 8 | static_cast<std::uint8_t>(octets[i]);
    return value;
  };
  return QueueId{.day = static_cast<std::uint16_t>(take(0, 2)),
                 .shard = static_cast<std::uint8_t>(take(2, 1)),
                 .lane = static_cast<std::uint8_t>(take(3, 1)),
                 .generation = take(4, 3),
                 .seq = take(7, 3)};
}

}  // namespace ph::queue
