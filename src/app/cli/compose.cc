#include "app/cli/compose.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/daemon/facts.h"
#include "codec/base64.h"
#include "message/date.h"

namespace ph::cli {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string addresses(const std::vector<message::Address>& all) {
  std::string out;
  for (const auto& one : all) out += (out.empty() ? "" : ",\r\n ") + message::to_string(one);
  return out;
}

}  // namespace

std::string header_text(std::string_view text) {
  std::string clean = daemon::utf8_only(text);
  for (char& c : clean) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) c = ' ';
  }
  // RFC 5322 §2.1.1: a line of more than 998 octets would not do; encoded words can be folded.
  constexpr std::size_t kPlainOctetsMax = 900;
  if (is_ascii(clean) && clean.size() <= kPlainOctetsMax) return clean;
  // "=?UTF-8?B?" and "?=" leave 63 of the 75 octets that RFC 2047 §2 allows: 45 before coding.
  constexpr std::size_t kWordOctetsMax = 45;
  std::string out;
  std::string_view rest = clean;
  while (!rest.empty()) {
    std::size_t octets = std::min(kWordOctetsMax, rest.size());
    // A character is never split between two words (RFC 2047 §5).
    while (octets < rest.size() && (static_cast<unsigned char>(rest[octets]) & 0xc0) == 0x80)
      --octets;
    out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ",
                       codec::encode_base64(rest.substr(0, octets)));
    rest.remove_prefix(octets);
  }
  return out;
}

std::string compose(const Composition& what) {
  std::string out;
  out += fmt::format("Date: {}\r\n", message::format_date(what.date));
  out += fmt::format("From: {}\r\n",
                     what.from.null() ? "MAILER-DAEMON" : message::to_string(what.from));
  out += fmt::format("To: {}\r\n", addresses(what.to));
  if (!what.subject.empty()) out += fmt::format("Subject: {}\r\n", header_text(what.subject));
  out += fmt::format("Message-ID: <{}>\r\n", what.message_id);
  if (!is_ascii(what.body)) {
    const bool utf8 = daemon::utf8_only(what.body) == what.body;
    out += fmt::format(
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset={}\r\n"
        "Content-Transfer-Encoding: 8bit\r\n",
        utf8 ? "utf-8" : "unknown-8bit");
  }
  return out + "\r\n" + what.body;
}

}  // namespace ph::cli
