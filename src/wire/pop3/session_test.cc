#include "wire/pop3/session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wire/pop3/testing/house.h"

namespace ph::pop3 {
namespace {

using testing::House;
using testing::Server;

constexpr std::string_view kGreeting = "+OK mail.example.test POP3 ready\r\n";

ServerSession::Options tls() { return {"mail.example.test", true, true, false}; }

/// A session that is logged in; what was said until then is dropped.
Server logged_in(House& house) {
  Server server(house, tls());
  EXPECT_TRUE(server.feed("USER alice\r\nPASS secret\r\n").starts_with(kGreeting));
  EXPECT_TRUE(server.session().authorized());
  return server;
}

TEST(Pop3Session, RemovesNothingUnlessQuitSaysSo) {
  House house;
  house.messages = {"a\r\n", "b\r\n"};
  for (const bool stops : {false, true}) {
    Server server = logged_in(house);
    EXPECT_TRUE(server.feed("DELE 1\r\n").starts_with("+OK"));
    const std::string said =
        server.perform(stops ? server.session().on_shutdown() : server.session().on_idle_timeout());
    EXPECT_EQ(said.empty(), !stops) << said;  // RFC 1939 §3: a timeout sends no response
    EXPECT_TRUE(server.closed());
    EXPECT_TRUE(house.expunged.empty());
  }
  Server server = logged_in(house);
  EXPECT_EQ(server.feed("DELE 2\r\nQUIT\r\n"),
            "+OK message 2 is deleted at QUIT\r\n+OK bye, deleted messages are removed\r\n");
  EXPECT_EQ(house.expunged, std::vector<std::uint32_t>{20});
}

TEST(Pop3Session, ListsALargeMaildropInPieces) {
  House house;
  house.messages.assign(20'000, "x\r\n");
  ServerSession session(tls());
  EXPECT_TRUE(std::holds_alternative<Send>(session.greet()));
  session.on_line("USER alice");
  session.on_line("PASS secret");
  session.on_login({LoginAnswer::What::ok, "1"});
  MaildropAnswer maildrop{MaildropAnswer::What::opened, "p", {}};
  for (std::uint32_t i = 1; i <= 20'000; ++i) maildrop.entries.push_back({3, i, false});
  session.on_maildrop(std::move(maildrop));
  session.on_line("DELE 20000");

  std::string whole;
  std::size_t pieces = 0;
  Action action = session.on_line("UIDL");
  for (bool more = true; more; ++pieces) {
    const Send piece = std::get<Send>(action);
    EXPECT_LE(piece.text.size(), kListingPieceOctets + 2 * kUniqueIdOctetsMax);
    whole += piece.text;
    more = piece.more;
    if (more) action = session.on_more();
  }
  EXPECT_GT(pieces, 5u);
  std::string wanted = "+OK unique ids follow\r\n";
  for (int i = 1; i < 20'000; ++i) wanted += fmt::format("{0} p.{0}\r\n", i);
  EXPECT_EQ(whole, wanted + ".\r\n");
}

TEST(Pop3Session, ShowsTheOldestOfTooManyMessages) {
  ServerSession session(tls());
  session.greet();
  session.on_line("USER alice");
  session.on_line("PASS secret");
  session.on_login({LoginAnswer::What::ok, "1"});
  MaildropAnswer maildrop{MaildropAnswer::What::opened, "p", {}};
  maildrop.entries.assign(kMaildropMessagesMax + 1, Entry{1, 1, false});
  const auto said = std::get<Send>(session.on_maildrop(std::move(maildrop)));
  EXPECT_EQ(said.text, "+OK 250000 messages (250000 octets)\r\n");
}

TEST(Pop3Session, TakesLongLinesInADialogueOnly) {
  House house;
  Server server(house, tls());
  EXPECT_EQ(server.session().line_octets_max(), kCommandOctetsMax);
  const std::string at_limit(kCommandOctetsMax - 7, 'u');
  EXPECT_EQ(server.feed("USER " + at_limit + "\r\n"), std::string(kGreeting) + "+OK now PASS\r\n");
  EXPECT_EQ(server.feed("USER " + at_limit + "x\r\n"), "-ERR line too long\r\n");
  EXPECT_EQ(server.feed("AUTH LOGIN\r\n"), "+ VXNlcm5hbWU6\r\n");
  EXPECT_EQ(server.session().line_octets_max(), kSaslOctetsMax);
  const std::string longest((kSaslOctetsMax - 2) / 4 * 4, 'A');
  EXPECT_EQ(server.feed(longest + "\r\n"), "+ UGFzc3dvcmQ6\r\n");
  EXPECT_EQ(server.feed(std::string(kSaslOctetsMax, 'A') + "\r\n"), "-ERR line too long\r\n");
  EXPECT_EQ(server.session().line_octets_max(), kCommandOctetsMax);
}

TEST(Pop3Session, ClosesAfterTooManyErrorsInARow) {
  House house;
  Server server(house, tls());
  for (int round = 0; round < 3; ++round) {
    for (int i = 1; i < kErrorsInARowMax; ++i) server.feed("NONSENSE\r\n");
    EXPECT_FALSE(server.closed());
    server.feed("CAPA\r\n");
  }
  std::string said;
  for (int i = 0; i < kErrorsInARowMax; ++i) said = server.feed("NONSENSE\r\n");
  EXPECT_EQ(said, "-ERR too many errors, bye\r\n");
  EXPECT_TRUE(server.closed());
}

TEST(Pop3Session, ClosesAfterTooManyWrongPasswords) {
  House house;
  Server server(house, tls());
  std::string said;
  for (int i = 0; i < kLoginFailuresMax; ++i) {
    EXPECT_FALSE(server.closed());
    said = server.feed("CAPA\r\nUSER alice\r\nPASS wrong\r\n");
  }
  EXPECT_TRUE(said.ends_with("-ERR [AUTH] too many wrong passwords\r\n")) << said;
  EXPECT_TRUE(server.closed());
}

TEST(Pop3Session, KeepsItsCommandsSortedAndCited) {
  for (const auto& command : ServerSession::commands())
    EXPECT_TRUE(command.spec.starts_with("RFC ")) << command.verb;
}

}  // namespace
}  // namespace ph::pop3
