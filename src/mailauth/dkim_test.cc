#include "mailauth/dkim.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "codec/base64.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

Wall at(std::uint64_t seconds) { return Wall(std::chrono::seconds(seconds)); }

/// Verifies `message`, its body cut at each of `cuts`.
std::vector<DkimOutcome> verify(const std::string& message, Zone& zone, Wall now,
                                std::vector<std::size_t> cuts = {}) {
  const auto header = message::parse_header(message);
  BodyDigests bodies;
  DkimVerifier verifier(header, bodies, now);
  const std::string_view body = std::string_view(message).substr(header.body());
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    bodies.update(body.substr(from, cut - from));
    from = cut;
  }
  bodies.update(body.substr(from));
  bodies.finish();
  return zone.run(verifier);
}

const crypto::PrivateKey& rsa_key() {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyKind::rsa, 2048).value();
  return key;
}
const crypto::PrivateKey& ed25519_key() {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return key;
}

constexpr std::string_view kMessage =
    "From: Alice <alice@example.test>\r\n"
    "To: bob@example.org\r\n"
    "Subject:  two  spaces\r\n"
    "\tand a fold\r\n"
    "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    "\r\n"
    "Dear  Bob,\t \r\n"
    "\r\n"
    "line\r\n"
    "\r\n"
    "\r\n";

std::string sign(std::string_view message, const DkimSigning& how, const crypto::PrivateKey& key) {
  const auto header = message::parse_header(message);
  BodyDigest body(how.body_form, crypto::DigestKind::sha256, std::nullopt);
  body.update(message.substr(header.body()));
  return sign_dkim(header, how, key, body.finish()).value() + std::string(message);
}

DkimSigning usual() { return {.domain = "example.test", .selector = "one", .signed_at = 1000}; }

Zone zone_of(const crypto::PrivateKey& key) {
  Zone zone;
  zone.txt("one._domainkey.example.test", {format_dkim_record(key)});
  return zone;
}

TEST(Dkim, VerifiesRealSignedMail) {
  std::size_t signatures = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(PH_SOURCE_DIR "/tests/corpus/dkim-mail-auth/dkim")) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream in(entry.path());
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto end = text.find("\n\n");
    Zone zone;
    std::string_view records = std::string_view(text).substr(0, end);
    while (!records.empty()) {
      const auto line = records.substr(0, records.find('\n'));
      records.remove_prefix(std::min(line.size() + 1, records.size()));
      const auto space = line.find(' ');
      zone.txt(line.substr(0, space), {std::string(line.substr(space + 1))});
    }
    const std::string message = with_crlf(std::string_view(text).substr(end + 2));
    const auto outcomes = verify(message, zone, at(1000));
    EXPECT_FALSE(outcomes.empty());
    for (const auto& outcome : outcomes) {
      EXPECT_EQ(outcome.result, DkimResult::pass) << outcome.domain << ": " << outcome.why;
      ++signatures;
    }
  }
  EXPECT_GE(signatures, 6U);
}

TEST(Dkim, VerifiesWhatItSignsInEveryFormAndAtEverySplit) {
  for (const auto* key : {&rsa_key(), &ed25519_key()}) {
    Zone zone = zone_of(*key);
    for (const auto header_form : {Canonical::simple, Canonical::relaxed}) {
      for (const auto body_form : {Canonical::simple, Canonical::relaxed}) {
        DkimSigning how = usual();
        how.header_form = header_form;
        how.body_form = body_form;
        const std::string message = sign(kMessage, how, *key);
        const auto whole = verify(message, zone, at(1000));
        ASSERT_EQ(whole.size(), 1U);
        EXPECT_EQ(whole[0].result, DkimResult::pass) << whole[0].why << "\n" << message;
        const std::size_t octets = message.size() - message::parse_header(message).body();
        for (std::size_t cut = 0; cut <= octets; ++cut) {
          EXPECT_EQ(verify(message, zone, at(1000), {cut})[0].result, DkimResult::pass) << cut;
        }
      }
    }
  }
}

DkimOutcome after(const std::string& from, const std::string& to,
                  const DkimSigning& how = usual()) {
  Zone zone = zone_of(ed25519_key());
  std::string message = sign(kMessage, how, ed25519_key());
  message.replace(message.find(from), from.size(), to);
  return verify(message, zone, at(1000)).at(0);
}

