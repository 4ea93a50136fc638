// Mail on its way in: who sent it, what comes of that, and what is written on top of it.
#include "intake/intake.h"

#include <gtest/gtest.h>

#include "identity/testing/house.h"
#include "intake/kept_header.h"
#include "mailauth/arc.h"
#include "queue/testing/house.h"
#include "sim/resolver.h"

namespace ph::intake {
namespace {

using policy::Authentication;
using What = Finished::What;

std::string txt(std::string_view text) {
  std::string rdata;
  for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 255))) {
    const auto part = text.substr(0, 255);
    rdata += static_cast<char>(part.size());
    rdata += part;
  }
  return rdata;
}

struct Taken {
  Finished finished;
  std::string octets;  // as it would be delivered: with what was added
  std::vector<Event> events;
};

class Server {
 public:
  explicit Server(policy::SenderCheckOptions options = {.hostname = "mx.b.test"})
      : resolver(house.world),
        checks(resolver, house.world, std::move(options)),
        queue(*house.store, house.world, house.world.executor(), queue::testing::into(retired)) {
    house.add_domain("b.test");
    house.add_account("bob@b.test");
    EXPECT_TRUE(house.run(queue.open()));
    intake = make_intake({.store = *house.store,
                          .queue = queue,
                          .world = house.world,
                          .note = [this](Event event) { refusals.push_back(std::move(event)); },
                          .checks = &checks,
                          .keys = &house.identity->keyring(),
                          .directory = &house.identity->directory()},
                         {.hostname = "mx.b.test"});
    publish("strict.test", "v=spf1 ip4:192.0.2.1 -all");
    publish("_dmarc.strict.test", "v=DMARC1; p=reject");
  }

  void publish(std::string_view name, std::string_view text) {
    resolver.set(name, dns::kTypeTxt, {txt(text)});
  }

  static smtp::Envelope from_outside(std::string ip, std::string_view sender) {
    smtp::Envelope envelope;
    envelope.client = {
        .ip = std::move(ip), .listener = "smtp", .helo = "client.test", .esmtp = true};
    envelope.sender = identity::testing::at(sender);
    envelope.recipients = {identity::testing::at("bob@b.test")};
    envelope.options.resize(1);
    return envelope;
  }

  /// In pieces of `piece` octets.
  Taken take(smtp::Envelope envelope, std::string content, std::size_t piece = 1 << 16) {
    return house.run(taken(std::move(envelope), std::move(content), piece));
  }

  identity::testing::House house;
  sim::Resolver resolver;
  policy::SenderChecks checks;
  queue::testing::Retired retired;
  queue::MailQueue queue;
  std::unique_ptr<Intake> intake;
  std::vector<Event> refusals;

 private:
  Task<Taken> taken(smtp::Envelope envelope, std::string content, std::size_t piece) {
    Taken out;
    auto draft = co_await intake->open(std::move(envelope), house.soon());
    EXPECT_TRUE(draft);
    if (!draft) co_return out;
    for (std::size_t at = 0; at < content.size(); at += piece)
      co_await (*draft)->write(content.substr(at, piece), house.soon());
    out.finished = co_await (*draft)->finish(house.soon());
    if (out.finished.what != What::accepted) co_return out;
    const auto due = queue.take_due();
    EXPECT_TRUE(due);
    if (!due) co_return out;
    auto stored = co_await house.store->read(due->message->blob, 0, 1 << 20);
    EXPECT_TRUE(stored);
    if (!stored) co_return out;
    EXPECT_EQ(stored->size(), due->message->octets);
    out.octets = due->message->added + *stored;
    auto events = co_await queue.events(out.finished.queue_id);
    if (events) out.events = *std::move(events);
    co_return out;
  }
};

const std::string kLetter =
    "From: <a@strict.test>\r\nTo: <bob@b.test>\r\nSubject: hello\r\n\r\nhello\r\n";

std::string text_of(const message::Header& header, std::string_view name) {
  return header.text(name).value_or("");
}

