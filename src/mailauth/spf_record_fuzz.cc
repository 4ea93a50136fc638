// Input: an SPF record. Oracles: no crash; what is read is within its bounds; reading it again
// gives the same; a record that is read is one of SPF.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mailauth/spf_macro.h"
#include "mailauth/spf_record.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  const std::string_view text(reinterpret_cast<const char*>(data), octets);
  const auto record = parse_spf_record(text);
  if (!record) return 0;
  require(is_spf_record(text));
  require(*record == *parse_spf_record(text));
  for (const auto& each : record->directives) {
    require(each.prefix4 <= 32 && each.prefix6 <= 128);
    require(text.substr(each.offset, each.text.size()) == each.text);
  }
  return 0;
}
