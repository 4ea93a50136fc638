// Domain names as people type them: UTS #46, by ICU's tables.
#include <unicode/uidna.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <source_location>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

/// Thread-safe, and alive as long as the program: making one loads tables.
const UIDNA* uts46() {
  static const UIDNA* const kOne = [] {
    UErrorCode error = U_ZERO_ERROR;
    const UIDNA* made =
        uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII |
                            UIDNA_NONTRANSITIONAL_TO_UNICODE,
                        &error);
    PH_CHECK(U_SUCCESS(error));
    return made;
  }();
  return kOne;
}

struct Complaint {
  std::uint32_t bits;
  Kind kind;
  Literal what;
};

// The first that fits is what is said.
constexpr auto kComplaints = std::to_array<Complaint>({
    {UIDNA_ERROR_EMPTY_LABEL, Kind::malformed, "the domain has an empty label"},
    {UIDNA_ERROR_PUNYCODE | UIDNA_ERROR_INVALID_ACE_LABEL, Kind::malformed,
     "a label begins with xn-- and is no A-label"},
    {UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4,
     Kind::malformed, "a label has hyphens where none may be"},
    {UIDNA_ERROR_LEADING_COMBINING_MARK, Kind::malformed, "a label begins with a combining mark"},
    {UIDNA_ERROR_DISALLOWED | UIDNA_ERROR_LABEL_HAS_DOT, Kind::malformed,
     "a character that no domain has"},
    {UIDNA_ERROR_BIDI, Kind::malformed, "letters of both directions in one label"},
    {UIDNA_ERROR_CONTEXTJ, Kind::malformed, "a joiner where none may be"},
    {UIDNA_ERROR_LABEL_TOO_LONG, Kind::over_limit,
     "a label of the domain is longer than 63 octets"},
    {UIDNA_ERROR_DOMAIN_NAME_TOO_LONG, Kind::over_limit, "the domain is longer than 255 octets"},
});

using Convert = int32_t(const UIDNA*, const char*, int32_t, char*, int32_t, UIDNAInfo*,
                        UErrorCode*);

bool is_allowed_ascii(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

Result<std::string> converted(Convert* convert, std::string_view domain) {
  if (domain.size() > kIdnaTypedOctetsMax)
    return fail(Kind::over_limit, "the domain is longer than 255 octets");
  if (!is_utf8(domain)) return fail(Kind::malformed, "the domain is not UTF-8");
  std::array<char, kIdnaTypedOctetsMax * 4> out;
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode error = U_ZERO_ERROR;
  const int32_t octets = convert(uts46(), domain.data(), static_cast<int32_t>(domain.size()),
                                 out.data(), static_cast<int32_t>(out.size()), &info, &error);
  for (const Complaint& complaint : kComplaints) {
    if ((info.errors & complaint.bits) != 0)
      return std::unexpected(
          Error{complaint.kind, complaint.what.text, {}, std::source_location::current()});
  }
  if (U_FAILURE(error) || static_cast<std::size_t>(octets) > out.size())
    return fail(Kind::over_limit, "the domain is longer than 255 octets");
  std::string name(out.data(), static_cast<std::size_t>(octets));
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return fail(Kind::malformed, "the domain has an empty label");
  // UTS #46 leaves it to its user which ASCII characters there are.
  if (!std::ranges::all_of(name, is_allowed_ascii))
    return fail(Kind::malformed, "a character that no domain has");
  return name;
}

}  // namespace

Result<std::string> to_ascii_typed_domain(std::string_view domain) {
  return converted(uidna_nameToASCII_UTF8, domain);
}

Result<std::string> to_unicode_typed_domain(std::string_view domain) {
  // Lengths are those of the name in ASCII.
  PH_TRY(const std::string ascii, to_ascii_typed_domain(domain));
  return converted(uidna_nameToUnicodeUTF8, ascii);
}

}  // namespace ph::codec