TEST(Intake, WritesWhatItFoundOutOnTopWhateverTheSplit) {
  for (const std::size_t piece : {1u, 7u, 64u, 100000u}) {
    Server server;
    const Taken taken =
        server.take(Server::from_outside("192.0.2.1", "a@strict.test"),
                    "Authentication-Results: mx.b.test; dmarc=pass\r\nX-Posthouse-Verdict: fine\r\n"
                    "Authentication-Results: other.test; spf=none\r\n" +
                        kLetter,
                    piece);
    ASSERT_EQ(taken.finished.what, What::accepted);
    const message::Header header = message::parse_header(taken.octets);
    ASSERT_EQ(header.count("authentication-results"), 2u) << taken.octets;
    const std::string ours = text_of(header, "authentication-results");
    EXPECT_NE(ours.find("spf=pass"), ours.npos) << ours;
    EXPECT_NE(ours.find("dmarc=pass"), ours.npos) << ours;
    EXPECT_TRUE(text_of(header, "received-spf").starts_with("pass ")) << taken.octets;
    EXPECT_EQ(header.count("x-posthouse-verdict"), 0u);
    EXPECT_TRUE(taken.octets.ends_with(kLetter)) << taken.octets;
    ASSERT_EQ(taken.events.size(), 3u);
    EXPECT_NE(taken.events[1].why.find("2 field(s)"), std::string::npos) << taken.events[1].why;
    EXPECT_EQ(taken.events[2].stage, Stage::content);
    EXPECT_NE(taken.events[2].why.find("spf=pass"), std::string::npos) << taken.events[2].why;
  }
}

TEST(Intake, TurnsAwayWhatADomainWantsRefused) {
  Server server;
  const Taken taken = server.take(Server::from_outside("192.0.2.66", "a@strict.test"), kLetter);
  EXPECT_EQ(taken.finished.what, What::unproven);
  EXPECT_NE(taken.finished.reply.find("strict.test"), std::string::npos) << taken.finished.reply;
  ASSERT_EQ(server.refusals.size(), 1u);
  EXPECT_EQ(server.refusals[0].outcome, Outcome::refused);
  EXPECT_NE(server.refusals[0].why.find("dmarc=fail"), std::string::npos);
}

TEST(Intake, AsksAgainLaterWhenTheDnsDoesNotSay) {
  Server server;
  server.resolver.set_status("_dmarc.strict.test", dns::Status::failed);
  const Taken taken = server.take(Server::from_outside("192.0.2.66", "a@strict.test"), kLetter);
  EXPECT_EQ(taken.finished.what, What::unprovable);
  ASSERT_EQ(server.refusals.size(), 1u);
  EXPECT_EQ(server.refusals[0].outcome, Outcome::deferred);
}

TEST(Intake, MarksWhatADomainWantsApart) {
  Server server;
  server.publish("_dmarc.strict.test", "v=DMARC1; p=quarantine");
  const Taken taken = server.take(Server::from_outside("192.0.2.66", "a@strict.test"), kLetter);
  ASSERT_EQ(taken.finished.what, What::accepted);
  EXPECT_TRUE(taken.octets.starts_with("X-Posthouse-Verdict: junk; ")) << taken.octets;
}

TEST(Intake, ChecksNobodyOfOurs) {
  Server server;
  const Taken taken = server.take(Server::from_outside("127.0.0.1", "a@strict.test"), kLetter);
  ASSERT_EQ(taken.finished.what, What::accepted);
  EXPECT_TRUE(taken.octets.starts_with("Received: ")) << taken.octets;
  EXPECT_TRUE(server.resolver.asked().empty());
}

TEST(Intake, RefusesAHeaderWithoutAnEnd) {
  Server server;
  std::string endless;
  while (endless.size() <= kKeptHeaderOctetsMax)
    endless += "X-More: " + std::string(900, 'x') + "\r\n";
  const Taken taken = server.take(Server::from_outside("192.0.2.1", "a@strict.test"), endless);
  EXPECT_EQ(taken.finished.what, What::too_big);
}

