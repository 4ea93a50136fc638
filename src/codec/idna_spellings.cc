// The ways to write one domain, and the one by which it is compared.
#include <algorithm>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"

namespace ph::codec {

bool is_international(std::string_view domain) {
  return !is_ascii(domain) || ascii_lower(domain).contains("xn--");
}

std::string dns_spelling(std::string_view domain) {
  std::string lower = ascii_lower(domain);
  if (!is_international(lower)) return lower;
  auto ascii = to_ascii_typed_domain(lower);
  if (!ascii) ascii = to_ascii_domain(lower);
  return ascii ? *std::move(ascii) : lower;
}

std::vector<std::string> spellings(std::string_view domain) {
  std::vector<std::string> out{ascii_lower(domain)};
  if (!is_international(out.front())) return out;
  const std::string ascii = dns_spelling(domain);
  const auto add = [&out](std::string name) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  };
  // Of a false A-label it would be the U-label of another domain, or of none.
  std::string unicode = to_unicode_domain(ascii);
  if (dns_spelling(unicode) == ascii) add(std::move(unicode));
  add(ascii);
  return out;
}

}  // namespace ph::codec