TEST(Dkim, SaysWhichPartWasChanged) {
  EXPECT_EQ(after("line", "lime").reason, DkimReason::body_hash);
  EXPECT_EQ(after("two", "too").reason, DkimReason::header_hash);
  EXPECT_EQ(after("To: bob", "To: rob").reason, DkimReason::header_hash);
  // What the relaxed forms allow.
  EXPECT_EQ(after("two  spaces\r\n\tand", "two spaces and").result, DkimResult::pass);
  EXPECT_EQ(after("Dear  Bob,\t ", "Dear \tBob,").result, DkimResult::pass);
  EXPECT_EQ(after("line\r\n\r\n\r\n", "line\r\n").result, DkimResult::pass);
  EXPECT_EQ(after("line\r\n", "line\r\n.\r\n").reason, DkimReason::body_hash);
}

TEST(Dkim, SignsAgainstFieldsThatAreAddedLater) {
  EXPECT_EQ(after("From: Alice", "From: eve@example.org\r\nFrom: Alice").reason,
            DkimReason::header_hash);
  DkimSigning once = usual();
  once.oversign = false;
  // The last From is the one that was signed (RFC 6376 §5.4.2): one above it is not noticed.
  EXPECT_EQ(after("From: Alice", "From: eve@example.org\r\nFrom: Alice", once).result,
            DkimResult::pass);
}

TEST(Dkim, SignsAgainstMoreOfEachFieldThatWasChosen) {
  const auto header = message::parse_header("From: a@b\r\nX-A: 1\r\nX-A: 2\r\n\r\n");
  DkimSigning how{.fields = {"x-a", "List-Id", "X-A", "from"}};
  using Names = std::vector<std::string>;
  EXPECT_EQ(fields_to_sign(header, how), (Names{"x-a", "x-a", "x-a", "list-id", "from", "from"}));
  how.oversign = false;
  EXPECT_EQ(fields_to_sign(header, how), (Names{"x-a", "x-a", "from"}));
  how = {};
  for (const std::string& name : fields_to_sign(header, how)) EXPECT_NE(name, "list-id");
}

TEST(Dkim, TellsWhyAKeyDoesNotServe) {
  struct Bad {
    std::string record;
    DkimReason reason;
  };
  const std::string good = format_dkim_record(rsa_key());
  const auto small = crypto::PrivateKey::generate(crypto::KeyKind::rsa, 1016).value();
  const std::vector<Bad> all{
      {"v=DKIM1; p=", DkimReason::key_revoked},
      {"v=DKIM2; p=AAAA", DkimReason::key_syntax},
      {"p=AAAA; v=DKIM1", DkimReason::key_syntax},
      {"v=DKIM1; k=rsa; p=!", DkimReason::key_syntax},
      {"v=DKIM1; k=rsa; p=AAAA", DkimReason::key_syntax},
      {"v=DKIM1", DkimReason::key_syntax},
      {"v=DKIM1; k=dsa; p=AAAA", DkimReason::key_syntax},
      {good + "; h=sha1", DkimReason::key_unfit},
      {good + "; s=tlsrpt", DkimReason::key_unfit},
      {good + "; t=s:y; t=s", DkimReason::key_syntax},
      {format_dkim_record(ed25519_key()), DkimReason::key_unfit},
      {format_dkim_record(small), DkimReason::short_key},
      {format_dkim_record(crypto::PrivateKey::generate(crypto::KeyKind::rsa, 1024).value()),
       DkimReason::header_hash},
  };
  const std::string message = sign(kMessage, usual(), rsa_key());
  for (const Bad& bad : all) {
    SCOPED_TRACE(bad.record);
    Zone zone;
    zone.txt("one._domainkey.example.test", {bad.record});
    const auto outcome = verify(message, zone, at(1000)).at(0);
    EXPECT_EQ(outcome.reason, bad.reason) << outcome.why;
    EXPECT_NE(outcome.result, DkimResult::pass);
    EXPECT_FALSE(outcome.fix.empty());
  }
  Zone none;
  EXPECT_EQ(verify(message, none, at(1000)).at(0).reason, DkimReason::key_missing);
  none.fails("one._domainkey.example.test", dns::Status::timed_out);
  EXPECT_EQ(verify(message, none, at(1000)).at(0).result, DkimResult::temperror);
  Zone two;
  two.txt("one._domainkey.example.test", {"v=DKIM1; p="});
  two.txt("one._domainkey.example.test", {good});
  EXPECT_EQ(verify(message, two, at(1000)).at(0).result, DkimResult::pass);
}

