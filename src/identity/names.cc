#include "identity/names.h"

#include <algorithm>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"

namespace ph::identity {

Result<std::string> domain_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  // The grammar of a domain is that of an address: one parser for both.
  auto address = message::parse_address("a@" + std::string(text));
  if (!address || address->local != "a" || address->domain.starts_with('['))
    return fail(Kind::malformed, "not a domain name", std::string(text));
  const std::string_view name = address->domain;
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (std::ranges::all_of(last, is_digit))
    return fail(Kind::malformed, "not a domain name: its last label is a number",
                std::string(text));
  return std::move(address->domain);
}

Result<std::string> new_domain_name(std::string_view text) {
  PH_TRY(std::string name, domain_name(text));
  if (!codec::is_international(name)) return name;
  // A false A-label is a name like any other: somebody may have registered it.
  auto ascii =
      codec::is_ascii(name) ? codec::to_ascii_domain(name) : codec::to_ascii_typed_domain(name);
  if (!ascii)
    return fail(Kind::malformed, "not a domain name: it cannot be in the DNS",
                name + ": " + std::string(ascii.error().what));
  return ascii;
}

Result<message::Address> mailbox_address(std::string_view text) {
  auto address = message::parse_address(text);
  if (!address) return fail(Kind::malformed, "not an address", std::string(text));
  if (address->domain.empty())
    return fail(Kind::malformed, "the address has no domain", std::string(text));
  return address;
}

}  // namespace ph::identity
