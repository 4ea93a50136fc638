#include "codec/saslprep.h"

#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <array>
#include <cstdint>

#include "codec/utf8.h"

namespace ph::codec {
namespace {

using Units = std::array<UChar, kSaslprepOctetsMax>;  // UTF-16 has no more units than UTF-8 octets

/// Thread-safe, and alive as long as the program: making one loads tables.
const UStringPrepProfile* sasl_profile() {
  static const UStringPrepProfile* const kOne = [] {
    UErrorCode error = U_ZERO_ERROR;
    const UStringPrepProfile* made = usprep_openByType(USPREP_RFC4013_SASLPREP, &error);
    PH_CHECK(U_SUCCESS(error));
    return made;
  }();
  return kOne;
}

/// A password stays nowhere but where it has to be.
struct Wiped {
  Units units{};
  ~Wiped() {
    volatile UChar* at = units.data();
    for (std::size_t i = 0; i < units.size(); ++i) at[i] = 0;
  }
};

}  // namespace

Result<std::string> saslprep(std::string_view text) {
  if (text.size() > kSaslprepOctetsMax) return fail(Kind::over_limit, "the text is too long");
  if (!is_utf8(text)) return fail(Kind::malformed, "the text is not UTF-8");
  Wiped before, after;
  UErrorCode error = U_ZERO_ERROR;
  int32_t octets = 0, units = 0;
  u_strFromUTF8(before.units.data(), static_cast<int32_t>(before.units.size()), &units, text.data(),
                static_cast<int32_t>(text.size()), &error);
  PH_CHECK(U_SUCCESS(error));
  const int32_t prepared = usprep_prepare(
      sasl_profile(), before.units.data(), units, after.units.data(),
      static_cast<int32_t>(after.units.size()), USPREP_ALLOW_UNASSIGNED, nullptr, &error);
  if (error == U_BUFFER_OVERFLOW_ERROR) return fail(Kind::over_limit, "the text becomes too long");
  if (error == U_STRINGPREP_CHECK_BIDI_ERROR)
    return fail(Kind::malformed, "letters of both directions in one text");
  if (U_FAILURE(error)) return fail(Kind::malformed, "a character that no password has");
  if (prepared == 0) return fail(Kind::malformed, "nothing is left of the text");
  std::string out(kSaslprepOctetsMax, '\0');
  u_strToUTF8(out.data(), static_cast<int32_t>(out.size()), &octets, after.units.data(), prepared,
              &error);
  if (U_FAILURE(error)) return fail(Kind::over_limit, "the text becomes too long");
  out.resize(static_cast<std::size_t>(octets));
  return out;
}

}  // namespace ph::codec
