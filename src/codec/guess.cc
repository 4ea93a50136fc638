#include "codec/guess.h"

#include <fmt/format.h>
#include <unicode/ucsdet.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/ascii.h"
#include "codec/binhex.h"
#include "codec/charset.h"
#include "codec/registry.h"
#include "codec/utf8.h"
#include "codec/uuencode.h"
#include "codec/yenc.h"

namespace ph::codec {
namespace {

using Guesses = std::vector<Guess>;

/// What a coding makes of the text, if it is in order.
std::optional<std::string> decoded(std::string_view coding, std::string_view text) {
  auto made = make_decoder(coding, {});
  if (!made) return std::nullopt;
  std::string out;
  (*made)->feed(text, out);
  (*made)->finish(out);
  if ((*made)->faults().count() > 0) return std::nullopt;
  return out;
}

std::size_t count_if_in(std::string_view text, auto fits) {
  return static_cast<std::size_t>(std::ranges::count_if(text, fits));
}

bool is_hex(char c) { return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f'); }

/// Escapes of `sign` and two hex digits.
std::size_t count_escapes(std::string_view text, char sign) {
  std::size_t count = 0;
  for (std::size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == sign && is_hex(text[i + 1]) && is_hex(text[i + 2])) ++count;
  return count;
}

void add(Guesses& out, std::string_view coding, unsigned percent, std::string why) {
  out.push_back({std::string(coding), percent, std::move(why)});
}

/// Codings that say what they are.
void guess_by_marks(std::string_view text, Guesses& out) {
  if (const auto found = find_yenc(text))
    add(out, "yenc", 99, fmt::format("a line \"=ybegin\" names \"{}\"", found->part.name));
  if (const auto found = find_binhex(text))
    add(out, "binhex", 98, fmt::format("a BinHex file with a right header, \"{}\"", found->name));
  if (const auto found = find_uuencoded(text)) {
    add(out, "uuencode", 98,
        fmt::format("a line \"begin\" names \"{}\", and what follows has the lengths it says",
                    found->file.name));
  }
  const auto word = text.find("=?");
  if (word != std::string_view::npos && text.find("?=", word) != std::string_view::npos &&
      decoded("rfc2047", text).value_or(std::string(text)) != text)
    add(out, "rfc2047", 96, "it has encoded words, =?charset?B or Q?...?=");
  const auto quote = text.find('\'');
  if (quote != std::string_view::npos && quote > 0 && count_escapes(text, '%') > 0) {
    const auto equals = text.substr(0, quote).rfind('=');
    const auto charset = text.substr(equals == std::string_view::npos ? 0 : equals + 1,
                                     quote - (equals == std::string_view::npos ? 0 : equals + 1));
    if (!canonical_charset(charset).empty() && decoded("rfc2231", text))
      add(out, "rfc2231", 95,
          fmt::format("it begins with the charset \"{}\" and a quote", charset));
  }
  if (text.find("xn--") != std::string_view::npos &&
      text.find_first_of(" \t") == std::string_view::npos && decoded("idna", text))
    add(out, "idna", 95, "a label begins with xn--");
}

/// Octets of the escape sequences of ISO-2022-JP, ISO-2022-KR and HZ.
void guess_by_escapes(std::string_view text, Guesses& out) {
  const auto has = [&](std::string_view what) { return text.find(what) != std::string_view::npos; };
  if (has("\x1b$B") || has("\x1b$@") || has("\x1b(J"))
    add(out, "charset:iso-2022-jp", 97, "it shifts between character sets as ISO-2022-JP does");
  if (has("\x1b$)C"))
    add(out, "charset:iso-2022-kr", 97, "it announces Korean as ISO-2022-KR does");
  if (has("~{") && has("~}") && decoded("charset:hz", text))
    add(out, "charset:hz", 92, "Chinese between ~{ and ~}, as HZ has it");
}

void guess_base64(std::string_view text, Guesses& out) {
  std::string packed;
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != ' ' && c != '\t') packed += c;
  const bool cut = text.size() == kGuessOctetsMax;
  if (packed.size() < 8 || (packed.size() % 4 != 0 && !cut)) return;
  if (cut) packed.resize(packed.size() / 4 * 4);
  const auto octets = decoded("base64", packed);
  if (!octets) return;
  const auto upper = count_if_in(packed, [](char c) { return c >= 'A' && c <= 'Z'; });
  const auto digits =
      count_if_in(packed, [](char c) { return is_digit(c) || c == '+' || c == '/'; });
  const bool mixed = upper > 0 && upper + digits > 1 && digits + upper < packed.size();
  const std::string_view content = name_content(*octets);
  unsigned percent = 40;
  if (packed.ends_with('=') || mixed) percent = 75;
  if (content != "octets") percent += 18;
  // Words and numbers of four letters are base 64, too.
  if (!mixed && !packed.ends_with('=') && packed.size() < 24) percent = 20;
  add(out, "base64", percent,
      fmt::format("letters, digits, + and / alone, {} of them; what they stand for is {}",
                  packed.size(), content));
}

void guess_by_escapes_of_signs(std::string_view text, Guesses& out) {
  const std::size_t equals = count_if_in(text, [](char c) { return c == '='; });
  if (equals > 0 && is_ascii(text) && decoded("quoted-printable", text)) {
    const auto escapes = count_escapes(text, '=');
    add(out, "quoted-printable", escapes > 0 ? 90 : 60,
        fmt::format("every \"=\" begins an escape or ends a line; {} escapes", escapes));
  }
  if (const auto escapes = count_escapes(text, '%'); escapes > 0 && decoded("percent", text))
    add(out, "percent", 85, fmt::format("{} escapes of % and two hex digits", escapes));
  if (const auto escapes = count_escapes(text, '+'); escapes > 0 && decoded("xtext", text))
    add(out, "xtext", 70, fmt::format("{} escapes of + and two upper case hex digits", escapes));
  const auto shifts = [&](std::string_view coding, char sign, unsigned percent) {
    if (text.find(sign) == std::string_view::npos || !is_ascii(text)) return;
    const auto made = decoded(coding, text);
    if (made && !is_ascii(*made))
      add(out, coding, percent,
          fmt::format("what stands between \"{}\" and \"-\" is Unicode", sign));
  };
  shifts("utf7-imap", '&', 88);
  shifts("utf7", '+', 80);
}

/// Of octets above 127.
void guess_charset(std::string_view text, Guesses& out) {
  if (is_utf8(text))
    return add(out, "charset:utf-8", 95, "octets above 127, all of them right as UTF-8");
  struct Close {
    void operator()(UCharsetDetector* detector) const { ucsdet_close(detector); }
  };
  UErrorCode code = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, Close> detector(ucsdet_open(&code));
  if (U_FAILURE(code)) return;
  ucsdet_setText(detector.get(), text.data(), static_cast<std::int32_t>(text.size()), &code);
  std::int32_t count = 0;
  const UCharsetMatch** matches = ucsdet_detectAll(detector.get(), &count, &code);
  if (U_FAILURE(code)) return;
  constexpr std::int32_t kMatchesMax = 3;
  for (std::int32_t i = 0; i < std::min(count, kMatchesMax); ++i) {
    const char* name = ucsdet_getName(matches[i], &code);
    const std::int32_t confidence = ucsdet_getConfidence(matches[i], &code);
    const auto known = canonical_charset(name == nullptr ? "" : name);
    if (U_FAILURE(code) || known.empty() || confidence < 10) continue;
    // Never as sure as what says its name.
    add(out, fmt::format("charset:{}", known), std::min(90U, static_cast<unsigned>(confidence)),
        "by how often its characters occur in languages");
  }
}

struct Beginning {
  std::string_view octets, name;
};
constexpr auto kBeginnings = std::to_array<Beginning>({
    {"\x89PNG\r\n", "a PNG image"},
    {"\xff\xd8\xff", "a JPEG image"},
    {"GIF8", "a GIF image"},
    {"%PDF-", "a PDF document"},
    {"PK\x03\x04", "a ZIP archive"},
    {"\x1f\x8b", "gzip data"},
    {"BZh", "bzip2 data"},
    {"\xfd"
     "7zXZ",
     "xz data"},
    {"7z\xbc\xaf", "a 7z archive"},
    {"Rar!", "a RAR archive"},
    {"\xd0\xcf\x11\xe0", "an old Office document"},
    {"MZ", "a Windows program"},
    {"\x7f"
     "ELF",
     "a Unix program"},
    {"{\\rtf", "an RTF document"},
    {"RIFF", "sound or video"},
    {"OggS", "sound or video"},
    {"ID3", "MP3 sound"},
});

}  // namespace

std::string_view name_content(std::string_view octets) {
  for (const Beginning& each : kBeginnings)
    if (octets.starts_with(each.octets)) return each.name;
  const auto controls = count_if_in(octets, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t' && c != '\n' && c != '\r') || octet == 0x7f;
  });
  if (octets.empty()) return "nothing";
  if (controls == 0 && is_ascii(octets)) return "plain text";
  if (controls == 0 && is_utf8(octets)) return "UTF-8 text";
  return "octets";
}

std::vector<Guess> guess_coding(std::string_view octets) {
  const std::string_view text = octets.substr(0, kGuessOctetsMax);
  Guesses out;
  guess_by_marks(text, out);
  guess_by_escapes(text, out);
  if (is_ascii(text)) {
    guess_base64(text, out);
    guess_by_escapes_of_signs(text, out);
  } else {
    guess_charset(text, out);
  }
  std::ranges::sort(out, [](const Guess& a, const Guess& b) {
    return a.percent != b.percent ? a.percent > b.percent : a.coding < b.coding;
  });
  return out;
}

}  // namespace ph::codec
