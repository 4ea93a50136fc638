// Input: a header. Oracles: no crash; the domains are names of the DNS, each once and not too many;
// what is in order names somebody; a second From, or a control character, is never in order; what
// stands in quotes or in a comment behind an address changes no domain.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mailauth/authors.h"
#include "mailauth/dmarc.h"
#include "wire/dns/name.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  if (octets > 65'536) return 0;
  const std::string text(reinterpret_cast<const char*>(data), octets);
  const auto header = ph::message::parse_header(text);
  const Authors authors = authors_of(header);
  require(authors.domains.size() <= kDmarcAuthorDomainsMax + 1);
  for (const std::string& domain : authors.domains) {
    const auto name = ph::dns::normal_name(domain);
    require(name && *name == domain);
    require(std::ranges::count(authors.domains, domain) == 1);
  }
  const auto fields = header.all("from");
  if (authors.trouble == AuthorTrouble::none) {
    require(fields.size() == 1);
    const auto value = fields.front()->value;
    require(value.find('\0') == value.npos);
    constexpr std::string_view kSigns[] = {"@", "\xef\xbc\xa0", "\xef\xb9\xab"};
    require(std::ranges::any_of(
        kSigns, [&](std::string_view sign) { return value.find(sign) != value.npos; }));
  }
  const std::string twice = "From: a@b.test\r\nFrom: a@b.test\r\n" + text;
  require(authors_of(ph::message::parse_header(twice)).trouble != AuthorTrouble::none);
  return 0;
}