// Behind the fields that are read a forged one would stay, and be read by others.
TEST(Intake, RefusesAStrangersHeaderOfMoreFieldsThanAreRead) {
  using policy::Authentication;
  for (const auto mode : {Authentication::off, Authentication::monitor, Authentication::enforce}) {
    Server server({.hostname = "mx.b.test", .mode = mode});
    std::string more;
    for (std::size_t i = 0; i < message::kHeaderFieldsMax; ++i) more += "A:\r\n";
    more += "Authentication-Results: mx.b.test; dmarc=pass\r\n";
    const Taken taken =
        server.take(Server::from_outside("192.0.2.1", "a@strict.test"), more + kLetter);
    EXPECT_EQ(taken.finished.what, What::unproven);
    EXPECT_NE(taken.finished.reply.find("4096 fields"), std::string::npos) << taken.finished.reply;
    ASSERT_EQ(server.refusals.size(), 1u);
    EXPECT_NE(server.refusals[0].why.find("4096 fields"), std::string::npos);
    EXPECT_EQ(server.take(Server::from_outside("127.0.0.1", "a@strict.test"), more + kLetter)
                  .finished.what,
              What::accepted);
  }
}

// RFC 5322 §2.2.3: such a line would be a continuation of what we put above it.
TEST(Intake, RefusesAStrangersHeaderThatBeginsWithABlank) {
  for (const std::size_t piece : {1u, 40u, 100000u}) {
    Server server;
    const Taken taken = server.take(Server::from_outside("192.0.2.1", "a@strict.test"),
                                    "\tFrom: <ceo@bank.test>\r\n" + kLetter, piece);
    EXPECT_EQ(taken.finished.what, What::unproven);
    EXPECT_NE(taken.finished.reply.find("begins with a blank"), std::string::npos)
        << taken.finished.reply;
  }
}

TEST(Intake, KeepsAFirstLineThatBeginsWithABlankOutOfItsOwnFields) {
  const std::string first = " Message-ID: <1@bank.test>\r\n\tmore\r\n";
  for (const std::string_view from : {"127.0.0.1", "192.0.2.1", "192.0.2.9"}) {
    SCOPED_TRACE(from);
    Server server({.hostname = "mx.b.test", .mode = Authentication::monitor});
    ASSERT_TRUE(server.house.run(
        server.house.identity->keyring().rotate("b.test", std::chrono::seconds(0))));
    smtp::Envelope envelope = Server::from_outside(std::string(from), "bob@b.test");
    const bool submitted = from == "192.0.2.9";
    if (submitted) envelope.client.role = smtp::Role::submission;
    if (submitted) envelope.client.account = "1";
    if (submitted) envelope.client.login = "bob@b.test";
    const std::string letter = "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nFrom: <bob@b.test>\r\n" +
                               kLetter.substr(kLetter.find("To:"));
    const Taken taken = server.take(std::move(envelope), first + letter, 9);
    ASSERT_EQ(taken.finished.what, What::accepted);
    EXPECT_TRUE(taken.octets.ends_with("\r\n" + first + letter)) << taken.octets;
    const message::Header header = message::parse_header(taken.octets);
    EXPECT_EQ(text_of(header, kFirstLineField), "Message-ID: <1@bank.test>\tmore");
    EXPECT_EQ(text_of(header, "received").find("bank.test"), std::string::npos) << taken.octets;
    EXPECT_EQ(header.count("received"), 1u);
    EXPECT_EQ(header.count("from"), 1u);
    EXPECT_EQ(header.count("date"), 1u);  // was read: none is added
    EXPECT_EQ(header.count("message-id"), submitted ? 1u : 0u) << taken.octets;
    EXPECT_EQ(header.count("dkim-signature"), submitted ? 2u : 0u);
  }
}

