#include "mailauth/arc.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mailauth/arc_parts.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return made;
}

Zone zone_of_sealers() {
  Zone zone;
  for (const char* domain : {"one.test", "two.test", "three.test"})
    zone.txt(std::string("s._domainkey.") + domain, {format_dkim_record(key())});
  return zone;
}

ArcOutcome verify(const std::string& message, Zone& zone) {
  const auto header = message::parse_header(message);
  BodyDigests bodies;
  ArcVerifier verifier(header, bodies, Wall(std::chrono::seconds(1000)));
  bodies.update(std::string_view(message).substr(header.body()));
  bodies.finish();
  return zone.run(verifier);
}

std::string body_hash(const std::string& message) {
  BodyDigest body(Canonical::relaxed, crypto::DigestKind::sha256, std::nullopt);
  body.update(std::string_view(message).substr(message::parse_header(message).body()));
  return body.finish();
}

Result<std::string> seal(const std::string& message, const std::string& domain, ArcResult chain) {
  const auto header = message::parse_header(message);
  const ArcSealing how{domain, "s", domain + "; spf=pass smtp.mailfrom=a@b.test", chain, 1000};
  PH_TRY(const std::string fields, seal_arc(header, how, key(), body_hash(message)));
  return fields + message;
}

constexpr const char* kMessage =
    "From: a@b.test\r\nTo: list@one.test\r\nSubject: x\r\n\r\nbody\r\n";

/// A chain of three; each of the first two adds a footer before it seals.
std::string chain_of_three(Zone& zone) {
  std::string message = kMessage;
  ArcResult result = ArcResult::none;
  for (const char* domain : {"one.test", "two.test", "three.test"}) {
    result = verify(message, zone).result;
    message = seal(message + "-- \r\n" + domain + "\r\n", domain, result).value();
  }
  return message;
}

TEST(Arc, AChainHoldsWhenEachChangesTheBodyBeforeItSeals) {
  Zone zone = zone_of_sealers();
  const auto outcome = verify(chain_of_three(zone), zone);
  EXPECT_EQ(outcome.result, ArcResult::pass) << outcome.why;
  ASSERT_EQ(outcome.sets.size(), 3U);
  EXPECT_EQ(outcome.sets[0].cv, "none");
  EXPECT_EQ(outcome.sets[2].cv, "pass");
  EXPECT_EQ(outcome.sets[1].domain, "two.test");
  EXPECT_EQ(outcome.sets[1].results, "two.test; spf=pass smtp.mailfrom=a@b.test");
  EXPECT_EQ(verify(kMessage, zone).result, ArcResult::none);
}

TEST(Arc, SaysWhichSetWasChanged) {
  Zone zone = zone_of_sealers();
  const std::string good = chain_of_three(zone);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string message = good;
    message.replace(message.find(from), from.size(), to);
    return verify(message, zone);
  };
  EXPECT_EQ(changed("body\r\n", "bode\r\n").failed_instance, 3U);
  EXPECT_EQ(changed("Subject: x", "Subject: y").result, ArcResult::fail);
  const auto results = changed("i=1; one.test; spf=pass", "i=1; one.test; spf=fail");
  EXPECT_EQ(results.result, ArcResult::fail);
  EXPECT_NE(results.failed_instance, 0U);
  EXPECT_EQ(changed("cv=none", "cv=pass").failed_instance, 1U);
  EXPECT_EQ(changed("i=2; a=", "i=3; a=").result, ArcResult::fail);
  EXPECT_EQ(changed("ARC-Authentication-Results: i=2", "X: i=2").result, ArcResult::fail);
}

TEST(Arc, CommentsMayStandAroundTheInstanceOfResults) {  // RFC 8617 §4.1.1
  const auto results_of = [](const std::string& value) {
    const std::string message = "ARC-Authentication-Results:" + value +
                                "\r\nARC-Message-Signature: i=1\r\nARC-Seal: i=1\r\n\r\n";
    std::string wrong;
    const auto header = message::parse_header(message);
    const auto found = collect_arc(header, wrong);
    return found.size() == 1 ? arc_results(found[0].results->value) : "wrong: " + wrong;
  };
  for (const char* info : {" i=1;", "i=1;", " (set; one)\r\n\ti (i) = (a (b) \\) c;) 1 (d) ;"})
    EXPECT_EQ(results_of(std::string(info) + " one.test; spf=pass"), "one.test; spf=pass") << info;
  for (const char* info : {" (i=1;", " (i=1);", " i=;", " i=(1);", "", ";"})
    EXPECT_TRUE(results_of(std::string(info) + " one.test").starts_with("wrong")) << info;
  EXPECT_TRUE(results_of(std::string(1 << 20, '(')).starts_with("wrong"));
}

TEST(Arc, AFailedChainIsSealedOnceAndStaysFailed) {
  Zone zone = zone_of_sealers();
  const std::string broken = chain_of_three(zone) + "footer\r\n";
  ASSERT_EQ(verify(broken, zone).result, ArcResult::fail);
  const std::string sealed = seal(broken, "one.test", ArcResult::fail).value();
  const auto outcome = verify(sealed, zone);
  EXPECT_EQ(outcome.result, ArcResult::fail);
  EXPECT_EQ(outcome.sets.back().cv, "fail");
  EXPECT_EQ(seal(sealed, "two.test", ArcResult::fail).error().kind, Kind::refused);
}