TEST(Dkim, IdentityAndTimes) {
  DkimSigning how = usual();
  how.identity = "news@sub.example.test";
  how.expires = 2000;
  const std::string message = sign(kMessage, how, rsa_key());
  Zone zone = zone_of(rsa_key());
  EXPECT_EQ(verify(message, zone, at(2000)).at(0).result, DkimResult::pass);
  EXPECT_EQ(verify(message, zone, at(2001)).at(0).reason, DkimReason::expired);
  Zone strict;
  strict.txt("one._domainkey.example.test", {format_dkim_record(rsa_key()) + "; t=s"});
  EXPECT_EQ(verify(message, strict, at(2000)).at(0).reason, DkimReason::key_unfit);
}

TEST(Dkim, VerifiesTheFirstSignaturesAlone) {
  std::string message(kMessage);
  const std::string one = sign(kMessage, usual(), ed25519_key());
  const std::string field = one.substr(0, one.size() - kMessage.size());
  for (int i = 0; i < 1000; ++i) message.insert(0, field);
  Zone zone = zone_of(ed25519_key());
  const auto outcomes = verify(message, zone, at(1000));
  ASSERT_EQ(outcomes.size(), 1000U);
  EXPECT_EQ(outcomes[kDkimSignaturesMax - 1].result, DkimResult::pass);
  EXPECT_EQ(outcomes[kDkimSignaturesMax].reason, DkimReason::too_many);
  EXPECT_EQ(zone.asked(), 1U);
}

TEST(Dkim, WithoutASignatureThereIsNoOutcome) {
  Zone zone;
  EXPECT_TRUE(verify(std::string(kMessage), zone, at(0)).empty());
  const auto broken = verify("DKIM-Signature: v=1; a\r\n" + std::string(kMessage), zone, at(0));
  EXPECT_EQ(broken.at(0).result, DkimResult::neutral);
  EXPECT_EQ(broken.at(0).reason, DkimReason::syntax);
}

struct Hashed {
  std::string body, simple, relaxed;
};

TEST(DkimKeys, AreReadOnceForEachRecord) {
  DkimKeys keys;
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  const std::string record = format_dkim_record(key);
  const auto first = keys.read(record);
  ASSERT_TRUE(first->key && *first->key);
  EXPECT_EQ(first, keys.read(record));
  EXPECT_NE(first, keys.read(record + "; n=another"));
  EXPECT_FALSE(keys.read("v=DKIM1; p")->record);
  EXPECT_FALSE(keys.read("v=DKIM1; p=")->key);
  EXPECT_FALSE(keys.read("v=DKIM1; p=AAAA")->key->has_value());

  const std::string long_one = record + "; n=" + std::string(kDkimKeyRememberedOctetsMax, 'x');
  EXPECT_NE(keys.read(long_one), keys.read(long_one));
  // One that is used stays, however many others come; one that is not goes.
  const auto unused = keys.read("v=DKIM1; n=unused; p=");
  for (std::size_t i = 0; i < 2 * kDkimKeysRememberedMax; ++i) {
    keys.read("v=DKIM1; n=" + std::to_string(i) + "; p=");
    if (i % 100 == 0) {
      EXPECT_EQ(first, keys.read(record)) << i;
    }
  }
  EXPECT_NE(unused, keys.read("v=DKIM1; n=unused; p="));
}