TEST(Intake, SignsWhatAUserSendsSoThatOthersVerifyIt) {
  Server server;
  const auto keys =
      server.house.run(server.house.identity->keyring().rotate("b.test", std::chrono::seconds(0)));
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  for (const identity::DomainKey& key : *keys) server.publish(key.record_name, key.record);
  server.publish("_dmarc.b.test", "v=DMARC1; p=reject");

  smtp::Envelope envelope = Server::from_outside("192.0.2.9", "bob@b.test");
  envelope.client.role = smtp::Role::submission;
  envelope.client.account = "1";
  envelope.client.login = "bob@b.test";
  const Taken sent = server.take(
      envelope, "From: <bob@b.test>\r\nTo: <x@a.test>\r\nSubject: hello\r\n\r\nhello\r\n", 5);
  ASSERT_EQ(sent.finished.what, What::accepted);
  EXPECT_EQ(message::parse_header(sent.octets).count("dkim-signature"), 2u) << sent.octets;

  // Brought back from a stranger's host: two signatures, and the policy is met.
  const Taken back = server.take(Server::from_outside("192.0.2.66", "bob@b.test"), sent.octets, 11);
  ASSERT_EQ(back.finished.what, What::accepted) << server.refusals[0].why;
  const std::string ours = text_of(message::parse_header(back.octets), "authentication-results");
  EXPECT_NE(ours.find("dkim=pass"), ours.rfind("dkim=pass")) << ours;
  EXPECT_NE(ours.find("dmarc=pass"), ours.npos) << ours;

  std::string changed = sent.octets;
  changed.replace(changed.rfind("hello"), 5, "HELLO");
  EXPECT_EQ(server.take(Server::from_outside("192.0.2.66", "bob@b.test"), changed).finished.what,
            What::unproven);
}

// RFC 8616 §5: d= has A-labels, whichever way the author writes the domain.
TEST(Intake, SignsInTheNameOfAnInternationalDomainWithALabels) {
  Server server;
  server.house.add_domain("bücher.test");
  server.house.add_account("alice@bücher.test");
  const auto keys = server.house.run(
      server.house.identity->keyring().rotate("bücher.test", std::chrono::seconds(0)));
  ASSERT_TRUE(keys);
  for (const identity::DomainKey& key : *keys) {
    EXPECT_TRUE(key.record_name.ends_with("._domainkey.xn--bcher-kva.test")) << key.record_name;
    server.publish(key.record_name, key.record);
  }
  for (const std::string author : {"alice@bücher.test", "alice@xn--bcher-kva.test"}) {
    SCOPED_TRACE(author);
    smtp::Envelope envelope = Server::from_outside("192.0.2.9", author);
    envelope.client.role = smtp::Role::submission;
    envelope.client.account = "1";
    envelope.client.login = "alice@bücher.test";
    const Taken sent = server.take(envelope, "From: <" + author +
                                                 ">\r\nTo: <bob@b.test>\r\nSubject: hello\r\n"
                                                 "\r\nhello\r\n");
    ASSERT_EQ(sent.finished.what, What::accepted);
    const message::Header header = message::parse_header(sent.octets);
    EXPECT_EQ(header.count("dkim-signature"), 2u) << sent.octets;
    const std::string signature = text_of(header, "dkim-signature");
    EXPECT_NE(signature.find("d=xn--bcher-kva.test;"), signature.npos) << signature;
    EXPECT_EQ(sent.octets.find("d=b\xc3"), sent.octets.npos) << sent.octets;
    const Taken back = server.take(Server::from_outside("192.0.2.66", author), sent.octets);
    ASSERT_EQ(back.finished.what, What::accepted);
    const std::string ours = text_of(message::parse_header(back.octets), "authentication-results");
    EXPECT_NE(ours.find("dkim=pass"), ours.rfind("dkim=pass")) << ours;
  }
}

TEST(Intake, SealsInTheNameOfAnInternationalDomainWithALabels) {
  Server server;
  server.house.add_domain("bücher.test");
  ASSERT_TRUE(server.house.run(
      server.house.identity->keyring().rotate("bücher.test", std::chrono::seconds(0))));
  server.house.add_alias("team@bücher.test", {"x@a.test"});
  for (const std::string_view recipient : {"team@bücher.test", "team@xn--bcher-kva.test"}) {
    smtp::Envelope envelope = Server::from_outside("192.0.2.1", "a@strict.test");
    envelope.recipients = {identity::testing::at(recipient)};
    const Taken taken = server.take(std::move(envelope), kLetter);
    ASSERT_EQ(taken.finished.what, What::accepted);
    const std::string seal = text_of(message::parse_header(taken.octets), "arc-seal");
    EXPECT_NE(seal.find("d=xn--bcher-kva.test;"), seal.npos) << taken.octets;
  }
}

