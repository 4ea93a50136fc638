#include "wire/pop3/client.h"

#include <gtest/gtest.h>

#include "wire/pop3/testing/client_driver.h"
#include "wire/pop3/testing/house.h"

namespace ph::pop3 {
namespace {

using testing::Conversation;
using testing::House;
using testing::Server;

const std::string kWelcome = "+OK hello\r\n+OK name\r\n+OK in\r\n";

// Both of our machines, talking to each other, at several sizes of the pieces that arrive.
TEST(Pop3Client, ReadsAMaildropOfOurServer) {
  const std::string large(20'000, '.');
  for (const std::size_t piece : {1u, 7u, 100'000u}) {
    for (const bool stls : {false, true}) {
      SCOPED_TRACE(piece);
      House house;
      house.messages = {"A: b\r\n\r\n.\r\n..\r\n", "no end", large + "\r\n", ""};
      Server server(house, {"mail.example.test", true, !stls, false});
      Conversation talk(
          {"alice", "secret", stls}, [&](std::string_view octets) { return server.feed(octets); },
          piece);
      ASSERT_TRUE(talk.run()) << talk.error();
      EXPECT_EQ(server.handshakes(), stls ? 1u : 0u);

      ASSERT_TRUE(talk.run(talk.session().list()));
      EXPECT_EQ(
          talk.session().listing(),
          (std::vector<Listed>{
              {1, 15, "m1-7.10"}, {2, 6, "m1-7.20"}, {3, 20'002, "m1-7.30"}, {4, 0, "m1-7.40"}}));
      const std::string wanted[] = {house.messages[0], "no end\r\n", house.messages[2], ""};
      for (std::uint32_t number = 1; number <= 4; ++number) {
        ASSERT_TRUE(talk.run(talk.session().retrieve(number)));
        EXPECT_EQ(talk.take_content(), wanted[number - 1]);
      }
      ASSERT_TRUE(talk.run(talk.session().top(1, 1)));
      EXPECT_EQ(talk.take_content(), "A: b\r\n\r\n.\r\n");

      EXPECT_TRUE(talk.run(talk.session().remove(2)));
      EXPECT_FALSE(talk.run(talk.session().remove(2)));
      EXPECT_EQ(talk.reply(), "this message is deleted");
      EXPECT_TRUE(talk.run(talk.session().quit()));
      EXPECT_TRUE(talk.finished());
      EXPECT_EQ(house.expunged, std::vector<std::uint32_t>{20});
    }
  }
}

/// The failure of a conversation with a server that says `server` whatever it hears.
std::string failure(std::string server, ClientSession::Options options = {"u", "p", false},
                    bool lists = false) {
  Conversation talk(
      std::move(options), [&](std::string_view) { return std::exchange(server, {}); }, 100'000);
  if (talk.run() && lists) talk.run(talk.session().list());
  return talk.error();
}

TEST(Pop3Client, SaysWhatTheServerRefused) {
  EXPECT_EQ(failure("-ERR busy\r\n"), "refused: the server refused us (busy)");
  EXPECT_EQ(failure("+OK\r\n-ERR who\r\n"), "refused: the login was refused (who)");
  EXPECT_EQ(failure("+OK\r\n+OK\r\n-ERR [AUTH] \x1b[2J\xc3\xa4\r\n"),
            "refused: the login was refused ([AUTH] ?[2J?"
            "?)");
}

TEST(Pop3Client, GivesNoPasswordWithoutTheTlsItInsistsOn) {
  for (const std::string server : {"+OK\r\n-ERR what\r\n", "+OK\r\n+OK\r\nUSER\r\nSTLSX\r\n.\r\n"})
    EXPECT_TRUE(failure(server, {"u", "p", true}).starts_with("refused: the server has no STLS"));
  // Plaintext behind the reply to STLS would be taken for what the server says under TLS.
  EXPECT_EQ(failure("+OK\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n+OK injected\r\n", {"u", "p", true}),
            "malformed: the server went on in plaintext after accepting STLS ()");
}

TEST(Pop3Client, RefusesWhatIsNotPop3) {
  EXPECT_TRUE(failure("220 smtp\r\n").starts_with("malformed"));
  EXPECT_TRUE(failure("+OKAY\r\n").starts_with("malformed"));
  EXPECT_TRUE(failure("+OK\n").starts_with("malformed"));
  EXPECT_TRUE(failure("+OK " + std::string(kReplyLineOctetsMax, 'x')).starts_with("over_limit"));
  for (const char* listing : {"x 1\r\n", "1\r\n", "1 -1\r\n", "2 1\r\n1 1\r\n", "1 1\r\n1 1\r\n",
                              "99999999999 1\r\n", "1 99999999999999999999999\r\n"})
    EXPECT_TRUE(failure(kWelcome + "+OK\r\n" + listing + ".\r\n", {"u", "p", false}, true)
                    .starts_with("malformed"))
        << listing;
}

TEST(Pop3Client, ListsWithoutUidlWhereThereIsNone) {
  std::string server = kWelcome + "+OK\r\n1 5\r\n7 9 extra\r\n.\r\n-ERR what?\r\n";
  Conversation talk(
      {"u", "p", false}, [&](std::string_view) { return std::exchange(server, {}); }, 100'000);
  ASSERT_TRUE(talk.run());
  ASSERT_TRUE(talk.run(talk.session().list())) << talk.error();
  EXPECT_EQ(talk.session().listing(), (std::vector<Listed>{{1, 5, ""}, {7, 9, ""}}));
}

TEST(Pop3Client, SendsNoLineBreaksInCredentials) {
  EXPECT_TRUE(failure("+OK\r\n", {"u\r\nDELE 1", "p", false}).starts_with("malformed"));
  EXPECT_TRUE(failure("+OK\r\n", {"u", std::string("p\0", 2), false}).starts_with("malformed"));
  EXPECT_TRUE(failure("+OK\r\n", {"u", std::string(249, 'p'), false}).starts_with("over_limit"));
}

TEST(Pop3Client, SaysThatQuitFailed) {
  std::string server = kWelcome + "-ERR [SYS/TEMP] some deleted messages not removed\r\n";
  Conversation talk(
      {"u", "p", false}, [&](std::string_view) { return std::exchange(server, {}); }, 100'000);
  ASSERT_TRUE(talk.run());
  EXPECT_FALSE(talk.run(talk.session().quit()));
  EXPECT_TRUE(talk.error().starts_with("refused: messages may not have been deleted"));
}

}  // namespace
}  // namespace ph::pop3
