// What a sender may write into a header, and a domain may publish as a key, to make a check costly
// or worthless. Counted: public key operations, questions to the DNS. docs/limits.md has the
// bounds.
#include <gtest/gtest.h>

#include "codec/base64.h"
#include "mailauth/arc.h"
#include "mailauth/arc_parts.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

constexpr std::string_view kMail = "From: a@a.test\r\nSubject: x\r\n\r\nbody\r\n";
constexpr Wall kNow{std::chrono::seconds(1'000'000)};

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return made;
}
const crypto::PrivateKey& other_key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return made;
}

std::string body_hash() {
  BodyDigest digest(Canonical::relaxed, crypto::DigestKind::sha256, std::nullopt);
  digest.update("body\r\n");
  return digest.finish();
}

std::string signature_by(const std::string& selector) {
  const DkimSigning how{.domain = "a.test", .selector = selector};
  return sign_dkim(message::parse_header(kMail), how, key(), body_hash()).value();
}

/// A signature with other tags: whatever it is over, it does not fit.
std::string crafted(const std::string& tags) {
  return "DKIM-Signature: " + tags + "\r\n" + std::string(kMail);
}
std::string usual(const std::string& more = "", const std::string& algorithm = "ed25519-sha256") {
  return "v=1; a=" + algorithm +
         "; d=a.test; s=s; c=relaxed/relaxed; h=from; bh=" + codec::encode_base64(body_hash()) +
         "; b=AAAA" + more;
}

struct Result {
  std::vector<DkimOutcome> outcomes;
  std::size_t operations = 0, questions = 0;
  std::size_t kept = 0;  // octets of answers
};

template <class Verifier>
auto ask_all(const Zone& zone, Verifier& verifier, Lookups& lookups, std::size_t& questions) {
  for (;;) {
    if (auto outcome = verifier.run(lookups)) return *std::move(outcome);
    for (const auto& question : lookups.take_questions()) {
      ++questions;
      lookups.answer(question, zone.answer(question));
    }
  }
}

Result verify(const std::string& message, const Zone& zone) {
  const auto header = message::parse_header(message);
  BodyDigests bodies;
  DkimVerifier verifier(header, bodies, kNow);
  bodies.update(std::string_view(message).substr(header.body()));
  bodies.finish();
  Result out;
  Lookups lookups;
  out.outcomes = ask_all(zone, verifier, lookups, out.questions);
  out.kept = lookups.octets();
  for (const auto& outcome : out.outcomes) out.operations += outcome.operations;
  EXPECT_LE(out.operations, kDkimSignaturesMax * kDkimKeysPerNameMax);
  EXPECT_LE(out.questions, kDkimSignaturesMax);
  EXPECT_LE(out.kept, kLookupOctetsMax);
  return out;
}

Zone zone_of(const std::string& record) {
  Zone zone;
  zone.txt("s._domainkey.a.test", {record});
  return zone;
}

std::string repeated(std::string_view piece, std::size_t octets) {
  std::string out;
  while (out.size() + piece.size() <= octets) out += piece;
  return out;
}

TEST(HostileSignatures, AThousandOfThem) {
  Zone zone;
  std::string message;
  for (int i = 0; i < 1000; ++i) {
    const std::string selector = "s" + std::to_string(i);
    zone.txt(selector + "._domainkey.a.test", {format_dkim_record(key())});
    if (i < 20) message += signature_by(selector);
  }
  std::string many = message;
  for (int i = 0; i < 980; ++i) many += "DKIM-Signature: " + usual() + "\r\n";
  const Result result = verify(many + std::string(kMail), zone);
  ASSERT_EQ(result.outcomes.size(), 1000U);
  EXPECT_EQ(result.questions, kDkimSignaturesMax);
  EXPECT_EQ(result.operations, kDkimSignaturesMax);
  for (std::size_t i = 0; i < 1000; ++i)
    EXPECT_EQ(result.outcomes[i].reason,
              i < kDkimSignaturesMax ? DkimReason::none : DkimReason::too_many);
}