TEST(Arc, WhatFailedInTheMiddleHasNotPassedLater) {  // RFC 8617 §5.2
  Zone zone = zone_of_sealers();
  std::string message = chain_of_three(zone);
  const auto seal_of_two = message.find("ARC-Seal: i=2");
  ASSERT_NE(seal_of_two, message.npos);
  message.replace(message.find("cv=pass", seal_of_two), 7, "cv=fail");
  const auto outcome = verify(message, zone);
  EXPECT_EQ(outcome.result, ArcResult::fail);
  EXPECT_EQ(outcome.failed_instance, 2U);
  EXPECT_NE(outcome.why.find("sealed it as failed"), outcome.why.npos) << outcome.why;
}

TEST(Arc, HasFiftySetsAtMost) {
  Zone zone = zone_of_sealers();
  std::string message = kMessage;
  for (unsigned i = 0; i < kArcSetsMax; ++i) {
    message = seal(message, "one.test", i == 0 ? ArcResult::none : ArcResult::pass).value();
  }
  const auto outcome = verify(message, zone);
  EXPECT_EQ(outcome.result, ArcResult::pass) << outcome.why;
  EXPECT_EQ(outcome.sets.size(), kArcSetsMax);
  EXPECT_EQ(seal(message, "one.test", ArcResult::pass).error().kind, Kind::refused);
  const std::string too_long =
      "ARC-Seal: i=51; cv=pass; a=rsa-sha256; d=x; s=y; b=AAAA\r\n" + message;
  EXPECT_EQ(verify(too_long, zone).result, ArcResult::fail);
}

TEST(Arc, DnsTroubleIsTemporary) {
  Zone zone = zone_of_sealers();
  const std::string message = chain_of_three(zone);
  Zone other;
  other.txt("s._domainkey.three.test", {format_dkim_record(key())});
  EXPECT_EQ(verify(message, other).result, ArcResult::fail);  // a key that is gone
  for (const char* domain : {"one.test", "two.test"})
    other.fails(std::string("s._domainkey.") + domain, dns::Status::timed_out);
  EXPECT_EQ(verify(message, other).result, ArcResult::temperror);
}

// RFC 5322 §2.1.1: 998 octets a line, better 78. RFC 8617 §4.1.2: the forms are relaxed, so that a
// fold changes nothing that is signed.
TEST(Arc, WritesLinesThatMayBeSent) {
  Zone zone = zone_of_sealers();
  std::string results = "mx.one.test";
  for (int i = 0; i < 40; ++i)
    results += "; dkim=fail (the signature is of another body) header.d=d" + std::to_string(i) +
               ".one.test header.i=@one.test header.s=s header.a=rsa-sha256 header.b=abcdefgh";
  ASSERT_GT(results.size(), 4000U);
  const auto sealed_with = [](const std::string& said, const std::string& message) {
    const auto header = message::parse_header(message);
    return seal_arc(header, {"one.test", "s", said, ArcResult::none, 1000}, key(),
                    body_hash(message));
  };
  const auto fields = sealed_with(results, kMessage);
  ASSERT_TRUE(fields.has_value());
  std::size_t lines = 0;
  for (std::string_view rest = *fields; !rest.empty(); ++lines) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    EXPECT_LE(line.size(), 78U) << line;
    EXPECT_NE(line, "");
    rest.remove_prefix(line.size() + 2);
  }
  EXPECT_GT(lines, 50U);
  const auto outcome = verify(*fields + kMessage, zone);
  EXPECT_EQ(outcome.result, ArcResult::pass) << outcome.why;
  ASSERT_EQ(outcome.sets.size(), 1U);
  std::string read = outcome.sets[0].results;
  std::ranges::replace(read, '\t', ' ');
  EXPECT_EQ(read, results);
  // A chain over it holds, and so does one whose fields a relay folds otherwise.
  const std::string two = seal(*fields + kMessage, "two.test", ArcResult::pass).value();
  EXPECT_EQ(verify(two, zone).result, ArcResult::pass);
  std::string unfolded = two;
  const auto begin = unfolded.find("ARC-Authentication-Results: i=1");
  const auto end = unfolded.find("\r\nFrom:", begin);
  ASSERT_NE(end, unfolded.npos);
  std::string field = unfolded.substr(begin, end - begin);
  for (auto at = field.find("\r\n"); at != field.npos; at = field.find("\r\n", at))
    field.erase(at, 2);
  unfolded.replace(begin, end - begin, field);
  EXPECT_EQ(verify(unfolded, zone).result, ArcResult::pass);
  // A word without a blank that fits just, and one that does not.
  const std::string just(kArcLineOctetsMax - 1, 'x');
  ASSERT_TRUE(sealed_with("mx.test; none " + just, kMessage).has_value());
  EXPECT_EQ(sealed_with("mx.test; none " + just + "x", kMessage).error().kind, Kind::over_limit);
}

TEST(Arc, SealsHaveTheirGrammar) {
  for (const char* bad : {"", "i=1; a=rsa-sha256; cv=none; d=x.test; s=s",
                          "i=1; a=rsa-sha256; cv=maybe; d=x.test; s=s; b=AAAA",
                          "i=1; a=rsa-sha256; cv=none; d=x.test; s=s; b=AAAA; h=from",
                          "i=1; a=rsa-md5; cv=none; d=x.test; s=s; b=AAAA",
                          "i=1; a=rsa-sha256; d=x.test; s=s; b=AAAA",
                          "i=1; a=rsa-sha256; cv=none; cv=none; d=x.test; s=s; b=AAAA"}) {
    EXPECT_FALSE(parse_arc_seal(bad).has_value()) << bad;
  }
  EXPECT_TRUE(parse_arc_seal("i=1; a=rsa-sha256; cv=none; d=x.test; s=s; b=AAAA").has_value());
}

}  // namespace
}  // namespace ph::mailauth
