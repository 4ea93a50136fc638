#include "app/cli/auth_request.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "message/header.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

Result<AuthRequest> read(std::string_view text) {
  return request_of(json::parse({text.data(), text.size()}).as_object(), {.now = "7"});
}

TEST(AuthRequest, HasTheMembersThatAreNamed) {
  const auto all = read(
      R"({"id": [1], "do": "sign", "domain": "x.test", "selector": "s", "key": "k.pem",
          "canonical": "simple", "identity": "@x.test", "fields": "from", "no_oversign": true,
          "expires": 60, "now": 1795287062, "text": "From: a", "header_only": true})");
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(all->canonical, "simple");
  EXPECT_EQ(all->identity, "@x.test");
  EXPECT_EQ(all->fields, "from");
  EXPECT_TRUE(all->no_oversign && all->header_only && !all->public_suffixes);
  EXPECT_EQ(all->expires, "60s");
  EXPECT_EQ(all->now, "1795287062");
  EXPECT_EQ(all->message, "From: a");
  const auto lint = read(R"({"do": "lint", "domain": "x.test", "selectors": ["a", "b"]})");
  ASSERT_TRUE(lint) << lint.error().what;
  EXPECT_EQ(lint->selectors, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(lint->now, "7");
}

TEST(AuthRequest, SaysWhatIsWrong) {
  for (const auto& [text, what, detail] : std::vector<std::array<std::string, 3>>{
           // An unknown part comes first: what it may have nobody knows.
           {R"({"do": "dance", "foo": 1, "text": 3})", "\"do\" is spf", "dance"},
           {R"({"foo": 1})", "\"do\" is spf", ""},
           {R"({"do": 1})", "must be a text", "do"},
           {R"({"do": "dkim", "txet": "x"})", "a member that no request has", "txet"},
           {R"({"do": "spf", "ip": 1})", "must be a text", "ip"},
           {R"({"do": "spf", "now": 1.5})", "whole seconds", "now"},
           {R"({"do": "spf", "now": -1})", "whole seconds", "now"},
           {R"({"do": "spf", "expires": true})", "must be a text", "expires"},
           {R"({"do": "lint", "selectors": "s"})", "a list", "selectors"},
           {R"({"do": "lint", "selectors": [1]})", "a list", "selectors"},
           {R"({"do": "dkim"})", "exactly one", ""}}) {
    const auto request = read(text);
    ASSERT_FALSE(request) << text;
    EXPECT_NE(request.error().what.find(what), std::string::npos) << request.error().what;
    EXPECT_EQ(request.error().detail, detail) << text;
  }
}

TEST(AuthDesk, RefusesWhatItCannotDoBeforeItAsksAnybody) {
  AuthDesk desk({});
  const std::string message = "From: a@x.test\r\n\r\n";
  for (const auto& [request, words] : std::vector<std::pair<AuthRequest, std::string>>{
           {{.what = "dance"}, "\"do\" is spf"},
           {{.what = "spf", .ip = "192.0.2.1", .helo = "h.test", .now = "tomorrow"}, "--now"},
           {{.what = "dmarc", .from = "a@x.test", .message = message}, "--ip"},
           {{.what = "dmarc", .helo = "h.test", .message = message}, "--ip"},
           {{.what = "lint", .domain = "user@good.test"}, "is an address"},
           {{.what = "lint", .domain = "192.0.2.1"}, "IP address"},
           {{.what = "lint", .domain = "a b"}, "cannot be a domain"}}) {
    const auto answer = desk.answer(request);
    ASSERT_FALSE(answer) << words;
    EXPECT_EQ(answer.error().kind, Kind::malformed);
    EXPECT_NE(answer.error().what.find(words), std::string::npos) << answer.error().what;
  }
}

TEST(AuthDesk, SignsBelowTheLineOfAMailbox) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  const std::string file = ::testing::TempDir() + "auth_request_key.pem";
  std::ofstream(file) << key.pem();
  AuthDesk desk({});
  const auto answer =
      desk.answer({.what = "sign",
                   .message = "From a Sat Nov 21 10:00:00 2026\nFrom: a@x.test\n\nhi\n",
                   .domain = "x.test",
                   .selector = "s\u00e9",
                   .key = file,
                   .canonical = "simple/simple"});
  ASSERT_TRUE(answer) << answer.error().what << answer.error().detail;
  const std::string made(answer->at("text").as_string());
  EXPECT_TRUE(made.starts_with("From a Sat Nov 21 10:00:00 2026\r\nDKIM-Signature: v=1;")) << made;
  EXPECT_NE(made.find("c=simple/simple"), made.npos);
  EXPECT_NE(made.find("s=xn--s-bga;"), made.npos);
  EXPECT_EQ(answer->at("record_name").as_string(), "xn--s-bga._domainkey.x.test");
  const auto header = message::parse_header(made);
  EXPECT_EQ(header.count("from"), 1U);
  EXPECT_EQ(header.count("dkim-signature"), 1U);
}

}  // namespace
}  // namespace ph::cli
