// A server that speaks while the message is still on its way, and takes no more of it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/smtp/client.h"

namespace ph::smtp {
namespace {

using What = RecipientReport::What;

/// A session in which the octets of the message go out: `last`: all of it has been handed out.
ClientSession in_the_message(bool last) {
  ClientSession client({.hostname = "c.test"});
  client.begin({.sender = {"s", "x.test"}, .recipients = {{"a", "b.test"}, {"c", "b.test"}}});
  const std::string_view replies[] = {"220 hi\r\n", "250-hi\r\n250 PIPELINING\r\n",
                                      "250 ok\r\n250 ok\r\n550 no\r\n354 go on\r\n"};
  std::size_t next = 0;
  std::string input;
  for (;;) {
    auto step = client.next(input);
    input.erase(0, step.consumed);
    if (std::holds_alternative<ClientSession::Receive>(step.action)) input += replies[next++];
    if (std::holds_alternative<ClientSession::SendContent>(step.action)) break;
  }
  client.content("hello\r\n", last);
  return client;
}

TEST(ClientEarly, ARefusalWhileTheMessageGoesOutIsItsAnswer) {
  for (const bool last : {false, true}) {
    for (const std::string_view said :
         {"552 5.3.4 too much\r\n", "554-no\r\n554 no more\r\n", "552 5.3.4 x\r\n500 what?\r\n"}) {
      SCOPED_TRACE(::testing::Message() << last << " " << said);
      ClientSession client = in_the_message(last);
      client.on_cut_off(said, "the connection broke");
      const ClientReport& report = client.report();
      EXPECT_TRUE(report.closing);
      EXPECT_FALSE(report.accepted);
      EXPECT_FALSE(report.in_doubt);
      EXPECT_EQ(report.recipients[0].what, What::refused_permanent);
      EXPECT_EQ(report.recipients[0].stage, Stage::data);
      EXPECT_EQ(report.recipients[0].reply.code / 100, 5);
      EXPECT_EQ(report.recipients[1].reply.code, 550) << "settled before";
      client.quit();
      EXPECT_TRUE(std::holds_alternative<ClientSession::Finished>(client.next("").action));
    }
  }
}

TEST(ClientEarly, ATemporaryOneIsTriedElsewhere) {
  for (const std::string_view said : {"452 4.3.1 full\r\n", "421 4.3.2 bye\r\n"}) {
    SCOPED_TRACE(said);
    ClientSession client = in_the_message(false);
    client.on_cut_off(said, "the connection broke");
    EXPECT_EQ(client.report().recipients[0].what, What::refused_temporary);
    EXPECT_EQ(client.report().recipients[0].reply.code, said.starts_with("452") ? 452 : 421);
    EXPECT_TRUE(client.report().try_next_host);
    EXPECT_FALSE(client.report().in_doubt);
  }
}

// A server that did not get all of the message cannot have accepted it, whatever it says.
TEST(ClientEarly, NothingElseIsAnAnswer) {
  for (const bool last : {false, true}) {
    for (const std::string_view said : {"", "250 2.0.0 I have it\r\n", "354 more\r\n",
                                        "552 half a li", "garbage\r\n", "250 a\r\n552 b\r\n"}) {
      SCOPED_TRACE(::testing::Message() << last << " " << said);
      ClientSession client = in_the_message(last);
      client.on_cut_off(said, "the connection broke");
      const ClientReport& report = client.report();
      EXPECT_FALSE(report.accepted);
      EXPECT_EQ(report.in_doubt, last) << "all was handed out: it may have arrived";
      EXPECT_EQ(report.recipients[0].what, What::refused_temporary);
      EXPECT_EQ(report.recipients[0].reply.code, 0);
      EXPECT_EQ(report.recipients[0].trouble, "the connection broke");
    }
  }
}

// Replies to commands that went out count, though the next ones could not be sent.
TEST(ClientEarly, RepliesToCommandsCountAsEver) {
  ClientSession client({.hostname = "c.test"});
  client.begin({.sender = {"s", "x.test"}, .recipients = {{"a", "b.test"}}});
  auto step = client.next("220 hi\r\n");
  ASSERT_TRUE(std::holds_alternative<ClientSession::Transmit>(step.action));
  step = client.next("250-hi\r\n250 PIPELINING\r\n");
  ASSERT_TRUE(std::holds_alternative<ClientSession::Transmit>(step.action));
  client.on_cut_off("554 5.7.1 we do not like you\r\n503 no\r\n503 no\r\n", "the connection broke");
  EXPECT_EQ(client.report().recipients[0].what, What::refused_permanent);
  EXPECT_EQ(client.report().recipients[0].reply.code, 554);
  EXPECT_TRUE(client.report().closing);
}

}  // namespace
}  // namespace ph::smtp