TEST(Intake, SealsWhatAnAliasSendsElsewhere) {
  Server server;
  ASSERT_TRUE(
      server.house.run(server.house.identity->keyring().rotate("b.test", std::chrono::seconds(0))));
  server.house.add_alias("team@b.test", {"x@a.test"});
  smtp::Envelope envelope = Server::from_outside("192.0.2.1", "a@strict.test");
  envelope.recipients = {identity::testing::at("team@b.test")};
  const Taken taken = server.take(std::move(envelope), kLetter);
  ASSERT_EQ(taken.finished.what, What::accepted);
  const message::Header header = message::parse_header(taken.octets);
  for (const auto* name : {"arc-seal", "arc-message-signature", "arc-authentication-results"})
    EXPECT_EQ(header.count(name), 1u) << name;
}

// Sealed as failed, the chain would stay so: RFC 8617 §5.1.2.
TEST(Intake, DoesNotSealWhileTheDnsKeepsTheChainFromBeingJudged) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::rsa, 1024).value();
  mailauth::BodyDigest body(mailauth::Canonical::relaxed, crypto::DigestKind::sha256, std::nullopt);
  body.update(std::string_view(kLetter).substr(kLetter.find("\r\n\r\n") + 4));
  const mailauth::ArcSealing how{
      .domain = "list.test", .selector = "s", .results = "mx.list.test; dmarc=pass"};
  const auto sets =
      mailauth::seal_arc(message::parse_header(kLetter), how, key, body.finish()).value();
  for (const bool answers : {true, false}) {
    SCOPED_TRACE(answers);
    Server server;
    server.publish("s._domainkey.list.test", mailauth::format_dkim_record(key));
    if (!answers) server.resolver.set_status("s._domainkey.list.test", dns::Status::failed);
    ASSERT_TRUE(server.house.run(
        server.house.identity->keyring().rotate("b.test", std::chrono::seconds(0))));
    server.house.add_alias("team@b.test", {"x@a.test"});
    smtp::Envelope envelope = Server::from_outside("192.0.2.1", "a@strict.test");
    envelope.recipients = {identity::testing::at("team@b.test")};
    const Taken taken = server.take(std::move(envelope), sets + kLetter);
    ASSERT_EQ(taken.finished.what, What::accepted);
    EXPECT_EQ(message::parse_header(taken.octets).count("arc-seal"), answers ? 2u : 1u)
        << taken.octets;
  }
}

TEST(KeptHeader, LosesOnlyWhatIsForged) {
  const std::string header =
      "A: 1\r\nAuthentication-Results: (x) MX.b.test 1;\r\n spf=pass\r\nB: 2\r\n\r\n";
  const KeptHeader ours = kept_header(header, true, "mx.b.test");
  EXPECT_EQ(ours.octets, "A: 1\r\nB: 2\r\n\r\n");
  EXPECT_NE(ours.changes, "");
  const KeptHeader other = kept_header(header, true, "mx.c.test");
  EXPECT_EQ(other.octets, header);
  EXPECT_EQ(other.changes, "");
}

// Postfix and sendmail do the same: RFC 5322 §2.1 wants an empty line, and not all senders write
// it.
TEST(KeptHeader, EndsWithAnEmptyLine) {
  for (const std::string_view header : {"", "A: 1\r\n", "A: 1\r\n b\r\n"}) {
    EXPECT_EQ(kept_header(header, true, "x").octets, std::string(header) + "\r\n");
    EXPECT_EQ(kept_header(header, false, "x").octets, header) << "nothing follows";
  }
  for (const std::string_view header : {"\r\n", "A: 1\r\n\r\n", "\n", "A: 1\n\n"})
    EXPECT_EQ(kept_header(header, true, "x").octets, header);
}

