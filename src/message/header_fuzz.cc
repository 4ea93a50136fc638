// Input: a message. Oracles: the fields lie in the header one behind the other and make it up; the
// header without its first field has one field less, and the same body.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "message/header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ph::message;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const Header header = parse_header(octets);
  if (header.end() > header.body() || header.body() > size) std::abort();
  std::uint64_t at = header.fields().empty() ? 0 : header.fields()[0].offset;
  for (const Field& field : header.fields()) {
    if (field.offset != at || octets.substr(at, field.raw.size()) != field.raw) std::abort();
    if (field.name.empty()) std::abort();
    if (unfold(field.value).contains('\n')) std::abort();
    at += field.raw.size();
  }
  if (header.fields().size() < kHeaderFieldsMax && !header.fields().empty() && at != header.end())
    std::abort();
  if (header.fields().size() < 2 || header.fields().size() >= kHeaderFieldsMax) return 0;
  const std::uint64_t second = header.fields()[1].offset;
  const std::string_view rest = octets.substr(second);
  if (rest.starts_with("From ") || rest.starts_with(">From ")) return 0;
  const Header less = parse_header(rest);
  if (less.fields().size() + 1 != header.fields().size()) std::abort();
  if (less.body() + second != header.body()) std::abort();
  return 0;
}