// RFC 6376 §3.4.5 for the example of §3.4.6; of an empty body §3.4.3 and §3.4.4.
TEST(Canonical, BodiesHaveTheFormsOfTheRfc) {
  const auto hash = [](std::string_view text) {
    crypto::Digest digest(crypto::DigestKind::sha256);
    digest.update(text);
    return digest.finish();
  };
  const std::vector<Hashed> all{
      {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
      {"", "\r\n", ""},
      {"\r\n\r\n", "\r\n", ""},
      {" \r\n", " \r\n", ""},
      {"a", "a\r\n", "a\r\n"},
      {"a\rb\nc\r", "a\rb\nc\r\r\n", "a\rb\nc\r\r\n"},
      {"a \r b \t", "a \r b \t\r\n", "a \r b\r\n"},
      {"\r\r\n\nx\n", "\r\r\n\nx\n\r\n", "\r\r\n\nx\n\r\n"},
      {"a\r\n\t \r\n \r\nb  c \r\n", "a\r\n\t \r\n \r\nb  c \r\n", "a\r\n\r\n\r\nb c\r\n"},
  };
  for (const Hashed& each : all) {
    SCOPED_TRACE(::testing::PrintToString(each.body));
    for (const auto form : {Canonical::simple, Canonical::relaxed}) {
      const std::string& expected = form == Canonical::simple ? each.simple : each.relaxed;
      for (std::size_t cut = 0; cut <= each.body.size(); ++cut) {
        for (std::size_t next = cut; next <= each.body.size(); ++next) {
          BodyDigest digest(form, crypto::DigestKind::sha256, std::nullopt);
          const std::string_view body = each.body;
          digest.update(body.substr(0, cut));
          digest.update(body.substr(cut, next - cut));
          digest.update(body.substr(next));
          EXPECT_EQ(digest.finish(), hash(expected)) << to_string(form) << " " << cut;
          EXPECT_EQ(digest.octets(), expected.size());
        }
      }
      for (std::size_t limit = 0; limit <= expected.size(); ++limit) {
        BodyDigest digest(form, crypto::DigestKind::sha256, limit);
        digest.update(each.body);
        EXPECT_EQ(digest.finish(), hash(expected.substr(0, limit)));
      }
    }
  }
}

/// RFC 6376 §3.4.4 read line by line, as its text has it.
std::string relaxed_body(std::string_view body) {
  std::string out, line;
  std::size_t empty = 0;
  const auto end_line = [&] {
    while (line.ends_with(' ')) line.pop_back();
    if (line.empty()) return void(++empty);
    for (; empty > 0; --empty) out += "\r\n";
    out += line + "\r\n";
    line.clear();
  };
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (body.substr(i).starts_with("\r\n")) {
      end_line();
      ++i;
    } else if (c != ' ' && c != '\t') {
      line += c;
    } else if (!line.ends_with(' ')) {
      line += ' ';
    }
  }
  end_line();
  return out;
}

TEST(Canonical, TheRelaxedBodyIsThatOfTheRfcHoweverOctetsFallIntoBlocks) {
  const std::string_view octets = "aaaaaaaa bb \t\r\n";
  std::minstd_rand random(4871);
  for (int round = 0; round < 20000; ++round) {
    std::string body;
    const auto size = random() % 90;
    while (body.size() < size) {
      const char c = octets[random() % octets.size()];
      body += c == '\r' && random() % 4 != 0 ? "\r\n" : std::string(1, c);
    }
    crypto::Digest expected(crypto::DigestKind::sha256);
    expected.update(relaxed_body(body));
    BodyDigest digest(Canonical::relaxed, crypto::DigestKind::sha256, std::nullopt);
    const auto cut = random() % (body.size() + 1);
    digest.update(std::string_view(body).substr(0, cut));
    digest.update(std::string_view(body).substr(cut));
    ASSERT_EQ(digest.finish(), expected.finish()) << ::testing::PrintToString(body) << " " << cut;
    ASSERT_EQ(digest.octets(), relaxed_body(body).size());
  }
}

TEST(Canonical, FieldsHaveTheFormsOfTheRfc) {
  const auto form = [](std::string_view raw, std::size_t name, Canonical how) {
    std::string out;
    put_canonical_field(raw, name, how, out);
    return out;
  };
  // RFC 6376 §3.4.6.
  EXPECT_EQ(form("A: X\r\n", 1, Canonical::relaxed), "a:X\r\n");
  EXPECT_EQ(form("B : Y\t\r\n\tZ  \r\n", 1, Canonical::relaxed), "b:Y Z\r\n");
  EXPECT_EQ(form("B : Y\t\r\n\tZ  \r\n", 1, Canonical::simple), "B : Y\t\r\n\tZ  \r\n");
  EXPECT_EQ(form("C:\r\n", 1, Canonical::relaxed), "c:\r\n");
}

}  // namespace
}  // namespace ph::mailauth