TEST(KeptHeader, LosesALineOfMbox) {
  for (const std::string_view line : {"From a@b.test Sat Nov 21\r\n", ">From a\r\n"}) {
    EXPECT_EQ(kept_header(std::string(line) + "A: 1\r\n\r\n", true, "x").octets, "A: 1\r\n\r\n");
    EXPECT_EQ(kept_header(line, true, "x").octets, "\r\n");
  }
}

// RFC 8601 §5.
TEST(Intake, LeavesOutWhatStrangersWriteInOurNameAlsoWhereNothingIsChecked) {
  const std::string forged = "Authentication-Results: mx.b.test; dmarc=pass\r\n";
  for (const auto& [ip, kept] : {std::pair{"192.0.2.1", 0u}, std::pair{"198.51.100.1", 1u}}) {
    Server server({.hostname = "mx.b.test",
                   .mode = policy::Authentication::off,
                   .trusted_networks = {rt::parse_network("198.51.100.0/24").value()}});
    const Taken taken = server.take(Server::from_outside(ip, "a@strict.test"), forged + kLetter);
    ASSERT_EQ(taken.finished.what, What::accepted);
    EXPECT_EQ(message::parse_header(taken.octets).count("authentication-results"), kept) << ip;
    EXPECT_TRUE(taken.octets.ends_with(kLetter)) << taken.octets;
  }
}

// RFC 7208 §2.3: nothing comes of it but what is written down.
TEST(Intake, TellsOfTheNameThatAClientGives) {
  for (const auto* record : {"", "v=spf1 -all", "v=spf1 ip4:192.0.2.1 -all"}) {
    SCOPED_TRACE(record);
    Server server;
    if (*record != '\0') server.publish("client.test", record);
    const Taken taken = server.take(Server::from_outside("192.0.2.1", "a@strict.test"), kLetter);
    ASSERT_EQ(taken.finished.what, What::accepted);
    const std::string ours = text_of(message::parse_header(taken.octets), "authentication-results");
    const std::string_view wanted = *record == '\0'                            ? ""
                                    : std::string_view(record).contains("ip4") ? "spf=pass"
                                                                               : "spf=fail";
    EXPECT_NE(ours.find("spf=pass"), ours.npos) << ours;
    const auto second = ours.find("spf=", ours.find("smtp.mailfrom="));
    EXPECT_EQ(second == ours.npos ? "" : ours.substr(second, wanted.size()), wanted) << ours;
    EXPECT_EQ(ours.contains("smtp.helo=client.test"), *record != '\0') << ours;
  }
}

// Readers differ in what the header is: what we judged has to be what all of them see.
TEST(Intake, EndsAHeaderThatALineEndsWhichIsNoField) {
  const std::string head = "From: <a@strict.test>\r\nTo: <bob@b.test>\r\n";
  const std::string body = "no field\r\nFrom: <ceo@bank.test>\r\n\r\nhello\r\n";
  for (const std::size_t piece : {1u, 7u, 100000u}) {
    Server server;
    const Taken taken =
        server.take(Server::from_outside("192.0.2.1", "a@strict.test"), head + body, piece);
    ASSERT_EQ(taken.finished.what, What::accepted);
    EXPECT_TRUE(taken.octets.ends_with(head + "\r\n" + body)) << taken.octets;
    ASSERT_EQ(taken.events.size(), 3u);
    EXPECT_NE(taken.events[1].why.find("empty line"), std::string::npos) << taken.events[1].why;
  }
}

TEST(Intake, PutsNothingAboveALineOfMbox) {
  for (const std::string_view from : {"192.0.2.1", "127.0.0.1"}) {
    for (const std::size_t piece : {1u, 7u, 100000u}) {
      Server server;
      const Taken taken =
          server.take(Server::from_outside(std::string(from), "a@strict.test"),
                      "From a@strict.test Sat Nov 21 10:00:00 2026\r\n" + kLetter, piece);
      ASSERT_EQ(taken.finished.what, What::accepted);
      const message::Header header = message::parse_header(taken.octets);
      EXPECT_EQ(text_of(header, "subject"), "hello") << taken.octets;
      EXPECT_TRUE(taken.octets.ends_with("\r\n" + kLetter)) << taken.octets;
    }
  }
}

