// Input: two octets that pick where to cut, then a message. Oracles: taking the dots out gives back
// the message (with a final CRLF), whatever the cuts; no line of the wire but the last is a lone
// dot; TOP shows a front of the message.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/pop3/dot_stuffer.h"

namespace {

using namespace ph::pop3;

std::string stuff(std::string_view message, std::size_t cut) {
  DotStuffer stuffer;
  std::string wire;
  stuffer.next(message.substr(0, cut), wire);
  stuffer.next(message.substr(cut), wire);
  stuffer.finish(wire);
  return wire;
}

/// What can be read until the end or an error; the octets consumed behind it.
std::string unstuff(std::string_view wire, std::size_t cut) {
  DotUnstuffer unstuffer;
  std::string got;
  for (std::string_view chunk : {wire.substr(0, cut), wire.substr(cut)})
    while (!chunk.empty()) {
      const auto slice = unstuffer.next(chunk);
      if (!slice) return got + "|malformed";
      if (slice->consumed == 0 || slice->consumed > chunk.size()) std::abort();
      got += slice->content;
      chunk.remove_prefix(slice->consumed);
      if (slice->end) return got + "|end";
    }
  return got + "|more";
}

std::string top(std::string_view message, std::uint32_t lines, std::size_t cut) {
  TopCutter cutter(lines);
  std::string got(cutter.next(message.substr(0, cut)));
  got += cutter.next(message.substr(cut));
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view message(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = data[0] % (message.size() + 1);

  const std::string wire = stuff(message, message.size());
  if (stuff(message, cut) != wire) std::abort();
  const bool complete = message.empty() || message.ends_with("\r\n");
  const std::string wanted = std::string(message) + (complete ? "" : "\r\n") + "|end";
  if (unstuff(wire, wire.size()) != wanted || unstuff(wire, data[1] % wire.size()) != wanted)
    std::abort();
  if (wire.find("\n.\r\n") < wire.size() - 4 && wire.size() > 4) std::abort();

  if (unstuff(message, message.size()) != unstuff(message, cut)) std::abort();
  const std::string shown = top(message, data[1] & 3, message.size());
  if (!message.starts_with(shown) || shown != top(message, data[1] & 3, cut)) std::abort();
  return 0;
}
