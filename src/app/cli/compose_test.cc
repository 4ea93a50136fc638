#include "app/cli/compose.h"

#include <gtest/gtest.h>

#include "codec/base64.h"

namespace ph::cli {
namespace {

TEST(Compose, WritesAHeaderAndLeavesTheBodyAlone) {
  const Composition what{.from = {"alice", "example.test"},
                         .to = {{"bob", "example.test"}, {"carol", "example.test"}},
                         .subject = "Hi\r\nBcc: all@example.test",
                         .body = "one\n.two\n",
                         .message_id = "1@example.test",
                         .date = wall_of(1795287062123)};
  EXPECT_EQ(compose(what),
            "Date: Sat, 21 Nov 2026 18:51:02 +0000\r\n"
            "From: alice@example.test\r\n"
            "To: bob@example.test,\r\n carol@example.test\r\n"
            "Subject: Hi  Bcc: all@example.test\r\n"
            "Message-ID: <1@example.test>\r\n"
            "\r\n"
            "one\n.two\n");
}

TEST(Compose, SaysWhatABodyOutsideAsciiIs) {
  Composition what{.to = {{"bob", "example.test"}}, .body = "Gr\u00fc\u00dfe"};
  EXPECT_NE(compose(what).find("charset=utf-8\r\n"), std::string::npos);
  EXPECT_NE(compose(what).find("From: MAILER-DAEMON\r\n"), std::string::npos);
  what.body = "Gr\xfc\xdf";
  EXPECT_NE(compose(what).find("charset=unknown-8bit\r\n"), std::string::npos);
}

TEST(HeaderText, SplitsEncodedWordsBetweenCharacters) {
  EXPECT_EQ(header_text("plain =?text?="), "plain =?text?=");
  EXPECT_EQ(header_text("\u00fc"), "=?UTF-8?B?w7w=?=");
  std::string text, back;
  for (int i = 0; i < 100; ++i) text += "a\u20ac";
  const std::string value = header_text(text);
  std::string_view rest = value;
  while (!rest.empty()) {
    const auto end = rest.find("?=");
    ASSERT_NE(end, std::string_view::npos);
    const auto word = rest.substr(0, end + 2);
    EXPECT_LE(word.size(), 75u);
    const auto part = codec::decode_base64(word.substr(10, word.size() - 12));
    ASSERT_TRUE(part);
    EXPECT_NE(static_cast<unsigned char>(part->front()) & 0xc0, 0x80);
    back += *part;
    rest.remove_prefix(end + 2);
    if (rest.starts_with("\r\n ")) rest.remove_prefix(3);
  }
  EXPECT_EQ(back, text);
}

}  // namespace
}  // namespace ph::cli