// RFC 5322 §4.5: blanks may stand before the colon, so this is a field.
TEST(Intake, TakesFromWithABlankBeforeItsColonForAField) {
  const std::string rest = kLetter.substr(kLetter.find("To:"));
  for (const std::size_t piece : {1u, 5u, 6u, 100000u}) {
    for (const std::string line : {"", "From x\r\n", ">From x\r\nFrom y\r\n"}) {
      SCOPED_TRACE(line);
      Server server;
      const std::string both = "From : <ceo@bank.test>\r\nFrom: <a@strict.test>\r\n" + rest;
      const Taken taken =
          server.take(Server::from_outside("192.0.2.1", "a@strict.test"), line + both, piece);
      EXPECT_EQ(taken.finished.what, What::unproven);
      EXPECT_NE(taken.finished.reply.find("several From"), std::string::npos)
          << taken.finished.reply;
      const std::string one = "From : <a@strict.test>\r\n" + rest;
      const Taken good =
          server.take(Server::from_outside("192.0.2.1", "a@strict.test"), line + one, piece);
      ASSERT_EQ(good.finished.what, What::accepted);
      EXPECT_TRUE(good.octets.ends_with("\r\n" + one)) << good.octets;
    }
  }
}

TEST(Intake, ReadsWhatStandsUnderALineOfMboxAlsoWithoutABody) {
  for (const std::size_t piece : {1u, 9u, 100000u}) {
    Server server;
    std::string loop = "From x\r\n";
    for (std::size_t i = 0; i <= kReceivedFieldsMax; ++i) loop += "Received: by x\r\n";
    EXPECT_EQ(
        server.take(Server::from_outside("127.0.0.1", "a@strict.test"), loop, piece).finished.what,
        What::too_many_hops);

    smtp::Envelope envelope = Server::from_outside("127.0.0.1", "a@strict.test");
    envelope.client.role = smtp::Role::submission;
    const std::string header =
        "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <77@x>\r\nFrom: <a@strict.test>\r\n";
    const Taken whole = server.take(std::move(envelope), "From x\r\n" + header, piece);
    ASSERT_EQ(whole.finished.what, What::accepted);
    EXPECT_EQ(message::parse_header(whole.octets).count("date"), 1u) << whole.octets;
    EXPECT_EQ(message::parse_header(whole.octets).count("message-id"), 1u) << whole.octets;

    const Taken folded = server.take(Server::from_outside("127.0.0.1", "a@strict.test"),
                                     ">From x\r\n\t(by a client) id FORGED\r\n" + kLetter, piece);
    ASSERT_EQ(folded.finished.what, What::accepted);
    const message::Header read = message::parse_header(folded.octets);
    EXPECT_EQ(text_of(read, "received").find("FORGED"), std::string::npos) << folded.octets;
    EXPECT_EQ(text_of(read, "subject"), "hello") << folded.octets;
  }
}

TEST(Intake, AddsNoSecondDateUnderALineOfMbox) {
  const std::string letter = "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n" + kLetter;
  for (const std::size_t piece : {1u, 7u, 100000u}) {
    for (const std::string_view line : {"From a@strict.test Sat Nov 21\r\n", ""}) {
      Server server;
      smtp::Envelope envelope = Server::from_outside("127.0.0.1", "a@strict.test");
      envelope.client.role = smtp::Role::submission;
      const Taken taken = server.take(std::move(envelope), std::string(line) + letter, piece);
      ASSERT_EQ(taken.finished.what, What::accepted);
      const message::Header header = message::parse_header(taken.octets);
      EXPECT_EQ(header.count("date"), 1u) << taken.octets;
      EXPECT_EQ(header.count("message-id"), 1u) << taken.octets;
    }
  }
}

}  // namespace
}  // namespace ph::intake
