// Input: one octet that picks where to cut, then what a server sends. Oracles: replies and failure
// do not depend on the cut; what a reply keeps is within its limits and joins to what was sent.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/smtp/reply_parser.h"

namespace {

struct Seen {
  std::vector<ph::smtp::RemoteReply> replies;
  std::optional<ph::Kind> error;
  bool operator==(const Seen&) const = default;
};

Seen parse(std::string_view wire, std::size_t cut) {
  ph::smtp::ReplyParser parser;
  Seen seen;
  for (std::string_view part : {wire.substr(0, cut), wire.substr(cut)}) {
    while (!part.empty()) {
      auto step = parser.next(part);
      if (!step) {
        seen.error = step.error().kind;
        return seen;
      }
      part.remove_prefix(step->consumed);
      if (step->reply) seen.replies.push_back(*std::move(step->reply));
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = wire.empty() ? 0 : data[0] % (wire.size() + 1);
  const Seen whole = parse(wire, 0);
  if (whole != parse(wire, cut)) std::abort();
  std::string joined;
  for (const auto& reply : whole.replies) {
    if (reply.code < 200 || reply.code > 599 || reply.lines.empty()) std::abort();
    if (reply.verbatim.size() > ph::smtp::kRemoteReplyOctetsMax) std::abort();
    joined += reply.verbatim;
  }
  if (!wire.starts_with(joined)) std::abort();
  return 0;
}
