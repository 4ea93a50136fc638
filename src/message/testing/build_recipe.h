// Messages for the builder, read from any octets: a fuzzer's, or random numbers.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/builder.h"

namespace ph::message::testing {

struct BuildRecipe {
  BuildMessage message;
  Carry carry = Carry::seven_bit;
  bool is_proper = false;  // nothing in it may be refused
};

using namespace std::string_view_literals;

inline constexpr auto kRecipeWords = std::to_array<std::string_view>({
    "report",
    "the",
    "Re:",
    "a",
    "caf\xc3\xa9",
    "Gr\xc3\xbc\xc3\x9f"
    "e",
    "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xb8\x96\xe7\x95\x8c",
    "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
    "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
    "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7",
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
    "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4",
    "\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1",
    "\xf0\x9f\x99\x82",
    "e\xcc\x81",
});
/// What a grammar, a relay or a reader may stumble over.
inline constexpr auto kRecipeTraps = std::to_array<std::string_view>({
    " ",
    "  ",
    "\t",
    "\r\n",
    "\n",
    "\r",
    "\0"sv,
    "\x1f",
    "\x7f",
    "\xff",
    "\xc3",
    "\"",
    "\\",
    "(",
    ")",
    "<",
    ">",
    "@",
    ",",
    ";",
    ":",
    "=",
    "?",
    "_",
    "*",
    "'",
    "%",
    "=?",
    "?=",
    "=20",
    "%41",
    "=?utf-8?q?x?=",
    "--",
    "--=_",
    "=_",
    ".",
    "\r\n.\r\n",
    "\nFrom x",
    "From ",
    ">From ",
    "utf-8''x",
    "\xc2\x85",
    "\xe2\x80\xa8",
    "\xc2\xa0",
    "\xef\xbb\xbf",
    "\xe2\x80\xae",
    "\r\nBcc: a@x.test",
    "--=_b_0\r\n",
    "--=_0_b\r\n",
    "\r\n\r\n",
    "=\r\n",
    " \r\n",
    "begin 644 x\n",
    "&amp;",
    "/..",
    "=?utf-8?b?",
});
inline constexpr auto kRecipeDomains = std::to_array<std::string_view>({
    "example.test",
    "x.test",
    "[192.0.2.1]",
    "[IPv6:2001:db8::1]",
    "xn--bcher-kva.example",
    "a-very-long-name-of-a-department-as-universities-have-them.of-a-faculty.university.example",
});
inline constexpr auto kRecipeLocals = std::to_array<std::string_view>({
    "alice",
    "john doe",
    "a.b+c",
    "\"",
    "a@b",
    "..",
    "\\",
    "=?utf-8?q?x?=",
    "a\"b c",
    "(x)",
    ",",
    "a-local-part-as-long-as-one-may-be-0123456789-0123456789-012345",
});
inline constexpr auto kRecipeTypes = std::to_array<std::string_view>({
    "application/octet-stream",
    "image/png",
    "application/pdf",
    "application/x-a+b",
    "audio/basic",
    "Application/MSWord",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
});
inline constexpr auto kRecipeIds = std::to_array<std::string_view>({
    "1@x.test",
    "a.b-c@example.test",
    "CAB=x+y_z@mail.example.test",
    "no-at-sign",
    "$1$@x.test",
    "0123456789012345678901234567890123456789012345678901234567890123456789@a-long-host.test",
});
inline constexpr auto kRecipeFields = std::to_array<std::string_view>({
    "X-Note",
    "Keywords",
    "Comments",
    "Organization",
    "x",
    "X-A-Name-That-Is-As-Long-As-The-Line-That-It-Stands-On-Would-Like-It-To-Be",
});
inline constexpr auto kRecipeParameters = std::to_array<std::string_view>(
    {"x-a", "format", "method", "a-name-that-leaves-hardly-any-room-for-a-value-beside-it-x"});

/// Reads a recipe. Of octets that have come to an end, all that follows is 0.
class RecipeReader {
 public:
  explicit RecipeReader(std::string_view octets) : left_(octets) {}

