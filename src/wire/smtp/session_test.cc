#include "wire/smtp/session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/testing/conformance.h"
#include "wire/smtp/replies.h"
#include "wire/smtp/testing/house.h"

namespace ph::smtp {
namespace {

using testing::House;

ServerOptions options() {
  return {.hostname = "mx.test",
          .listener = "smtp",
          .peer_ip = "192.0.2.7",
          .message_octets_max = 1000};
}

ServerOptions options_of(const boost::json::value& one) {
  ServerOptions out = options();
  if (!ph::testing::has(one, "options")) return out;
  const auto& given = one.at("options");
  if (ph::testing::has(given, "ip")) out.peer_ip = ph::testing::text(given, "ip");
  out.tls_available = ph::testing::has(given, "tls");
  out.implicit_tls = ph::testing::has(given, "implicit");
  out.allow_plaintext_auth = ph::testing::has(given, "plaintext");
  out.offer_auth = !ph::testing::has(given, "no-auth");
  out.require_login = ph::testing::has(given, "login");
  out.strict_addresses = !ph::testing::has(given, "lax");
  const auto number = [&](const char* name, std::size_t& value) {
    if (const auto* found = given.as_object().if_contains(name))
      value = found->to_number<std::size_t>();
  };
  number("errors", out.errors_max);
  number("recipients", out.recipients_max);
  number("messages", out.messages_max);
  return out;
}

std::string last_line(std::string_view said) {
  if (said.ends_with("\r\n")) said.remove_suffix(2);
  const std::size_t before = said.rfind("\r\n");
  return std::string(before == said.npos ? said : said.substr(before + 2));
}

struct Conversation : ::testing::TestWithParam<boost::json::value> {};

TEST_P(Conversation, GoesAsWritten) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5321 §" + ph::testing::text(one, "spec"));
  House house(options_of(one));
  bool greeting = true;
  for (const auto& turn : one.at("talk").as_array()) {
    const std::string client(turn.at(0).as_string());
    const std::string expected(turn.at(1).as_string());
    SCOPED_TRACE(client);
    if (!greeting) house.feed(client + "\r\n");
    greeting = false;
    const std::string said = house.take_said();
    EXPECT_TRUE(said.ends_with("\r\n"));
    EXPECT_TRUE(last_line(said).starts_with(expected)) << said;
  }
  if (ph::testing::has(one, "closed")) {
    EXPECT_TRUE(house.closed());
  }
}

// A client may send all at once (RFC 2920), and the network may cut it anywhere.
TEST_P(Conversation, GoesTheSameAtEverySplit) {
  const auto& one = GetParam();
  std::string wire;
  for (const auto& turn : one.at("talk").as_array()) {
    if (turn.at(0).as_string() == "STARTTLS") return;  // what follows in one piece is dropped
    wire += std::string(turn.at(0).as_string()) + "\r\n";
  }
  wire.erase(0, 2);  // the greeting's empty turn
  House whole(options_of(one));
  whole.feed(wire);
  const std::string said = whole.take_said();
  const std::size_t stride = wire.size() > 400 ? 7 : 1;
  for (std::size_t cut = 0; cut <= wire.size(); cut += stride) {
    House parts(options_of(one));
    parts.feed(std::string_view(wire).substr(0, cut));
    parts.feed(std::string_view(wire).substr(cut));
    ASSERT_EQ(parts.take_said(), said) << "cut at " << cut;
  }
}

INSTANTIATE_TEST_SUITE_P(File, Conversation,
                         ::testing::ValuesIn(ph::testing::cases("smtp/sessions.json")),
                         ph::testing::CaseName());

std::string ehlo(ServerOptions given) {
  House house(std::move(given));
  house.take_said();
  house.feed("EHLO a\r\n");
  return house.take_said();
}

TEST(Ehlo, ListsWhatIsUsable) {  // RFC 5321 §4.1.1.1
  EXPECT_EQ(ehlo(options()),
            "250-mx.test greets [192.0.2.7]\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n"
            "250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n");
  ServerOptions tls = options();
  tls.tls_available = true;
  EXPECT_NE(ehlo(tls).find("250-STARTTLS\r\n"), std::string::npos);
  EXPECT_EQ(ehlo(tls).find("AUTH"), std::string::npos);
  tls.implicit_tls = true;
  EXPECT_EQ(ehlo(tls).find("STARTTLS"), std::string::npos);
  EXPECT_NE(ehlo(tls).find("250-AUTH PLAIN LOGIN\r\n"), std::string::npos);
}

TEST(Session, HandsOverTheEnvelope) {
  ServerOptions given = options();
  given.implicit_tls = given.tls_available = true;
  House house(given);
  house.feed(
      "EHLO a.test\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
      "MAIL FROM:<alice@here.test> SIZE=9 BODY=8BITMIME SMTPUTF8\r\n"
      "RCPT TO:<@x.test:\"a b\"@AWAY.test>\r\nRCPT TO:<ok@here.test>\r\nDATA\r\n..x\r\n.\r\n"
      "MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\n.\r\n");
  ASSERT_EQ(house.envelopes().size(), 2u);
  const Envelope& first = house.envelopes()[0];
  EXPECT_EQ(first.sender, (message::Address{"alice", "here.test"}));
  ASSERT_EQ(first.recipients.size(), 2u);
  EXPECT_EQ(first.recipients[0], (message::Address{"a b", "away.test"}));
  EXPECT_EQ(first.declared_octets, 9u);
  EXPECT_EQ(first.body, Body::eight_bit_mime);
  EXPECT_TRUE(first.smtputf8);
  EXPECT_EQ(first.client.ip, "192.0.2.7");
  EXPECT_EQ(first.client.helo, "a.test");
  EXPECT_TRUE(first.client.esmtp);
  EXPECT_TRUE(first.client.tls);
  EXPECT_EQ(first.client.tls_version, "TLSv1.3");
  EXPECT_EQ(first.client.account, "1");
  EXPECT_EQ(first.client.login, "alice@here.test");
  const Envelope& second = house.envelopes()[1];
  EXPECT_TRUE(second.sender.null());
  EXPECT_EQ(second.recipients, (std::vector<message::Address>{{"postmaster", ""}}));
  EXPECT_EQ(second.body, Body::seven_bit);
  EXPECT_FALSE(second.declared_octets);
  EXPECT_FALSE(second.smtputf8);
  EXPECT_EQ(house.session().messages_accepted(), 2u);
}

TEST(Session, HandsOverWhatDsnSays) {  // RFC 3461 §4
  House house(options());
  house.feed(
      "EHLO a\r\nMAIL FROM:<s@x> RET=HDRS ENVID=a+2Bb\r\n"
      "RCPT TO:<ok@here.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c\r\n"
      "RCPT TO:<nobody@here.test> NOTIFY=NEVER\r\nRCPT TO:<ok@here.test>\r\n"
      "RCPT TO:<ok@here.test> NOTIFY=NEVER\r\nDATA\r\n.\r\n"
      "MAIL FROM:<s@x>\r\nRCPT TO:<ok@here.test>\r\nDATA\r\n.\r\n");
  ASSERT_EQ(house.envelopes().size(), 2u);
  const Envelope& first = house.envelopes()[0];
  EXPECT_EQ(first.ret, Return::headers);
  EXPECT_EQ(first.envelope_id, "a+b");
  ASSERT_EQ(first.recipients.size(), 3u);
  EXPECT_EQ(first.options,
            (std::vector<RecipientOptions>{
                {kNotifySuccess | kNotifyDelay, "rfc822;a+b@c"}, {}, {kNotifyNever, ""}}));
  EXPECT_EQ(first.options[1].notify, kNotifyFailure | kNotifyDelay | kNotifyUnsaid);
  const Envelope& second = house.envelopes()[1];
  EXPECT_EQ(second.ret, Return::unsaid);
  EXPECT_EQ(second.envelope_id, "");
  EXPECT_EQ(second.options.size(), second.recipients.size());
}

TEST(Session, AsksWithWhatItKnows) {
  House house(options());
  house.feed(
      "EHLO a\r\nMAIL FROM:<s@x> SIZE=7\r\nRCPT TO:<ok@here.test>\r\nRCPT TO:<ok@here.test>\r\n");
  ASSERT_EQ(house.questions().size(), 4u);
  EXPECT_TRUE(std::holds_alternative<AskConnect>(house.questions()[0].what));
  const auto& sender = std::get<AskSender>(house.questions()[1].what);
  EXPECT_EQ(sender.declared_octets, 7u);
  const auto& recipient = std::get<AskRecipient>(house.questions()[3].what);
  EXPECT_EQ(recipient.sender, (message::Address{"s", "x"}));
  EXPECT_EQ(recipient.recipients_so_far, 1u);
  EXPECT_EQ(house.questions()[3].client.helo, "a");
}

TEST(Session, FlushesAtTheEndOfAGroup) {  // RFC 2920 §3.2
  ServerSession session(options());
  session.connected();
  session.on_verdict({});
  const auto flushes = [&](std::string_view line) {
    Action action = session.on_line(line);
    if (std::holds_alternative<Ask>(action)) action = session.on_verdict({});
    return std::get<Send>(action).flush;
  };
  EXPECT_TRUE(flushes("EHLO a"));
  EXPECT_FALSE(flushes("MAIL FROM:<a@b>"));
  EXPECT_FALSE(flushes("RCPT TO:<a@b>"));
  EXPECT_FALSE(flushes("RCPT TO:<bad"));
  EXPECT_FALSE(flushes("RSET"));
  EXPECT_TRUE(flushes("VRFY a"));
  EXPECT_TRUE(flushes("NOOP"));
  EXPECT_TRUE(flushes("FOO"));
}

TEST(Session, LimitsLines) {
  House house(options());
  const auto say = [&](const std::string& line) {
    house.take_said();
    house.feed(line + "\r\n");
    return house.take_said();
  };
  const std::string most(kCommandLineOctetsMax - 2 - 5, 'x');
  EXPECT_TRUE(say("NOOP " + most).starts_with("250 "));
  EXPECT_TRUE(say("NOOP x" + most).starts_with("500 5.5.2 "));
  EXPECT_TRUE(say("NOOP " + std::string(20'000, 'x')).starts_with("500 5.5.2 "));
  EXPECT_TRUE(say("NOOP").starts_with("250 "));
}

TEST(Session, LimitsAuthLines) {  // RFC 4954 §4
  ServerOptions given = options();
  given.allow_plaintext_auth = true;
  House house(given);
  const auto say = [&](const std::string& line) {
    house.take_said();
    house.feed(line + "\r\n");
    return house.take_said();
  };
  say("EHLO a");
  const std::string long_base64(8000, 'A');  // NULs: longer than a command line, and taken
  EXPECT_TRUE(say("AUTH PLAIN " + long_base64).starts_with("501 5.5.2 "));
  EXPECT_TRUE(say("AUTH PLAIN " + std::string(12'288, 'A')).starts_with("500 5.5.2 "));
  say("AUTH LOGIN");
  EXPECT_TRUE(say(std::string(12'288, 'A')).starts_with("500 5.5.6 "));
  EXPECT_TRUE(say("NOOP").starts_with("250 "));  // the exchange is over
  EXPECT_TRUE(say("AUTH LOGIN " + long_base64).starts_with("501 5.5.2 "));
  say("AUTH LOGIN YWxpY2U=");
  EXPECT_TRUE(say(long_base64).starts_with("501 5.5.2 "));
}

TEST(Session, RefusesCommandsThatEndWithoutCrLf) {  // RFC 5321 §2.3.8
  House house(options());
  house.take_said();
  house.feed("NOOP\nNOOP\r\nNOOP\r\n");
  EXPECT_EQ(house.take_said(),
            "500 5.5.2 The line has a CR or LF alone; only CRLF ends a line\r\n250 2.0.0 Ok\r\n");
}

TEST(Session, ForgetsPlaintextAtStarttls) {  // RFC 3207 §4.2
  ServerOptions given = options();
  given.tls_available = true;
  House house(given);
  house.take_said();
  house.feed("EHLO evil\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n");
  const std::string said = house.take_said();
  EXPECT_TRUE(said.ends_with("\r\n220 2.0.0 Ready for TLS\r\n"));
  EXPECT_TRUE(house.session().client().tls);
  EXPECT_EQ(house.session().client().helo, "");
}

TEST(Session, EndsIdleFullAndStoppedConnections) {
  const auto last = [](Action action) { return format_reply(std::get<Close>(action).last); };
  const auto fresh = [] {
    ServerSession session(options());
    session.connected();
    session.on_verdict({});
    return session;
  };
  EXPECT_TRUE(last(fresh().on_idle_timeout()).starts_with("421 4.4.2 mx.test "));
  EXPECT_TRUE(last(fresh().on_shutdown()).starts_with("421 4.3.2 mx.test "));
  House house(options());
  for (std::size_t i = 0; i < kIdleCommandsMax; ++i) house.feed("NOOP\r\n");
  EXPECT_FALSE(house.closed());
  house.take_said();
  house.feed("NOOP\r\n");
  EXPECT_TRUE(house.take_said().starts_with("421 4.7.0 "));
}

TEST(Session, NobodyIsLoggedInAsNobody) {
  ServerOptions given = options();
  given.allow_plaintext_auth = true;
  ServerSession session(given);
  session.connected();
  session.on_verdict({});
  session.on_line("EHLO a");
  session.on_line("AUTH PLAIN AGFsaWNlAHNlY3JldA==");
  const Action action = session.on_verdict({.reason = Reason::ok});
  EXPECT_EQ(std::get<Send>(action).reply.code, 454);
  EXPECT_EQ(session.client().account, "");
}

TEST(Replies, AreTotalAndNeverAcceptByMistake) {
  for (int about = 0; about <= 4; ++about) {
    for (int reason = 0; reason <= 25; ++reason) {
      const Verdict verdict{.reason = static_cast<Reason>(reason), .address = "n@t"};
      const auto got = reply_to(static_cast<About>(about), verdict, false);
      SCOPED_TRACE(::testing::Message() << "about " << about << " reason " << reason);
      EXPECT_GE(got.reply.code, 200);
      EXPECT_LE(got.reply.code, 599);
      EXPECT_EQ(got.accepted, got.reply.code < 400);
      EXPECT_EQ(got.close, got.reply.code == 421);
      // RFC 3463 §2: the class digit is that of the code.
      EXPECT_EQ(got.reply.enhanced.front() - '0', got.reply.code / 100);
    }
  }
}

TEST(Replies, ShowAddressesOutsideAsciiOnlyWithSmtputf8) {  // RFC 6531 §3.7.4
  const Verdict moved{.reason = Reason::moved, .address = "b\xc3\xbcro@x"};
  EXPECT_EQ(reply_to(About::recipient, moved, true).reply.text,
            "User not local; please try <b\xc3\xbcro@x>");
  EXPECT_EQ(reply_to(About::recipient, moved, false).reply.text,
            "User not local; please try an address that needs SMTPUTF8");
  // All clients understand the A-labels of a domain (RFC 5891 §5).
  const Verdict there{.reason = Reason::moved, .address = "eve@b\u00fccher.test"};
  EXPECT_EQ(reply_to(About::recipient, there, false).reply.text,
            "User not local; please try <eve@xn--bcher-kva.test>");
  EXPECT_EQ(reply_to(About::recipient, there, true).reply.text,
            "User not local; please try <eve@b\u00fccher.test>");
  const Verdict verified{.reason = Reason::verified, .address = "b\xc3\xbcro@x"};
  EXPECT_EQ(reply_to(About::verification, verified, false).reply.code, 252);
}

TEST(Replies, AreLinesThatNobodyCanBreak) {
  EXPECT_EQ(format_reply({250, "", "a\nb"}), "250-a\r\n250 b\r\n");
  EXPECT_EQ(format_reply({250, "2.1.0", "a\nb"}), "250-2.1.0 a\r\n250 2.1.0 b\r\n");
  EXPECT_EQ(format_reply({334, "", ""}), "334 \r\n");
  EXPECT_EQ(format_reply({550, "5.1.1", "a\r\tb\x7f"}), "550 5.1.1 a??b?\r\n");
  const std::string cut = format_reply({550, "5.1.1", std::string(501, 'x') + "\xc3\xbc" + "y"});
  EXPECT_LE(cut.size(), kReplyLineOctetsMax);
  EXPECT_TRUE(cut.ends_with("xx\r\n"));  // no half character
}

}  // namespace
}  // namespace ph::smtp
