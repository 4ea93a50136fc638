// The name of a message while it is in our care. It encodes where the queue keeps it, so that an id
// alone leads to its partition.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::queue {

/// day: of acceptance (base/time.h day_of); shard, lane, generation: its partition; seq: its row.
struct QueueId {
  std::uint16_t day = 0;
  std::uint8_t shard = 0, lane = 0;
  std::uint32_t generation = 0;  // 24 bits
  std::uint32_t seq = 0;         // 24 bits
  auto operator<=>(const QueueId&) const = default;
};

inline constexpr std::uint32_t kGenerationMax = (1u << 24) - 1;
inline constexpr std::uint32_t kSeqMax = (1u << 24) - 1;

/// 16 lower-case base32 characters (codec/base32.h): 80 bits, sorted as the fields are.
std::string to_string(const QueueId& id);
/// malformed: not the text of a queue id. Any case.
Result<QueueId> parse_queue_id(std::string_view text);

/// "q/<shard>/<lane>/<generation>": where a message of this id is put first. Deferred, it moves on;
/// a report about another message is put beside that.
std::string partition_of(const QueueId& id);

}  // namespace ph::queue