  BuildRecipe read() {
    BuildRecipe out;
    out.carry = static_cast<Carry>(below(3));
    out.is_proper = proper_ = below(4) != 3;
    BuildMessage& m = out.message;
    m.date = wall_of(static_cast<std::int64_t>(below(256) << 32 | below(256) << 24 |
                                               below(256) << 16 | below(256)));
    m.zone = std::chrono::minutes(15) * (static_cast<int>(below(113)) - 56);
    m.boundary = proper_ || below(2) == 0 ? "b" : text();
    m.from = mailboxes(1 + below(2));
    m.reply_to = mailboxes(below(2));
    m.to = mailboxes(below(5));
    m.cc = mailboxes(below(3));
    m.subject = text();
    if (below(4) > 0) m.message_id = identifier();
    for (std::size_t n = below(2); n > 0; --n) m.in_reply_to.push_back(identifier());
    for (std::size_t n = below(5); n > 0; --n) m.references.push_back(identifier());
    for (std::size_t n = below(4); n > 0; --n) m.fields.emplace_back(one_of(kRecipeFields), text());
    m.body = part(0);
    return out;
  }

 private:
  std::size_t below(std::size_t bound) {
    if (left_.empty()) return 0;
    const auto octet = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return octet % bound;
  }
  template <class Table>
  std::string one_of(const Table& table) {
    return std::string(table[below(table.size())]);
  }
  std::string raw(std::size_t octets) {
    const std::string_view out = left_.substr(0, octets);
    left_.remove_prefix(out.size());
    return std::string(out);
  }

  std::string text() {
    std::string out;
    for (std::size_t n = below(12); n > 0; --n) {
      const std::size_t what = below(16);
      if (what < 8) {
        (out += one_of(kRecipeWords)) += what < 6 ? " " : "";
      } else if (what < 13) {
        out += one_of(kRecipeTraps);
      } else if (what < 15) {
        out += raw(below(8));
      } else {
        const std::size_t octets = (1 + below(255)) * (below(4) == 0 ? 16 : 1);
        out += std::string(octets, below(3) == 0 ? ' ' : 'x');
      }
    }
    return out;
  }
  /// With line ends in it more often than others.
  std::string lines() {
    std::string out;
    for (std::size_t n = below(5); n > 0; --n) {
      out += text();
      constexpr auto kEnds =
          std::to_array<std::string_view>({"\n", "\r\n", "\r", " \n", "", "\n\n"});
      out += one_of(kEnds);
    }
    return out;
  }
  /// A very long one is refused.
  std::string name() { return proper_ ? text().substr(0, 100) : text(); }
  std::string identifier() { return proper_ || below(2) == 0 ? one_of(kRecipeIds) : text(); }

  std::vector<Mailbox> mailboxes(std::size_t count) {
    std::vector<Mailbox> out;
    for (; count > 0; --count) {
      Mailbox one;
      if (below(3) > 0) one.name = text();
      one.local = proper_ || below(4) > 0 ? one_of(kRecipeLocals) : text();
      one.domain = proper_ || below(4) > 0 ? one_of(kRecipeDomains) : text();
      out.push_back(std::move(one));
    }
    return out;
  }

  BuildPart part(std::size_t depth) {
    const std::size_t what = below(depth < 5 ? 10 : 6);
    BuildPart out;
    if (what >= 6) {
      constexpr auto kTrees = std::to_array<std::string_view>(
          {"multipart/mixed", "multipart/alternative", "multipart/related", "Multipart/X-Other"});
      out.type = one_of(kTrees);
      for (std::size_t n = 1 + below(3); n > 0; --n) out.parts.push_back(part(depth + 1));
    } else if (what >= 4) {
      out.type = one_of(kRecipeTypes);
      out.content = lines() + raw(below(64));
    } else if (what == 3) {
      out.type = "message/rfc822";
      out.content =
          "From: a@x.test\r\nSubject: inside\r\n\r\nbody\n" + (proper_ ? std::string() : lines());
    } else {
      constexpr auto kTexts =
          std::to_array<std::string_view>({"text/plain", "text/html", "text/x-other"});
      out.type = one_of(kTexts);
      out.content = lines();
    }
    if (!proper_ && below(8) == 7) out.type = text();
    if (below(3) == 2) out.file_name = name();
    out.attachment = below(4) == 3;
    if (below(4) == 3) out.content_id = identifier();
    for (std::size_t n = below(3); n > 0; --n) {
      const std::string parameter = proper_ || below(4) > 0 ? one_of(kRecipeParameters) : text();
      const bool again = std::ranges::any_of(
          out.parameters, [&parameter](const auto& other) { return other.first == parameter; });
      if (!again || !proper_) out.parameters.emplace_back(parameter, name());
    }
    return out;
  }

  std::string_view left_;
  bool proper_ = false;
};

inline BuildRecipe read_recipe(std::string_view octets) { return RecipeReader(octets).read(); }

}  // namespace ph::message::testing
