#include "mailauth/dkim_diagnose.h"

#include <gtest/gtest.h>

#include "codec/base64.h"

namespace ph::mailauth {
namespace {

constexpr std::string_view kHeader =
    "From: a@x.test\r\nSubject: [list]  old  news\r\nList-Id: <l.test>\r\n";

DkimSignature signature_of(std::string_view body, Canonical form) {
  DkimSignature out;
  out.body_form = form;
  BodyDigest digest(form, crypto::DigestKind::sha256, std::nullopt);
  digest.update(body);
  out.body_hash = digest.finish();
  return out;
}

std::vector<DkimChange> diagnose(std::string_view body, const DkimSignature& signature) {
  const std::string message =
      "DKIM-Signature: x\r\n" + std::string(kHeader) + "\r\n" + std::string(body);
  const auto header = message::parse_header(message);
  return diagnose_dkim(header, body, signature);
}

TEST(DkimDiagnose, TellsTheLineAfterWhichABodyWasAltered) {
  const std::string body = "one\r\n\r\ntwo \t words \r\nthree\r\n";
  for (const auto form : {Canonical::simple, Canonical::relaxed}) {
    const auto signature = signature_of(body, form);
    EXPECT_TRUE(diagnose(body, signature).empty());
    const auto changes = diagnose(body + "\r\n-- \r\na footer\r\n", signature);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].kind, "body_added");
    EXPECT_NE(changes[0].what.find("after line 4: 3 lines"), std::string::npos) << changes[0].what;
    // Altered in its middle: no prefix fits, and nothing is said.
    EXPECT_TRUE(diagnose("one\r\n\r\nTWO words\r\nthree\r\n", signature).empty());
  }
}

TEST(DkimDiagnose, TellsEveryPlaceOfAFooter) {
  std::string body;
  for (int i = 0; i < 60; ++i) body += i % 7 == 0 ? "\r\n" : "line  " + std::to_string(i) + "\r\n";
  for (const auto form : {Canonical::simple, Canonical::relaxed}) {
    for (std::size_t end = body.find("\r\n", 2); end != std::string::npos && end + 2 < body.size();
         end = body.find("\r\n", end + 2)) {
      const std::string before = body.substr(0, end + 2);
      if (before.ends_with("\r\n\r\n")) continue;  // counts as what stands before
      const auto changes = diagnose(body, signature_of(before, form));
      ASSERT_EQ(changes.size(), 1U) << end;
      EXPECT_EQ(changes[0].kind, "body_added");
    }
  }
}

TEST(DkimDiagnose, SaysWhenOnlyWhiteSpaceOfTheBodyWasChanged) {
  const auto signature = signature_of("one two\r\n\r\nthree\r\n", Canonical::simple);
  for (const std::string body : {"one two  \r\n\r\nthree\r\n", "one two\r\n \r\nthree\t\r\n\r\n"}) {
    const auto changes = diagnose(body, signature);
    ASSERT_EQ(changes.size(), 1U) << body;
    EXPECT_EQ(changes[0].kind, "body_spaced");
    EXPECT_EQ(changes[0].what,
              "only white space at ends of lines was changed in the body on the way: signed with "
              "c=relaxed it would have passed");
  }
  // Between words it was the signer, as a rule.
  for (const std::string body : {"one  two\r\n\r\nthree\r\n", "one\ttwo\r\n\r\nthree\r\n"}) {
    const auto changes = diagnose(body, signature);
    ASSERT_EQ(changes.size(), 1U) << body;
    EXPECT_EQ(changes[0].kind, "body_form");
  }
  EXPECT_TRUE(diagnose("one two\r\nthree\r\n", signature).empty());
}

TEST(DkimDiagnose, SaysNothingOfCopiesWithoutAName) {
  auto signature = signature_of("x\r\n", Canonical::relaxed);
  signature.copied = {{"", "ZZ"}, {"Date", " today"}};
  const auto changes = diagnose("x\r\n", signature);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].what, "Date was removed");
}

TEST(DkimDiagnose, AnEmptyBodyThatWasFilled) {
  const auto changes = diagnose("all new\r\n", signature_of("", Canonical::simple));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_NE(changes[0].what.find("was empty"), std::string::npos);
}

TEST(DkimDiagnose, TellsTheFieldThatWasRewritten) {
  auto signature = signature_of("x\r\n", Canonical::relaxed);
  signature.fields = {"from", "subject"};
  signature.copied = {{"From", " a@x.test"}, {"Subject", " old news"}, {"Date", " today"}};
  const auto changes = diagnose("x\r\n", signature);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].what, "Subject rewritten: a tag was put before \"old news\"");
  EXPECT_EQ(changes[1].what, "Date was removed");
  signature.copied = {{"Subject", " other"}};
  EXPECT_EQ(diagnose("x\r\n", signature).front().what, "Subject rewritten: it was \"other\"");
}

