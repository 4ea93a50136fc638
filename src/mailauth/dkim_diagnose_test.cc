#include "mailauth/dkim_diagnose.h"

#include <gtest/gtest.h>

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
  return diagnose_dkim(header, header.fields().front(), body, signature);
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
  signature.copied.clear();
  EXPECT_EQ(diagnose("x\r\n", signature).front().kind, "field_rewritten");
}

TEST(DkimDiagnose, TheWorkIsBounded) {
  std::string body;
  for (std::size_t i = 0; i < 3 * kDiagnosedEndsMax; ++i) body += "x\r\n";
  // Signed is what stands before an end that is not tried any more.
  EXPECT_TRUE(diagnose(body, signature_of("x\r\n", Canonical::simple)).empty());
  EXPECT_FALSE(
      diagnose(body, signature_of(body.substr(0, body.size() - 3), Canonical::simple)).empty());
}

}  // namespace
}  // namespace ph::mailauth
