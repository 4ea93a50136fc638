// The names of charsets in real mail. ICU knows most of them, too, but "gb2312" is strict there,
// "cn-gb" unknown, and some names lead to converters that change control characters.
#include <unicode/ucnv.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "codec/charset.h"
#include "codec/charset_parts.h"

namespace ph::codec {
namespace {

using enum CharsetForm;

// What charsets are read as.
constexpr auto kCharsets = std::to_array<CharsetName>({
    {"big5", icu, "windows-950-2000", nullptr},
    {"big5-hkscs", icu, "ibm-1375_P100-2008", nullptr},
    {"euc-jp", icu, "euc-jp-2007", nullptr},
    {"euc-tw", icu, "euc-tw-2014", nullptr},
    {"gb18030", icu, "gb18030", nullptr},
    {"hz", icu, "HZ", nullptr},
    {"ibm437", icu, "ibm-437_P100-1995", nullptr},
    {"ibm737", icu, "ibm-737_P100-1997", nullptr},
    {"ibm775", icu, "ibm-775_P100-1996", nullptr},
    {"ibm850", icu, "ibm-850_P100-1995", nullptr},
    {"ibm852", icu, "ibm-852_P100-1995", nullptr},
    {"ibm855", icu, "ibm-855_P100-1995", nullptr},
    {"ibm857", icu, "ibm-857_P100-1995", nullptr},
    {"ibm858", icu, "ibm-858_P100-1997", nullptr},
    {"ibm862", icu, "ibm-862_P100-1995", nullptr},
    {"ibm866", icu, "ibm-866_P100-1995", nullptr},
    {"iso-2022-cn", icu, "ISO_2022,locale=zh,version=0", nullptr},
    {"iso-2022-jp", icu, "ISO_2022,locale=ja,version=2", "ISO_2022,locale=ja,version=0"},
    {"iso-2022-kr", icu, "ISO_2022,locale=ko,version=0", nullptr},
    {"iso-8859-10", icu, "iso-8859_10-1998", nullptr},
    {"iso-8859-13", icu, "ibm-921_P100-1995", nullptr},
    {"iso-8859-14", icu, "iso-8859_14-1998", nullptr},
    {"iso-8859-15", icu, "ibm-923_P100-1998", nullptr},
    {"iso-8859-2", icu, "ibm-912_P100-1995", nullptr},
    {"iso-8859-3", icu, "ibm-913_P100-2000", nullptr},
    {"iso-8859-4", icu, "ibm-914_P100-1995", nullptr},
    {"iso-8859-5", icu, "ibm-915_P100-1995", nullptr},
    {"iso-8859-6", icu, "ibm-1089_P100-1995", nullptr},
    {"iso-8859-7", icu, "ibm-9005_X110-2007", nullptr},
    {"iso-8859-8", icu, "ibm-5012_P100-1999", nullptr},
    {"koi8-r", icu, "ibm-878_P100-1996", nullptr},
    {"koi8-u", icu, "ibm-1168_P100-2002", nullptr},
    {"macintosh", icu, "macos-0_2-10.2", nullptr},
    {"shift_jis", icu, "ibm-943_P15A-2003", nullptr},
    {"unknown-8bit", guess, nullptr, nullptr},
    {"us-ascii", guess, nullptr, "US-ASCII"},
    {"utf-16", icu, "UTF-16", nullptr},
    {"utf-16be", icu, "UTF-16BE", nullptr},
    {"utf-16le", icu, "UTF-16LE", nullptr},
    {"utf-32", icu, "UTF-32", nullptr},
    {"utf-32be", icu, "UTF-32BE", nullptr},
    {"utf-32le", icu, "UTF-32LE", nullptr},
    {"utf-7", utf_7, "UTF-7", nullptr},
    {"utf-8", utf_8, "UTF-8", nullptr},
    {"windows-1250", icu, "ibm-5346_P100-1998", nullptr},
    {"windows-1251", icu, "ibm-5347_P100-1998", nullptr},
    {"windows-1252", icu, "ibm-5348_P100-1997", nullptr},
    {"windows-1253", icu, "ibm-5349_P100-1998", nullptr},
    {"windows-1254", icu, "ibm-5350_P100-1998", nullptr},
    {"windows-1255", icu, "ibm-9447_P100-2002", nullptr},
    {"windows-1256", icu, "ibm-9448_X100-2005", nullptr},
    {"windows-1257", icu, "ibm-9449_P100-2002", nullptr},
    {"windows-1258", icu, "ibm-5354_P100-1998", nullptr},
    {"windows-874", icu, "windows-874-2000", nullptr},
    {"windows-949", icu, "windows-949-2000", nullptr},
    {"x-mac-ce", icu, "macos-29-10.2", nullptr},
    {"x-mac-cyrillic", icu, "macos-7_3-10.2", nullptr},
    {"x-mac-greek", icu, "macos-6_2-10.4", nullptr},
    {"x-mac-turkish", icu, "macos-35-10.2", nullptr},
});
static_assert(std::ranges::is_sorted(kCharsets, {}, &CharsetName::canonical));

struct Alias {
  std::string_view letters;  // lower case letters and digits of the name
  std::string_view canonical;
  const char* writes = nullptr;  // when that is less than what is read
};

constexpr const char* kGb2312 = "ibm-1383_P110-1999";
constexpr const char* kGbk = "windows-936-2000";
constexpr const char* kEucKr = "ibm-970_P110_P110-2006_U2";

constexpr auto kAliases = std::to_array<Alias>({
    {"", "unknown-8bit"},
    {"5601", "windows-949"},
    {"646", "us-ascii"},
    {"7bit", "us-ascii"},
    {"8bit", "unknown-8bit"},
    {"ansi", "unknown-8bit"},
    {"ansix341968", "us-ascii"},
    {"ansix341986", "us-ascii"},
    {"arabic", "iso-8859-6"},
    {"ascii", "us-ascii"},
    {"asmo708", "iso-8859-6"},
    {"big5", "big5"},
    {"big5eten", "big5"},
    {"big5hk", "big5-hkscs"},
    {"big5hkscs", "big5-hkscs"},
    {"binary", "unknown-8bit"},
    {"chinese", "gb18030", kGb2312},
    {"chinesebig5", "big5"},
    {"cn", "gb18030", kGb2312},
    {"cnbig5", "big5"},
    {"cngb", "gb18030", kGb2312},
    {"cngbisoir165", "gb18030", kGb2312},
    {"cp20866", "koi8-r"},
    {"cp21866", "koi8-u"},
    {"cp50220", "iso-2022-jp"},
    {"cp50221", "iso-2022-jp"},
    {"cp50222", "iso-2022-jp"},
    {"cp51932", "euc-jp"},
    {"cp51949", "windows-949", kEucKr},
    {"cp54936", "gb18030"},
    {"cp65000", "utf-7"},
    {"cp65001", "utf-8"},
    {"cp874", "windows-874"},
    {"cp932", "shift_jis"},
    {"cp936", "gb18030", kGbk},
    {"cp949", "windows-949"},
    {"cp950", "big5"},
    {"csascii", "us-ascii"},
    {"csbig5", "big5"},
    {"cseuckr", "windows-949", kEucKr},
    {"cseucpkdfmtjapanese", "euc-jp"},
    {"csgb2312", "gb18030", kGb2312},
    {"csiso2022jp", "iso-2022-jp"},
    {"csiso2022jp2", "iso-2022-jp"},
    {"csiso2022kr", "iso-2022-kr"},
    {"csiso58gb231280", "gb18030", kGb2312},
    {"csisolatin1", "windows-1252", "ISO-8859-1"},
    {"csisolatin2", "iso-8859-2"},
    {"csisolatinarabic", "iso-8859-6"},
    {"csisolatincyrillic", "iso-8859-5"},
    {"csisolatingreek", "iso-8859-7"},
    {"csisolatinhebrew", "iso-8859-8"},
    {"cskoi8r", "koi8-r"},
    {"csksc56011987", "windows-949"},
    {"csmacintosh", "macintosh"},
    {"csshiftjis", "shift_jis"},
    {"csunicode", "utf-16"},
    {"csutf8", "utf-8"},
    {"cyrillic", "iso-8859-5"},
    {"default", "unknown-8bit"},
    {"defaultcharset", "unknown-8bit"},
    {"dos720", "unknown-8bit"},
    {"dos862", "ibm862"},
    {"ecma114", "iso-8859-6"},
    {"ecma118", "iso-8859-7"},
    {"elot928", "iso-8859-7"},
    {"euccn", "gb18030", kGb2312},
    {"eucjp", "euc-jp"},
    {"euckr", "windows-949", kEucKr},
    {"euctw", "euc-tw"},
    {"gb18030", "gb18030"},
    {"gb180302000", "gb18030"},
    {"gb180302005", "gb18030"},
    {"gb2312", "gb18030", kGb2312},
    {"gb23121980", "gb18030", kGb2312},
    {"gb231280", "gb18030", kGb2312},
    {"gbk", "gb18030", kGbk},
    {"greek", "iso-8859-7"},
    {"greek8", "iso-8859-7"},
    {"hebrew", "iso-8859-8"},
    {"hkscsbig5", "big5-hkscs"},
    {"hz", "hz"},
    {"hzgb2312", "hz"},
    {"iso10646ucs2", "utf-16"},
    {"iso10646ucs4", "utf-32"},
    {"iso10646utf1", "utf-8"},
    {"iso2022cn", "iso-2022-cn"},
    {"iso2022cnext", "iso-2022-cn"},
    {"iso2022jp", "iso-2022-jp"},
    {"iso2022jp1", "iso-2022-jp", "ISO_2022,locale=ja,version=1"},
    {"iso2022jp2", "iso-2022-jp", "ISO_2022,locale=ja,version=2"},
    {"iso2022jp3", "iso-2022-jp"},
    {"iso2022jpms", "iso-2022-jp", "ISO_2022,locale=ja,version=1"},
    {"iso2022kr", "iso-2022-kr"},
    {"iso646irv1991", "us-ascii"},
    {"iso646us", "us-ascii"},
    {"isoir100", "windows-1252", "ISO-8859-1"},
    {"isoir101", "iso-8859-2"},
    {"isoir149", "windows-949"},
    {"isoir58", "gb18030", kGb2312},
    {"isoir6", "us-ascii"},
    {"jis", "iso-2022-jp"},
    {"jis7", "iso-2022-jp"},
    {"jisencoding", "iso-2022-jp"},
    {"koi", "koi8-r"},
    {"koi8", "koi8-r"},
    {"koi8r", "koi8-r"},
    {"koi8ru", "koi8-u"},
    {"koi8u", "koi8-u"},
    {"korean", "windows-949"},
    {"ksc5601", "windows-949"},
    {"ksc56011987", "windows-949"},
    {"ksc56011989", "windows-949"},
    {"ksc56011992", "windows-949"},
    {"ksx1001", "windows-949", kEucKr},
    {"l1", "windows-1252", "ISO-8859-1"},
    {"latin1", "windows-1252", "ISO-8859-1"},
    {"latin2", "iso-8859-2"},
    {"latin3", "iso-8859-3"},
    {"latin4", "iso-8859-4"},
    {"latin5", "windows-1254", "ibm-920_P100-1995"},
    {"latin6", "iso-8859-10"},
    {"latin9", "iso-8859-15"},
    {"mac", "macintosh"},
    {"macce", "x-mac-ce"},
    {"maccentraleurope", "x-mac-ce"},
    {"maccyrillic", "x-mac-cyrillic"},
    {"macgreek", "x-mac-greek"},
    {"macintosh", "macintosh"},
    {"macroman", "macintosh"},
    {"macturkish", "x-mac-turkish"},
    {"macukrainian", "x-mac-cyrillic"},
    {"ms932", "shift_jis"},
    {"ms936", "gb18030", kGbk},
    {"ms949", "windows-949"},
    {"ms950", "big5"},
    {"mskanji", "shift_jis"},
    {"no", "unknown-8bit"},
    {"none", "unknown-8bit"},
    {"null", "unknown-8bit"},
    {"shiftjis", "shift_jis"},
    {"sjis", "shift_jis"},
    {"suneugreek", "iso-8859-7"},
    {"thai", "windows-874", "iso-8859_11-2001"},
    {"tis620", "windows-874", "iso-8859_11-2001"},
    {"tis6202533", "windows-874", "iso-8859_11-2001"},
    {"turkish", "windows-1254", "ibm-920_P100-1995"},
    {"ucs2", "utf-16"},
    {"ucs4", "utf-32"},
    {"uhc", "windows-949"},
    {"ujis", "euc-jp"},
    {"undefined", "unknown-8bit"},
    {"unicode", "utf-16"},
    {"unicode11utf7", "utf-7"},
    {"unicode11utf8", "utf-8"},
    {"unicode20utf7", "utf-7"},
    {"unicode20utf8", "utf-8"},
    {"unknown", "unknown-8bit"},
    {"unknown8bit", "unknown-8bit"},
    {"us", "us-ascii"},
    {"usascii", "us-ascii"},
    {"userdefined", "unknown-8bit"},
    {"utf16", "utf-16"},
    {"utf16be", "utf-16be"},
    {"utf16le", "utf-16le"},
    {"utf32", "utf-32"},
    {"utf32be", "utf-32be"},
    {"utf32le", "utf-32le"},
    {"utf7", "utf-7"},
    {"utf8", "utf-8"},
    {"utf8mb3", "utf-8"},
    {"utf8mb4", "utf-8"},
    {"visual", "iso-8859-8"},
    {"windows31j", "shift_jis"},
    {"windowslatin1", "windows-1252"},
});
static_assert(std::ranges::is_sorted(kAliases, {}, &Alias::letters));

constexpr std::array<std::string_view, kCharsets.size()> kNames = [] {
  std::array<std::string_view, kCharsets.size()> names;
  std::ranges::transform(kCharsets, names.begin(), &CharsetName::canonical);
  return names;
}();

CharsetName by_canonical(std::string_view canonical, const char* writes) {
  const auto found = std::ranges::lower_bound(kCharsets, canonical, {}, &CharsetName::canonical);
  if (found == kCharsets.end() || found->canonical != canonical) return {};
  CharsetName name = *found;
  name.writes = writes != nullptr ? writes : name.writes != nullptr ? name.writes : name.reads;
  return name;
}

CharsetName by_alias(std::string_view letters) {
  const auto found = std::ranges::lower_bound(kAliases, letters, {}, &Alias::letters);
  if (found == kAliases.end() || found->letters != letters) return {};
  return by_canonical(found->canonical, found->writes);
}

/// "iso88591" and "88591"; any year behind it is gone already.
CharsetName by_iso_number(std::string_view letters) {
  if (letters.starts_with("iso")) letters.remove_prefix(3);
  if (!letters.starts_with("8859")) return {};
  std::string_view part = letters.substr(4);
  if (part.ends_with('i') || part.ends_with('e')) part.remove_suffix(1);  // order of characters
  if (part == "1") return by_canonical("windows-1252", "ISO-8859-1");
  if (part == "9") return by_canonical("windows-1254", "ibm-920_P100-1995");
  if (part == "11") return by_canonical("windows-874", "iso-8859_11-2001");
  return by_canonical("iso-8859-" + std::string(part), nullptr);
}

/// "windows1252", "cp1252", "ibm850", "1252".
CharsetName by_page_number(std::string_view letters) {
  for (std::string_view word : {"windows", "codepage", "win", "cp", "ibm", "ms", "ansi", "dos"}) {
    if (!letters.starts_with(word)) continue;
    letters.remove_prefix(word.size());
    break;
  }
  if (letters.size() < 3 || letters.size() > 5 || !std::ranges::all_of(letters, is_digit))
    return {};
  const std::string number(letters);
  if (auto name = by_alias("cp" + number); !name.canonical.empty()) return name;
  if (auto name = by_canonical("windows-" + number, nullptr); !name.canonical.empty()) return name;
  return by_canonical("ibm" + number, nullptr);
}

CharsetName by_letters(std::string_view letters) {
  for (const auto look : {by_alias, by_iso_number, by_page_number})
    if (auto name = look(letters); !name.canonical.empty()) return name;
  return {};
}

/// What ICU has a standard's name for: never a name from outside, which ICU would take for a
/// file's.
CharsetName by_icu(const std::string& name) {
  for (const char* standard : {"MIME", "IANA"}) {
    UErrorCode error = U_ZERO_ERROR;
    const char* known = ucnv_getStandardName(name.c_str(), standard, &error);
    if (U_SUCCESS(error) && known != nullptr) return {known, icu, known, known};
  }
  return {};
}

/// The name without what stands around it.
std::string_view bare(std::string_view name) {
  constexpr std::string_view kAround = " \t\r\n\"'`<>()[]{}=;,:.";
  if (same_ascii(name.substr(0, 8), "charset=")) name.remove_prefix(8);
  const std::size_t from = std::min(name.find_first_not_of(kAround), name.size());
  name.remove_prefix(from);
  // RFC 2231 §5 puts a language behind it, iconv's users a "//TRANSLIT", ISO a year.
  name = name.substr(0, name.find_first_of("*/;,\"'\r\n:"));
  return name.substr(0, name.find_last_not_of(kAround) + 1);
}

}  // namespace

CharsetName find_charset(std::string_view name) {
  name = bare(name.substr(0, kCharsetNameOctetsMax));
  std::string letters;
  for (const char c : name)
    if (is_alpha(c) || is_digit(c)) letters.push_back(ascii_lower(c));
  if (auto found = by_letters(letters); !found.canonical.empty()) return found;
  while (letters.starts_with('x')) {
    letters.erase(0, 1);
    if (letters.empty()) break;
    if (auto found = by_letters(letters); !found.canonical.empty()) return found;
  }
  return by_icu(std::string(name));
}

std::span<const std::string_view> charsets() { return kNames; }

}  // namespace ph::codec
