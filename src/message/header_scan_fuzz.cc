// Input: one octet that picks where to cut, then a message. Oracles: the facts do not depend on the
// cut; the header lies inside the message; a message behind one more Received field counts one
// more.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>

#include "message/header_scan.h"

namespace {
ph::message::HeaderScan scan(std::string_view message, std::size_t cut) {
  ph::message::HeaderScan scan;
  scan.feed(message.substr(0, cut));
  scan.feed(message.substr(cut));
  scan.finish();
  return scan;
}
auto facts(const ph::message::HeaderScan& scan) {
  return std::tuple(scan.received_count(), scan.has_date(), scan.has_from(), scan.has_message_id(),
                    scan.has_return_path(), std::string(scan.message_id()), scan.header_octets(),
                    scan.complete(), scan.begins_folded());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view message(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = message.empty() ? 0 : data[0] % (message.size() + 1);
  const auto whole = scan(message, message.size());
  if (facts(whole) != facts(scan(message, cut))) std::abort();
  if (whole.header_octets() > message.size() || !whole.complete()) std::abort();
  if (whole.message_id().size() > ph::message::kMessageIdOctetsMax) std::abort();
  const std::string hop = "Received: x\r\n";
  if (scan(hop + std::string(message), cut).received_count() != whole.received_count() + 1)
    std::abort();
  return 0;
}
