#include "wire/smtp/client.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire/smtp/data_encoder.h"
#include "wire/smtp/testing/decode.h"
#include "wire/smtp/testing/house.h"

namespace ph::smtp {
namespace {

Letter letter() {
  return {.sender = {"alice", "here.test"}, .recipients = {{"ok", "here.test"}}, .octets = 9};
}

/// Lets a client talk to our own server; the network passes `piece` octets at a time.
ClientReport talk(ClientOptions options, ServerOptions server, Letter what, std::string content,
                  std::size_t piece = 1000, std::string* received = nullptr) {
  server.hostname = "mx.test";
  server.peer_ip = "192.0.2.7";
  options.hostname = "client.test";
  options.tls = server.implicit_tls;
  testing::House house(std::move(server));
  ClientSession client(std::move(options));
  client.begin(std::move(what));
  ClientReport report;
  std::string pending = house.take_said(), input;
  for (int turn = 0; turn < 100'000; ++turn) {
    const auto step = client.next(input);
    input.erase(0, step.consumed);
    if (std::holds_alternative<ClientSession::Finished>(step.action)) break;
    if (const auto* out = std::get_if<ClientSession::Transmit>(&step.action)) {
      house.feed(out->octets);
    } else if (std::holds_alternative<ClientSession::SendContent>(step.action)) {
      for (std::size_t at = 0; at < content.size(); at += piece)
        house.feed(client.content(std::string_view(content).substr(at, piece), false));
      house.feed(client.content("", true));
    } else if (std::holds_alternative<ClientSession::Handshake>(step.action)) {
      client.on_tls();
    } else if (std::holds_alternative<ClientSession::Settled>(step.action)) {
      report = client.report();
      client.quit();
    } else if (pending.empty()) {
      ADD_FAILURE() << "the client waits for nothing";
      break;
    } else {
      input += pending.substr(0, piece);
      pending.erase(0, piece);
    }
    pending += house.take_said();
  }
  if (received != nullptr) *received = house.content();
  return report;
}

TEST(Client, HandsOverALetterAtEverySplit) {
  for (std::size_t piece = 1; piece < 40; ++piece) {
    SCOPED_TRACE(piece);
    std::string received;
    const auto report = talk({}, {}, letter(), ".a\nb\r\n.\rc", piece, &received);
    EXPECT_TRUE(report.accepted);
    EXPECT_EQ(received, ".a\r\nb\r\n.\r\nc\r\n");
    EXPECT_EQ(report.decisive.verbatim, "250 2.0.0 Ok: queued as q1\r\n");
    EXPECT_TRUE(report.recipients[0].accepted());
    EXPECT_TRUE(report.recipients[0].dsn_passed);
    EXPECT_EQ(report.recipients[0].reply, report.decisive);
    EXPECT_EQ(report.exchanges.size(), 6u);
    EXPECT_EQ(report.exchanges[2].command, "MAIL FROM:<alice@here.test> SIZE=9");
  }
}

TEST(Client, EncryptsAndLogsIn) {
  ServerOptions server{.tls_available = true, .require_login = true};
  ClientOptions options{
      .starttls = ClientOptions::StartTls::required, .user = "alice", .password = "secret"};
  Letter away = letter();
  away.recipients = {{"x", "away.test"}};
  const auto report = talk(options, server, away, "x");
  EXPECT_TRUE(report.accepted);
  for (const Exchange& exchange : report.exchanges)
    EXPECT_EQ(exchange.command.find("AGFs"), std::string::npos);
  options.password = "wrong";
  const auto refused = talk(options, server, away, "x");
  EXPECT_FALSE(refused.accepted);
  EXPECT_EQ(refused.decisive.code, 535);
  EXPECT_EQ(refused.recipients[0].stage, Stage::auth);
  EXPECT_EQ(refused.recipients[0].what, RecipientReport::What::refused_temporary);
}

TEST(Client, SaysWhatIsMissing) {
  ClientOptions options{.starttls = ClientOptions::StartTls::required};
  EXPECT_EQ(talk(options, {}, letter(), "x").trouble, "the server does not offer STARTTLS");
  options = {.user = "alice", .password = "secret"};
  EXPECT_EQ(talk(options, {}, letter(), "x").trouble,
            "the connection is not encrypted, so the password is not sent");
  ServerOptions no_auth{.implicit_tls = true, .offer_auth = false};
  EXPECT_EQ(talk(options, no_auth, letter(), "x").trouble, "the server does not offer AUTH PLAIN");
  Letter big = letter();
  big.octets = 1U << 30;
  EXPECT_TRUE(talk({}, {}, big, "x").trouble.starts_with("the server takes messages of up to"));
}

TEST(Client, GoesOnWithTheRecipientsThatWereTaken) {
  Letter many = letter();
  many.recipients = {{"nobody", "here.test"}, {"ok", "here.test"}, {"moved", "here.test"}};
  const auto report = talk({}, {}, many, "x");
  EXPECT_TRUE(report.accepted);
  EXPECT_EQ(report.recipients[0].reply.code, 550);
  EXPECT_EQ(report.recipients[1].reply.code, 250);
  EXPECT_EQ(report.recipients[2].reply.code, 551);
  many.recipients = {{"nobody", "here.test"}};
  const auto refused = talk({}, {}, many, "x");
  EXPECT_FALSE(refused.accepted);
  EXPECT_EQ(refused.decisive.enhanced, "5.1.1");
  EXPECT_EQ(refused.trouble, "the server took no recipient");
}

TEST(Client, UsesSmtputf8WhereItIsNeeded) {
  Letter utf8 = letter();
  utf8.sender = {"b\xc3\xbcro", "here.test"};
  utf8.eight_bit = true;
  const auto report = talk({}, {}, utf8, "x");
  EXPECT_TRUE(report.accepted);
  EXPECT_TRUE(report.exchanges[2].command.ends_with(" SIZE=9 BODY=8BITMIME SMTPUTF8"));
}

std::vector<RemoteReply> parse(std::string_view wire, std::size_t cut) {
  ReplyParser parser;
  std::vector<RemoteReply> out;
  for (std::string_view part : {wire.substr(0, cut), wire.substr(cut)}) {
    while (!part.empty()) {
      auto step = parser.next(part);
      if (!step) return out;
      part.remove_prefix(step->consumed);
      if (step->reply) out.push_back(*std::move(step->reply));
    }
  }
  return out;
}

TEST(ReplyParser, GivesTheSameAtEverySplit) {
  const std::string_view wire =
      "220 a\r\n250-2.1.0 one\r\n250-2.1.0\r\n250 2.1.5 two\r\n550\r\n354 \n421 4.1 no\r\n";
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto got = parse(wire, cut);
    ASSERT_EQ(got.size(), 5u);
    EXPECT_EQ(got[0], (RemoteReply{220, "", {"a"}, "220 a\r\n"}));
    EXPECT_EQ(got[1].enhanced, "2.1.0");
    EXPECT_EQ(got[1].lines, (std::vector<std::string>{"one", "", "2.1.5 two"}));
    EXPECT_EQ(got[2], (RemoteReply{550, "", {""}, "550\r\n"}));
    EXPECT_EQ(got[3], (RemoteReply{354, "", {""}, "354 \n"}));
    EXPECT_EQ(got[4].lines[0], "4.1 no");
  }
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (std::string_view wire : {"\r\n", "25 x\r\n", "2500 x\r\n", "100 x\r\n", "600 x\r\n",
                                "250_x\r\n", "hello\r\n", "250-a\r\n251 b\r\n"}) {
    SCOPED_TRACE(wire);
    ReplyParser parser;
    const auto step = parser.next(wire);
    ASSERT_FALSE(step);
    EXPECT_EQ(step.error().kind, Kind::malformed);
  }
}

TEST(ReplyParser, LimitsWhatItKeeps) {
  const auto kind = [](std::string_view piece) {
    ReplyParser parser;
    for (int i = 0; i < 100'000; ++i) {
      const auto step = parser.next(piece);
      if (!step) return step.error().kind;
    }
    return Kind::unknown;
  };
  EXPECT_EQ(kind("2"), Kind::over_limit);
  EXPECT_EQ(kind("250-\r\n"), Kind::over_limit);
  EXPECT_EQ(kind("250-" + std::string(4000, 'x') + "\r\n"), Kind::over_limit);
}

TEST(DataEncoder, IsUndoneByTheDecoderAtEverySplit) {
  const std::string_view message = "..a\r\n.\r\n\n\r\r\nb\r\n.";
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    SCOPED_TRACE(cut);
    DataEncoder encoder;
    std::string wire = encoder.next(message.substr(0, cut)) + encoder.next(message.substr(cut));
    wire += encoder.finish();
    const auto got = testing::decode(wire);
    EXPECT_EQ(got.content, "..a\r\n.\r\n\r\n\r\n\r\nb\r\n.\r\n");
    EXPECT_TRUE(got.ended);
    EXPECT_EQ(got.fault, DataDecoder::Fault::none);
  }
}

}  // namespace
}  // namespace ph::smtp
