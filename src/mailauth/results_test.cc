#include "mailauth/results.h"

#include <gtest/gtest.h>

#include "mailauth/results_words.h"

namespace ph::mailauth {
namespace {

AuthenticationFacts facts() {
  return {.authserv_id = "mx.test", .ip = "192.0.2.1", .helo = "out.x.test", .sender = "a@x.test"};
}

SpfOutcome spf(SpfResult result) {
  SpfOutcome out;
  out.result = result;
  out.domain = "x.test";
  out.mechanism = "ip4:192.0.2.0/24";
  out.why = "192.0.2.1 may send for x.test";
  return out;
}

/// No line is longer than RFC 5322 §2.1.1 has it, each but the last goes on with a fold, and there
/// are no other control characters.
void expect_well_formed(const std::string& field) {
  ASSERT_TRUE(field.ends_with("\r\n"));
  std::size_t from = 0;
  while (from < field.size()) {
    const auto end = field.find("\r\n", from);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - from, 998U);
    for (const char c : field.substr(from, end - from))
      EXPECT_TRUE(c == '\t' || (c >= 0x20 && c < 0x7f)) << int{c};
    from = end + 2;
    if (from < field.size()) EXPECT_TRUE(field[from] == '\t' || field[from] == ' ') << field;
  }
}

// RFC 8601 §2.2.
TEST(Results, WithoutAnyCheckThereIsNone) {
  EXPECT_EQ(authentication_results_field(facts()), "Authentication-Results: mx.test; none\r\n");
  EXPECT_EQ(authentication_results(facts()), "mx.test; none");
}

TEST(Results, EachMethodSaysItsIdentity) {
  auto given = facts();
  given.account = "a@x.test";
  given.iprev = IprevOutcome{IprevResult::pass, "out.x.test", ""};
  given.spf = spf(SpfResult::pass);
  DkimOutcome signature;
  signature.result = DkimResult::pass;
  signature.domain = "x.test";
  signature.selector = "s1";
  signature.algorithm = "rsa-sha256";
  signature.b_text = "abcdefghijkl";
  signature.key_bits = 2048;
  given.dkim = std::vector{signature};
  DmarcOutcome dmarc;
  dmarc.result = DmarcResult::pass;
  dmarc.author_domain = "x.test";
  given.dmarc = dmarc;
  given.arc = ArcOutcome{};
  const std::string one_line = authentication_results(given);
  for (const char* part :
       {"auth=pass smtp.auth=a@x.test", "iprev=pass (out.x.test) policy.iprev=192.0.2.1",
        "spf=pass", "smtp.mailfrom=a@x.test", "dkim=pass (2048-bit key)", "header.d=x.test",
        "header.s=s1", "header.a=rsa-sha256", "header.b=abcdefgh", "dmarc=pass",
        "header.from=x.test", "arc=none"})
    EXPECT_NE(one_line.find(part), std::string::npos) << part << " in " << one_line;
  expect_well_formed(authentication_results_field(given));
}

TEST(Results, TheNullPathHasTheNameInHelo) {
  auto given = facts();
  given.sender = "";
  given.spf = spf(SpfResult::fail);
  given.spf->helo_identity = true;
  EXPECT_NE(authentication_results(given).find("smtp.helo=out.x.test"), std::string::npos);
}

TEST(Results, TextsOfStrangersBreakNothing) {
  for (const std::string_view evil : {"x\r\nBcc: y@z.test", "a; dkim=pass", "\"", "\\", ")(", "(",
                                      "a b", "\xc3\xa9@x.test", "", "=", "\0\x01"}) {
    auto given = facts();
    given.helo = evil;
    given.sender = std::string(evil) + "@x.test";
    given.account = std::string(evil);
    given.spf = spf(SpfResult::permerror);
    given.spf->why = evil;
    given.spf->mechanism = evil;
    DkimOutcome signature;
    signature.result = DkimResult::neutral;
    signature.why = signature.domain = signature.selector = signature.identity = evil;
    given.dkim = std::vector{signature};
    const std::string field = authentication_results_field(given);
    expect_well_formed(field);
    // One result a method that was checked, whatever the texts say.
    EXPECT_EQ(field.find(";\r\n\tdkim=pass"), std::string::npos) << field;
    expect_well_formed(received_spf_field(*given.spf, given));
  }
}

TEST(Results, ManySignaturesAreCut) {
  auto given = facts();
  DkimOutcome signature;
  signature.result = DkimResult::fail;
  signature.why = std::string(5000, 'x');
  given.dkim = std::vector(1000, signature);
  const std::string field = authentication_results_field(given);
  std::size_t told = 0;
  for (auto at = field.find("dkim=fail"); at != std::string::npos;
       at = field.find("dkim=fail", at + 1))
    ++told;
  EXPECT_EQ(told, kResultsSignaturesMax);
  EXPECT_LT(field.size(), 8192U);
  expect_well_formed(field);
}

// RFC 7208 §9.1.
TEST(Results, ReceivedSpf) {
  const auto given = facts();
  const std::string field = received_spf_field(spf(SpfResult::pass), given);
  expect_well_formed(field);
  EXPECT_TRUE(field.starts_with("Received-SPF: pass (mx.test:"));
  for (const char* part : {"client-ip=192.0.2.1;", "envelope-from=a@x.test;", "helo=out.x.test;",
                           "identity=mailfrom;", "mechanism=ip4:192.0.2.0/24;"})
    EXPECT_NE(field.find(part), std::string::npos) << part << " in " << field;
}

// A name that is cut is the name of somebody else. RFC 8601 §2.7.
TEST(Results, NamesAreNeverCut) {
  const std::string label(63, 'b');
  const std::string domain =
      label + "." + label + "." + label + "." + std::string(30, 'b') + ".paypal.com.e.test";
  for (const std::size_t local : {1U, 64U, 65U, 100U, 400U, 5000U}) {
    auto given = facts();
    given.sender = std::string(local, 'x') + "@" + domain;
    given.account = given.sender;
    given.helo = domain;
    given.spf = spf(SpfResult::pass);
    given.spf->why = "192.0.2.1 may send for " + domain;
    given.spf->why += " " + domain;
    given.spf->mechanism = "include:" + domain;
    DkimOutcome signature;
    signature.result = DkimResult::pass;
    signature.domain = signature.selector = domain;
    signature.identity = given.sender;
    given.dkim = std::vector{signature};
    given.iprev = IprevOutcome{IprevResult::pass, domain, ""};
    given.dmarc = DmarcOutcome{.result = DmarcResult::permerror, .author_domain = domain};
    given.dmarc->why = given.spf->why;
    const std::string field = authentication_results_field(given);
    const std::string received = received_spf_field(*given.spf, given);
    expect_well_formed(field);
    expect_well_formed(received);
    for (const std::string& text : {field, received})
      for (auto at = text.find(".paypal.com"); at != text.npos;
           at = text.find(".paypal.com", at + 1))
        EXPECT_EQ(text.substr(at, 18), ".paypal.com.e.test") << text;
    EXPECT_NE(field.find(domain), field.npos);
    const bool fits = local + 1 + domain.size() <= 320;
    EXPECT_EQ(field.find("smtp.mailfrom=" + domain) != field.npos, !fits) << field;
    EXPECT_EQ(field.find("header.i=@" + domain) != field.npos, !fits) << field;
    EXPECT_EQ(field.find("smtp.mailfrom=" + given.sender) != field.npos, fits) << field;
    EXPECT_EQ(received.find("envelope-from=" + domain + ";") != received.npos, !fits) << received;
  }
  auto given = facts();
  given.sender = "a@" + domain + "." + label;  // longer than a domain may be
  given.spf = spf(SpfResult::none);
  given.helo = given.sender.substr(2);
  EXPECT_EQ(authentication_results(given).find("smtp."), std::string::npos);
  EXPECT_EQ(received_spf_field(*given.spf, given).find("paypal"), std::string::npos);
  given.sender = "a@[x:b@paypal.com]";
  EXPECT_NE(authentication_results(given).find("\"a@[x:b@paypal.com]\""), std::string::npos);
}

// RFC 8616 §5: as A-labels in a message that is not SMTPUTF8.
TEST(Results, InternationalNamesCanBeRead) {
  auto given = facts();
  given.helo =
      "b\xc3\xbc"
      "cher.test";
  given.account = given.sender =
      "j\xc3\xb6rg@b\xc3\xbc"
      "cher.test";
  given.spf = spf(SpfResult::pass);
  given.spf_helo = given.spf;
  given.spf_helo->helo_identity = true;
  DkimOutcome signature;
  signature.domain = "xn--bcher-kva.test";
  signature.identity = given.sender;
  given.dkim = std::vector{signature};
  given.dmarc = DmarcOutcome{.author_domain = given.helo};
  const std::string field = authentication_results(given);
  for (const char* part : {" smtp.mailfrom=xn--bcher-kva.test", " smtp.helo=xn--bcher-kva.test",
                           " smtp.auth=xn--bcher-kva.test", " header.i=@xn--bcher-kva.test",
                           " header.from=xn--bcher-kva.test"})
    EXPECT_NE(field.find(part), field.npos) << part << " in " << field;
  const std::string received = received_spf_field(*given.spf, given);
  for (const char* part : {"envelope-from=xn--bcher-kva.test;", "helo=xn--bcher-kva.test;"})
    EXPECT_NE(received.find(part), received.npos) << part << " in " << received;
  EXPECT_EQ((field + received).find('?'), std::string::npos) << field << received;
  given.sender =
      "jo@b\xc3\xbc"
      "cher.test";
  EXPECT_NE(authentication_results(given).find("=jo@xn--bcher-kva.test"), std::string::npos);
  given.sender =
      "jo@b\xfc"
      "cher.test";
  EXPECT_EQ(authentication_results(given).find("smtp.mailfrom"), std::string::npos);
}

// RFC 8601 §5: as people see it, it is ours.
TEST(Results, NamesThatLookLikeOursAreFound) {
  struct Case {
    const char *host, *field;
    bool forged;
  };
  constexpr const char* kAscii = "mail.xn--bcher-kva.test";
  constexpr const char* kUnicode =
      "mail.b\xc3\xbc"
      "cher.test";
  for (const Case& one : {
           Case{kAscii,
                "Authentication-Results: mail.b\xc3\xbc"
                "cher.test; dmarc=pass",
                true},
           Case{kAscii,
                "Authentication-Results: MAIL.B\xc3\x9c"
                "CHER.test; dmarc=pass",
                true},
           Case{kUnicode, "Authentication-Results: Mail.XN--bcher-kva.test; dmarc=pass", true},
           Case{kUnicode,
                "Authentication-Results: mail.b\xc3\xbc"
                "cher.test; dmarc=pass",
                true},
           Case{kAscii, "Authentication-Results: mail.bucher.test; dmarc=pass", false},
           Case{"mx.test", "Authentication-Results: mx.test.; dmarc=pass", true},
           Case{"mx.test.", "Authentication-Results: mx.test; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: mx\xe3\x80\x82test; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: \f\vmx.test\v; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: \xc2\xa0mx.test\xc2\xa0; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: m\xe2\x80\x8bx.test; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: m\xe2\x80\x8cx.te\xe2\x80\x8dst; dmarc=pass",
                true},
           Case{"mx.test", "Authentication-Results: \xef\xbb\xbfmx.test\xe2\x81\xa0; dmarc=pass",
                true},
           Case{"mx.test", "Authentication-Results: mx\xc2\xad.test; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: dmarc = pass; spf=pass", true},
           Case{"mx.test", "Authentication-Results: (x) dmarc (y) =pass", true},
           Case{"mx.test", "Authentication-Results: i=1; mx.test; dmarc=pass", true},
           Case{"mx.test", "Authentication-Results: other.test 1; dmarc=pass", false},
           Case{"mx.test", "Authentication-Results: my.test; dmarc=pass", false},
           Case{"mx.test", "Received-SPF: pass receiver=other.test; receiver=mx.test", true},
           Case{"mx.test", "Received-SPF: pass receiver=other.test; receiver=m\xe2\x80\x8bx.test.",
                true},
           Case{"mx.test", "Received-SPF: pass rece\xc2\xadiver=mx.test; receiver=b.test", true},
           Case{kAscii,
                "Received-SPF: pass receiver=mail.b\xc3\xbc"
                "cher.test",
                true},
           Case{"mx.test", "Received-SPF: pass receiver=a.test; receiver=b.test", false},
       }) {
    const std::string message = std::string(one.field) + "\r\n\r\n";
    const auto header = message::parse_header(message);
    ASSERT_EQ(header.fields().size(), 1U) << one.field;
    EXPECT_EQ(forged_results(header, one.host).size(), one.forged ? 1U : 0U) << one.field;
  }
  std::string many = "Received-SPF: pass receiver=a.test;";
  for (int i = 0; i < 100; ++i) many += " x=y;";
  many += " receiver=mx.test\r\n\r\n";
  const auto header = message::parse_header(many);
  EXPECT_EQ(forged_results(header, "mx.test").size(), 1U);
}

// What a reader takes for ours that is content with less than the grammar of RFC 8601 §2.2.
TEST(Results, ClaimsThatAreNotInOrderAreFound) {
  const auto is_forged = [](const std::string& field) {
    const std::string message = field + "\r\n\r\n";
    return forged_results(message::parse_header(message), "mail.b.test").size() == 1;
  };
  for (const std::string unseen :
       {"\u3164", "\u115f", "\u2800", "\u17b4", "\U0001d173", "\ufff9", "\ufffd", "\xa0", "\xff"})
    for (const std::string& claim : {"mail.b.test" + unseen, unseen + "mail.b.test",
                                     "mail.b" + unseen + ".test", "mail.b.test " + unseen})
      EXPECT_TRUE(is_forged("Authentication-Results: " + claim + "; dmarc=pass")) << claim;
  EXPECT_TRUE(is_forged("Authentication-Results: mail.b\uffa0.test; dmarc=pass"));
  for (const char* claim :
       {"mail.b.test, dmarc", "mail.b.test/1", "mail.b.test: x", "<mail.b.test>", "'mail.b.test'",
        "mail.b.test%00", "other.test mail.b.test", "\"other.test mail.b.test\"", "[mail.b.test]",
        "mail.b.test(", "(mail.b.test", "\"mail.b.test", "\"\"", "(x)", "\"mail\\.b.test\"",
        "other.test (; mail.b.test"})
    EXPECT_TRUE(is_forged(std::string("Authentication-Results: ") + claim + "; dmarc=pass"))
        << claim;
  for (const char* claim : {"other.test", "x.mail.b.test", "mail.b.test.evil.test", "amail.b.test",
                            "other.test 1", "other.test (not mail.b.test)", "\"other.test\"",
                            "b\u00fccher.test", "mail_b.test", "(\\(mail.b.test; \\)) other.test"})
    EXPECT_FALSE(is_forged(std::string("Authentication-Results: ") + claim + "; x=mail.b.test"))
        << claim;
  std::string filler;
  for (int i = 0; i < 200; ++i) filler += "a ";
  for (const std::string& value :
       {"pass (x) receiver=other.test; " + filler + "receiver=mail.b.test; client-ip=1.2.3.4",
        std::string("pass (mail.b.test: ok) receiver=<UNKNOWN>"),
        std::string("pass receiver=<mail.b.test>"), std::string("pass receiver=\"mail.b.test\"")})
    EXPECT_TRUE(is_forged("Received-SPF: " + value)) << value;
  EXPECT_FALSE(
      is_forged("Received-SPF: pass (other.test: domain of a@b.test designates 192.0.2.1 as "
                "permitted sender) client-ip=192.0.2.1; envelope-from=\"a@b.test\"; "
                "helo=mail.b.test; receiver=other.test; identity=mailfrom"));
  // The longest that another server of our kind writes.
  std::string why;
  while (why.size() < kCommentOctetsMax) why += "a ";
  const AuthenticationFacts theirs{
      .authserv_id = "other.test", .ip = "192.0.2.1", .helo = "mail.b.test", .sender = "a@b.test"};
  const SpfOutcome outcome{.result = SpfResult::permerror,
                           .domain = "b.test",
                           .mechanism = "include:x.test",
                           .why = why};
  const std::string field = received_spf_field(outcome, theirs);
  EXPECT_FALSE(is_forged(field.substr(0, field.size() - 2))) << field;  // without its CRLF
  EXPECT_TRUE(is_forged("Received-SPF: pass x=\"; receiver=other.test"));
  EXPECT_TRUE(is_forged("Received-SPF: pass (((" + why + "; receiver=other.test"));
  std::string names;
  for (int i = 0; i < 17; ++i) names += "b\u00fccher.test ";
  EXPECT_TRUE(is_forged("Authentication-Results: " + names + "; dmarc=pass"));
  EXPECT_FALSE(is_forged("Authentication-Results: " + names.substr(12 * 14) + "; dmarc=pass"));
  const std::string long_one = std::string(1 << 20, '(');
  EXPECT_TRUE(is_forged("Authentication-Results: " + long_one));
}

// RFC 8601 §5.
TEST(Results, FieldsThatClaimToBeOursAreFound) {
  const std::string message =
      "Authentication-Results: mx.test; spf=pass\r\n"
      "Authentication-Results: other.test; spf=pass\r\n"
      "authentication-results: (a comment) MX.TEST 1; spf=pass\r\n"
      "Authentication-Results:\r\n \"mx.test\"; spf=pass\r\n"
      "Authentication-Results: ; spf=pass\r\n"
      "Authentication-Results: mx.test.evil.test; spf=pass\r\n"
      "X-Authentication-Results: mx.test; spf=pass\r\n"
      "Received-SPF: pass (mx.test: fine) client-ip=192.0.2.1; Receiver=MX.test\r\n"
      "Received-SPF: pass client-ip=192.0.2.1; receiver=other.test\r\n"
      "Received-SPF: pass\r\n"
      "\r\n";
  const auto header = message::parse_header(message);
  std::vector<std::size_t> found;
  for (const auto* field : forged_results(header, "mx.test"))
    found.push_back(static_cast<std::size_t>(field - header.fields().data()));
  EXPECT_EQ(found, (std::vector<std::size_t>{0, 2, 3, 4, 7, 9}));
}

}  // namespace
}  // namespace ph::mailauth