TEST(HostileSignatures, AThousandKeysOfOneName) {
  Zone zone;
  for (int i = 0; i < 1000; ++i) zone.txt("s._domainkey.a.test", {format_dkim_record(other_key())});
  const Result result = verify(signature_by("s") + std::string(kMail), zone);
  EXPECT_EQ(result.outcomes[0].result, DkimResult::fail);
  EXPECT_EQ(result.operations, kDkimKeysPerNameMax);
  EXPECT_EQ(result.questions, 1U);
}

TEST(HostileSignatures, ListsWithoutEnd) {
  const Zone zone = zone_of(format_dkim_record(key()));
  const auto neutral = [&](const std::string& tags) {
    const Result result = verify(crafted(tags), zone);
    ASSERT_EQ(result.outcomes.size(), 1U);
    EXPECT_EQ(result.outcomes[0].result, DkimResult::neutral) << tags.substr(0, 80);
    EXPECT_EQ(result.operations + result.questions, 0U);
    EXPECT_LE(result.outcomes[0].why.size(), 300U);
  };
  neutral(usual("; z=" + repeated("x:y|", 1 << 20)));
  neutral(usual("; q=" + repeated("dns/txt:", 1 << 20)));
  neutral(repeated("x=y; ", 1 << 20));
  neutral(repeated(";", 1 << 20));
  neutral("v=1; a=ed25519-sha256; d=a.test; s=s; bh=AAAA; b=AAAA; h=from" +
          repeated(":from", 500'000));
  neutral("v=1; a=ed25519-sha256; d=a.test; s=s; bh=AAAA; b=AAAA; h=from" + repeated(":x", 60'000));
  neutral(usual("; " + repeated("x=y; y=z; ", 2000)));

  // As many names as may be, over as many fields as there may be.
  std::string names = "from";
  for (std::size_t i = 1; i < kDkimSignedFieldsMax; ++i) names += ":x";
  std::string message = "DKIM-Signature: v=1; a=ed25519-sha256; d=a.test; s=s; bh=" +
                        codec::encode_base64(body_hash()) + "; b=AAAA; h=" + names + "\r\n";
  for (int i = 0; i < 5000; ++i) message += "X: y\r\n";
  const Result result = verify(message + std::string(kMail), zone);
  ASSERT_EQ(result.outcomes.size(), 1U);
  EXPECT_EQ(result.outcomes[0].result, DkimResult::fail);
  EXPECT_EQ(result.operations, 1U);
}

TEST(HostileSignatures, TagsThatStandTwiceOrMeanNothing) {
  const Zone zone = zone_of(format_dkim_record(key()));
  const std::string digits77 = "; l=" + std::string(77, '9');
  for (const std::string more :
       {"; b=BBBB", "; d=b.test", "; bh=AAAA", "; v=2", "; l=1; l=2", digits77.c_str(), "; l=-1",
        "; x=1; t=2", "; t=5; x=5", "; x=z", "; q=dns/other", "; c=loose", "; i=@b.test",
        "; i=nobody", "; =x", "; 1x=y", "; x"}) {
    const Result result = verify(crafted(usual(more)), zone);
    EXPECT_EQ(result.outcomes[0].result, DkimResult::neutral) << more;
    EXPECT_EQ(result.questions, 0U) << more;
  }
  const auto reason = [&](const std::string& tags) {
    return to_string(verify(crafted(tags), zone).outcomes[0].reason);
  };
  for (const std::string& length : {std::string("7"), std::string(76, '9')})
    EXPECT_EQ(reason(usual("; l=" + length)), to_string(DkimReason::body_length)) << length;
  EXPECT_EQ(reason(usual("; t=1; x=2")), to_string(DkimReason::expired));
  EXPECT_EQ(reason(usual("; l=0")), to_string(DkimReason::body_hash));
  const std::string base = "v=1; a=ed25519-sha256; d=a.test; s=s; h=from; ";
  for (const char* noise : {"bh=!!!!; b=AAAA", "bh=; b=AAAA", "bh=AAAA; b=", "bh=AAAA; b=\x80\xff",
                            "bh=A=AA; b=AAAA", "bh=AAAA; b=A", "bh=AAAA; b====="})
    EXPECT_EQ(reason(base + noise), to_string(DkimReason::syntax)) << noise;
  // Base 64 of anything else is a signature that does not fit, of whatever length.
  for (const std::size_t octets : {1U, 63U, 64U, 65U, 40'000U})
    EXPECT_EQ(reason(base + "bh=" + codec::encode_base64(body_hash()) +
                     "; b=" + codec::encode_base64(std::string(octets, 'x'))),
              to_string(DkimReason::header_hash));
}

TEST(HostileSignatures, EachDifferentBodyIsAPassOverIt) {
  std::string message;
  for (std::size_t i = 0; i < kDkimSignaturesMax; ++i)
    message += "DKIM-Signature: " + usual("; l=" + std::to_string(i % 6)) + "\r\n";
  const Zone zone = zone_of(format_dkim_record(key()));
  EXPECT_EQ(verify(message + std::string(kMail), zone).operations, kDkimSignaturesMax);

  message.clear();
  for (std::size_t i = 0; i < kDkimSignaturesMax; ++i) {
    std::string tags = usual("; l=" + std::to_string(i / 2));
    if (i % 2 == 1) tags.replace(tags.find("relaxed/relaxed"), 15, "relaxed/simple");
    message += "DKIM-Signature: " + tags + "\r\n";
  }
  const Result result = verify(message + std::string(kMail), zone);
  EXPECT_EQ(result.operations, kBodyDigestsMax);
  EXPECT_EQ(result.outcomes.back().reason, DkimReason::too_many);
}

// --- keys

std::string der_length(std::size_t octets) {
  if (octets < 128) return {static_cast<char>(octets)};
  if (octets < 256) return {static_cast<char>(0x81), static_cast<char>(octets)};
  return {static_cast<char>(0x82), static_cast<char>(octets >> 8), static_cast<char>(octets & 255)};
}
std::string der(char tag, const std::string& content) {
  return tag + der_length(content.size()) + content;
}
std::string der_number(std::string octets) {
  if (static_cast<unsigned char>(octets.front()) >= 0x80) octets.insert(0, 1, '\0');
  return der(2, octets);
}
/// RFC 8017 appendix A.1.1.
std::string rsa_record(const std::string& modulus, const std::string& exponent) {
  return "v=DKIM1; k=rsa; p=" +
         codec::encode_base64(der(0x30, der_number(modulus) + der_number(exponent)));
}
std::string odd(std::size_t octets) {
  std::string out(octets, '\xa5');
  out.front() = '\xc3';
  return out;
}

TEST(HostileKeys, RsaOfNumbersThatAreNone) {
  struct Case {
    const char* what;
    std::string record;
    DkimReason reason;
  };
  const std::string usual_exponent("\x01\x00\x01", 3);
  std::string even = odd(256);
  even.back() = '\xa4';
  const std::vector<Case> cases{
      {"well made", rsa_record(odd(256), usual_exponent), DkimReason::header_hash},
      {"16384 bits", rsa_record(odd(2048), usual_exponent), DkimReason::key_syntax},
      {"8200 bits", rsa_record(odd(1025), usual_exponent), DkimReason::key_syntax},
      {"4096 bits", rsa_record(odd(512), usual_exponent), DkimReason::header_hash},
      {"exponent 1", rsa_record(odd(256), "\x01"), DkimReason::key_syntax},
      {"exponent 0", rsa_record(odd(256), std::string(1, '\0')), DkimReason::key_syntax},
      {"exponent 2", rsa_record(odd(256), "\x02"), DkimReason::key_syntax},
      {"exponent 3", rsa_record(odd(256), "\x03"), DkimReason::header_hash},
      {"exponent of 32 bits", rsa_record(odd(256), odd(4)), DkimReason::header_hash},
      {"exponent of 40 bits", rsa_record(odd(256), odd(5)), DkimReason::key_syntax},
      {"exponent as long as the modulus", rsa_record(odd(256), odd(256)), DkimReason::key_syntax},
      {"even modulus", rsa_record(even, usual_exponent), DkimReason::key_syntax},
      {"modulus 0", rsa_record(std::string(1, '\0'), usual_exponent), DkimReason::key_syntax},
      {"modulus 1", rsa_record("\x01", usual_exponent), DkimReason::short_key},
      {"512 bits", rsa_record(odd(64), usual_exponent), DkimReason::short_key},
      {"noise", "v=DKIM1; p=" + codec::encode_base64(odd(300)), DkimReason::key_syntax},
      {"64 KiB", "v=DKIM1; p=" + repeated("AAAA", 60'000), DkimReason::key_syntax},
      {"over 64 KiB", "v=DKIM1; p=" + repeated("AAAA", 70'000), DkimReason::key_syntax},
      {"a thousand tags", "v=DKIM1; " + repeated("x=y; ", 5000) + "p=AAAA", DkimReason::key_syntax},
      {"a tag twice", "v=DKIM1; p=AAAA; p=AAAA", DkimReason::key_syntax},
      {"NUL", std::string("v=DKIM1; p=AA\0AA", 16), DkimReason::key_syntax},
  };
  for (const Case& c : cases) {
    const Result result = verify(crafted(usual("", "rsa-sha256")), zone_of(c.record));
    EXPECT_EQ(to_string(result.outcomes[0].reason), to_string(c.reason))
        << c.what << ": " << result.outcomes[0].why;
    EXPECT_EQ(result.operations, c.reason == DkimReason::header_hash ? 1U : 0U) << c.what;
    EXPECT_LE(result.outcomes[0].why.size(), 500U);
  }
}

TEST(HostileKeys, Ed25519OfAnotherLength) {
  for (const std::size_t octets : {1U, 31U, 33U, 64U, 4097U, 40'000U}) {
    const std::string record =
        "v=DKIM1; k=ed25519; p=" + codec::encode_base64(std::string(octets, 'x'));
    const Result result = verify(crafted(usual()), zone_of(record));
    EXPECT_EQ(result.outcomes[0].reason, DkimReason::key_syntax) << octets;
    EXPECT_EQ(result.operations, 0U);
  }
  // The neutral element and its like: a "signature" of zeros would fit anything.
  for (const char first : {'\x00', '\x01'}) {
    std::string point(32, '\0');
    point[0] = first;
    const std::string tags =
        "v=1; a=ed25519-sha256; d=a.test; s=s; h=from; bh=" + codec::encode_base64(body_hash()) +
        "; c=relaxed/relaxed; b=";
    for (const char of : {'\x00', '\x01'}) {
      std::string zeros(64, '\0');
      zeros[0] = of;
      const Result result = verify(crafted(tags + codec::encode_base64(zeros)),
                                   zone_of("v=DKIM1; k=ed25519; p=" + codec::encode_base64(point)));
      EXPECT_LE(result.operations, 1U);
    }
  }
}

// --- ARC

std::string seal(const std::string& message, ArcResult chain) {
  const ArcSealing how{
      .domain = "a.test", .selector = "s", .results = "a.test; spf=none", .chain = chain};
  return seal_arc(message::parse_header(message), how, key(), body_hash()).value() + message;
}

struct ArcCost {
  ArcOutcome outcome;
  std::size_t operations = 0, questions = 0;
};

ArcCost verify_arc(const std::string& message, const Zone& zone) {
  const auto header = message::parse_header(message);
  BodyDigests bodies;
  ArcVerifier verifier(header, bodies, kNow);
  bodies.update(std::string_view(message).substr(header.body()));
  bodies.finish();
  ArcCost out;
  Lookups lookups;
  out.outcome = ask_all(zone, verifier, lookups, out.questions);
  for (const ArcSet& set : out.outcome.sets)
    out.operations += set.seal.operations + set.message.operations;
  EXPECT_LE(out.operations, (kArcSetsMax + 1) * kDkimKeysPerNameMax);
  EXPECT_LE(out.questions, kArcSetsMax + 1);
  EXPECT_LE(out.outcome.sets.size(), kArcSetsMax);
  return out;
}

TEST(HostileArc, ManySets) {
  const Zone zone = zone_of(format_dkim_record(key()));
  std::string message(kMail);
  for (unsigned i = 0; i < kArcSetsMax; ++i)
    message = seal(message, i == 0 ? ArcResult::none : ArcResult::pass);
  const ArcCost full = verify_arc(message, zone);
  EXPECT_EQ(full.outcome.result, ArcResult::pass) << full.outcome.why;
  EXPECT_EQ(full.operations, kArcSetsMax + 1);
  EXPECT_EQ(full.questions, 1U);

  Zone keys;  // of which the last one fits
  for (int i = 0; i < 1000; ++i) keys.txt("s._domainkey.a.test", {format_dkim_record(other_key())});
  const ArcCost misled = verify_arc(message, keys);
  EXPECT_EQ(misled.outcome.result, ArcResult::fail);
  EXPECT_EQ(misled.operations, kDkimKeysPerNameMax) << "the seals behind it are not looked at";

  std::string thousand;
  for (int i = 1; i <= 1000; ++i) {
    const std::string n = std::to_string(i);
    thousand += "ARC-Seal: i=" + n + "; cv=pass; a=rsa-sha256; d=x.test; s=y; b=AAAA\r\n" +
                "ARC-Message-Signature: i=" + n +
                "; a=rsa-sha256; d=x.test; s=y; h=from; "
                "bh=AAAA; b=AAAA\r\nARC-Authentication-Results: i=" +
                n + "; x.test; none\r\n";
  }
  const ArcCost cut = verify_arc(thousand + std::string(kMail), zone);
  EXPECT_EQ(cut.outcome.result, ArcResult::fail);
  EXPECT_EQ(cut.operations + cut.questions, 0U);
}

TEST(HostileArc, SetsThatAreNoChain) {
  const Zone zone = zone_of(format_dkim_record(key()));
  const std::string one = seal(std::string(kMail), ArcResult::none);
  for (const std::string& top : {
           std::string("ARC-Seal: i=1; cv=none; a=rsa-sha256; d=x; s=y; b=AAAA\r\n"),
           std::string("ARC-Seal: i=3; cv=pass; a=rsa-sha256; d=x; s=y; b=AAAA\r\n"),
           std::string("ARC-Seal: i=0; cv=none\r\n"),
           std::string("ARC-Seal: i=-1; cv=none\r\n"),
           std::string("ARC-Seal: i=18446744073709551617; cv=none\r\n"),
           std::string("ARC-Seal: x\r\n"),
           std::string("ARC-Authentication-Results: x.test; none\r\n"),
           "ARC-Message-Signature: i=2; " + repeated("x=y; ", 60'000) + "\r\n",
           "ARC-Authentication-Results: i=" + repeated("1", 100'000) + "; x\r\n",
       }) {
    const ArcCost cost = verify_arc(top + one, zone);
    EXPECT_EQ(cost.outcome.result, ArcResult::fail) << top.substr(0, 80);
    EXPECT_EQ(cost.operations + cost.questions, 0U) << top.substr(0, 80);
    EXPECT_LE(cost.outcome.why.size(), 300U);
  }
}

}  // namespace
}  // namespace ph::mailauth