TEST(DkimDiagnose, TheWorkIsBounded) {
  std::string body;
  for (std::size_t i = 0; i < 3 * kDiagnosedEndsMax; ++i) body += "x\r\n";
  // Signed is what stands before an end that is not tried any more.
  EXPECT_TRUE(diagnose(body, signature_of("x\r\n", Canonical::simple)).empty());
  EXPECT_FALSE(
      diagnose(body, signature_of(body.substr(0, body.size() - 3), Canonical::simple)).empty());
}

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return made;
}

std::string signed_simply(std::string_view head) {
  const std::string message = std::string(head) + "\r\nbody\r\n";
  BodyDigest body(Canonical::simple, crypto::DigestKind::sha256, std::nullopt);
  body.update("body\r\n");
  const DkimSigning how{.domain = "x.test",
                        .selector = "s",
                        .header_form = Canonical::simple,
                        .body_form = Canonical::simple};
  return sign_dkim(message::parse_header(message), how, key(), body.finish()).value() + message;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

/// Kind and text of what is said of the header, joined.
std::string said_of(const std::string& message) {
  const auto header = message::parse_header(message);
  const auto& field = *header.first("dkim-signature");
  const auto changes = diagnose_header(header, field, parse_dkim_signature(field.value).value(),
                                       format_dkim_record(key()));
  EXPECT_LE(changes.size(), 1U);
  return changes.empty() ? "" : changes[0].kind + ": " + changes[0].what;
}

TEST(DkimDiagnose, SaysWhenOnlyWhiteSpaceOfTheHeaderWasChanged) {
  const std::string good =
      signed_simply("From: a@x.test\r\nSubject: a long\r\n\tsubject\r\nTo:  b@y.test\r\n");
  const std::string whole =
      signed_simply("From: a@x.test\r\nSubject: a long subject\r\nTo:  b@y.test\r\n");
  for (const auto& [message, words] : std::vector<std::pair<std::string, std::string>>{
           {replaced(whole, "long subject", "long\r\n subject"), "folded"},
           {replaced(good, "long\r\n\tsubject", "long\r\n subject"), "tabs"},
           {replaced(good, "; s=s", ";\r\n\ts=s"), ""},  // two folds of which one was there
       }) {
    const std::string said = said_of(message);
    if (words.empty()) {
      EXPECT_EQ(said, "");
      continue;
    }
    EXPECT_TRUE(said.starts_with("header_spaced: only white space")) << said;
    EXPECT_NE(said.find(words), said.npos) << said;
    EXPECT_NE(said.find("c=relaxed"), said.npos) << said;
  }
  EXPECT_EQ(said_of(replaced(good, "a long", "no long")), "");
  EXPECT_EQ(said_of(replaced(signed_simply("From: a@x.test\r\nTo: b@y.test\r\n"), "To: b", "To:b"))
                .substr(0, 13),
            "header_spaced");
  // Without the key nothing can be said.
  const auto header = message::parse_header(good);
  const auto& field = *header.first("dkim-signature");
  EXPECT_TRUE(
      diagnose_header(header, field, parse_dkim_signature(field.value).value(), "").empty());
}

TEST(DkimDiagnose, SaysWhenTheHeaderWasSignedInTheOtherForm) {
  const std::string rest = "From: a@x.test\r\nSubject: a  b\r\n\r\nbody\r\n";
  BodyDigest body(Canonical::relaxed, crypto::DigestKind::sha256, std::nullopt);
  body.update("body\r\n");
  const std::string body_hash = codec::encode_base64(body.finish());
  const std::string own =
      "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/relaxed; d=x.test; "
      "s=s; h=from:subject; bh=" +
      body_hash + "; b=";
  crypto::Digest digest(crypto::DigestKind::sha256);
  digest.update(
      signed_header(message::parse_header(rest), {"from", "subject"}, Canonical::relaxed, own));
  const std::string signature = key().sign(digest.finish()).value();
  EXPECT_TRUE(
      said_of(own + codec::encode_base64(signature) + "\r\n" + rest).starts_with("header_form"));
}

TEST(DkimDiagnose, SaysWhereTheCopySaysThatOnlyWhiteSpaceWasChanged) {
  DkimSignature signature = signature_of("body\r\n", Canonical::simple);
  signature.copied.emplace_back("subject", "[list] old  news");
  const auto changes = diagnose("body\r\n", signature);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, "field_spaced");
}

}  // namespace
}  // namespace ph::mailauth
