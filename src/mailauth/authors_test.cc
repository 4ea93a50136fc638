#include "mailauth/authors.h"

#include <gtest/gtest.h>

#include "mailauth/dmarc.h"

namespace ph::mailauth {
namespace {

using enum AuthorTrouble;
using Domains = std::vector<std::string>;

struct Case {
  std::string_view what;
  std::string from;  // whole fields, without the last line end
  AuthorTrouble trouble;
  Domains domains;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // In order.
      {"one", "From: a@b.test", none, {"b.test"}},
      {"named", "from : Ann <a@B.Test.>", none, {"b.test"}},
      {"internationalised",
       "From: a@b\xc3\xbc"
       "cher.test",
       none,
       {"xn--bcher-kva.test"}},
      {"in capitals, not normal",
       "From: a@BU\xcc\x88"
       "CHER.test",
       none,
       {"xn--bcher-kva.test"}},
      {"full width", "From: a@\xef\xbd\x82.test", none, {"b.test"}},
      {"soft hyphen", "From: a@b\xc2\xadx.test", none, {"bx.test"}},
      {"ideographic full stop", "From: a@b\xe3\x80\x82test", none, {"b.test"}},
      {"of two", "From: a@b.test, c@d.test", none, {"b.test", "d.test"}},
      {"of two in one domain", "From: a@b.test, c@b.test", none, {"b.test"}},
      {"in a group", "From: We: a@b.test, c@d.test;", none, {"b.test", "d.test"}},
      {"a name that is an address, in quotes",
       "From: \"a@bank.test\" <x@evil.test>",
       none,
       {"evil.test"}},
      {"a comment that is one", "From: x@evil.test (a@bank.test)", none, {"evil.test"}},
      {"an encoded name that is one",
       "From: =?utf-8?q?a=40bank.test?= <x@evil.test>",
       none,
       {"evil.test"}},
      {"a sign in a name", "From: Tom @ Work @tom <x@evil.test>", none, {"evil.test"}},
      {"a sign and dots in a name", "From: Meet me @...now <x@evil.test>", none, {"evil.test"}},
      {"a sign and dots between", "From: Meet @home...now <x@y.test>", none, {"y.test"}},
      {"a sign and a line", "From: Tom @-.- @_._ @. <x@evil.test>", none, {"evil.test"}},
      {"a wide sign in a name", "From: Tom \xef\xbc\xa0 Work <x@evil.test>", none, {"evil.test"}},
      {"a wide sign in quotes",
       "From: \"a\xef\xbc\xa0"
       "bank.test\" <x@evil.test>",
       none,
       {"evil.test"}},
      {"8-bit name", "From: M\xfcller <a@b.test>", none, {"b.test"}},
      {"of a host", "From: a@[192.0.2.1]", none, {}},
      {"of a host, IPv6", "From: a@[IPv6:2001:db8::1]", none, {}},
      {"underscores", "From: a@my_host.b.test", none, {"my_host.b.test"}},
      {"quoted local part", "From: \"a@bank.test\"@evil.test", none, {"evil.test"}},
      // Readers differ: all that may be shown counts.
      {"an address as a name without quotes",
       "From: a@bank.test <x@evil.test>",
       none,
       {"evil.test", "bank.test"}},
      {"two in brackets", "From: <a@bank.test> <x@evil.test>", none, {"bank.test", "evil.test"}},
      {"an address in quotes alone", "From: \"a@bank.test\"", none, {"bank.test"}},
      {"a route", "From: <@bank.test:x@evil.test>", none, {"evil.test", "bank.test"}},
      {"two at", "From: <a@bank.test@evil.test>", none, {"evil.test", "bank.test"}},
      {"a quote that is not closed", "From: \"Bank <a@bank.test>", none, {"bank.test"}},
      {"a comment that is not closed", "From: (Bank <a@bank.test>", none, {"bank.test"}},
      {"no comma", "From: a@bank.test x@evil.test", none, {"bank.test", "evil.test"}},
      {"a quote behind a backslash",
       R"(From: "\" <ceo@bank.test> "" <x@evil.test>)",
       none,
       {"evil.test"}},
      {"a wide sign beside an address",
       "From: a\xef\xbc\xa0"
       "bank.test <x@evil.test>",
       none,
       {"evil.test", "bank.test"}},
      {"a small sign in an address",
       "From: <a\xef\xb9\xab"
       "bank.test@evil.test>",
       none,
       {"evil.test", "bank.test"}},
      {"ideographic full stops in a name",
       "From: a@bank\xe3\x80\x82test\xe3\x80\x82 <x@evil.test>",
       none,
       {"evil.test", "bank.test"}},
      {"a dot in front in a name", "From: a@.bank.test <x@evil.test>", no_domain, {"evil.test"}},
      {"blanks around dots", "From: a@bank . test", none, {"bank.test"}},
      // Not in order.
      {"none", "To: a@b.test", missing, {}},
      {"empty", "From: ", missing, {}},
      {"a comment alone", "From: (a comment)", missing, {}},
      {"two fields", "From: a@b.test\r\nFrom: c@b.test", several, {"b.test"}},
      {"two fields, one empty", "From:\r\nFROM: c@b.test", several, {"b.test"}},
      {"two empty fields", "From:\r\nFrom:", several, {}},
      {"NUL",
       std::string("From: <a@bank.test\0@evil.test>", 31),
       unclear,
       {"evil.test", "bank.test"}},
      {"DEL", "From: a\x7f@b.test", unclear, {"b.test"}},
      {"a bare CR", "From: a@b.test\rc@d.test", unclear, {"b.test", "d.test"}},
      {"an encoded address", "From: =?utf-8?q?a=40bank.test?=", hidden, {}},
      {"an encoded address in brackets", "From: <=?utf-8?b?YUBiYW5rLnRlc3Q=?=>", hidden, {}},
      {"an encoded local part", "From: =?utf-8?q?a=40bank.test?=@evil.test", hidden, {"evil.test"}},
      {"one beside another", "From: =?utf-8?q?a=40bank.test?=, x@evil.test", hidden, {"evil.test"}},
      {"an empty group's name", "From: \"a@bank.test\":;", hidden, {}},
      {"a wide sign",
       "From: ceo\xef\xbc\xa0"
       "bank.test",
       hidden,
       {"bank.test"}},
      {"a small sign",
       "From: ceo\xef\xb9\xab"
       "bank.test",
       hidden,
       {"bank.test"}},
      {"a wide sign in brackets",
       "From: The Bank <ceo\xef\xbc\xa0"
       "bank.test>",
       hidden,
       {"bank.test"}},
      {"a wide sign behind words",
       "From: The Bank ceo\xef\xbc\xa0"
       "bank.test",
       hidden,
       {"bank.test"}},
      {"a wide sign in an encoded word", "From: =?utf-8?q?ceo=EF=BC=A0bank.test?=", hidden, {}},
      {"a wide sign in Shift JIS", "From: =?shift_jis?b?Y2VvgZdiYW5rLnRlc3Q=?=", hidden, {}},
      {"a small sign in an encoded word", "From: =?utf-8?q?ceo=EF=B9=ABbank.test?=", hidden, {}},
      {"a wide sign and an address",
       "From: =?utf-8?q?ceo=EF=BC=A0bank.test?=, x@evil.test",
       hidden,
       {"evil.test"}},
      {"a wide sign in a domain",
       "From: x@evil.test\xef\xbc\xa0"
       "bank.test",
       no_domain,
       {"evil.test", "bank.test"}},
      {"not UTF-8", "From: a@b\xff.test", no_domain, {}},
      {"no IDNA takes it", "From: a@b\xe2\x80\xae.test", no_domain, {}},
      {"an emoji", "From: a@bank\xf0\x9f\x94\x92\xef\xbf\xbd.test", no_domain, {}},
      {"a letter behind", "From: <a@bank.test!>", no_domain, {"bank.test"}},
      {"blanks inside", "From: <a@bank test>", no_domain, {}},
      {"an empty label", "From: a@b..test", no_domain, {}},
      {"no domain at all", "From: <a@.>", no_domain, {}},
      {"too long a label", "From: a@" + std::string(64, 'b') + ".test", no_domain, {}},
      {"a literal that is none", "From: a@[bank.test]", no_domain, {}},
      {"one of two", "From: a@b.test, c@b\xff.test", no_domain, {"b.test"}},
      {"many",
       "From: a@a.test,a@b.test,a@c.test,a@d.test,a@e.test,a@f.test",
       too_many,
       {"a.test", "b.test", "c.test", "d.test", "e.test"}},
      {"a word", "From: MAILER-DAEMON", nobody, {}},
      {"words", "From: Mail Delivery System <>", nobody, {}},
      {"an empty group", "From: Undisclosed:;", nobody, {}},
      {"a domain without an address", "From: bank.test", nobody, {}},
  };
  return all;
}

struct Reads : ::testing::TestWithParam<Case> {};

TEST_P(Reads, From) {
  const Case& c = GetParam();
  const std::string octets = "Subject: x\r\n" + c.from + "\r\n\r\n";
  const Authors authors = authors_of(message::parse_header(octets));
  EXPECT_EQ(to_string(authors.trouble), to_string(c.trouble));
  EXPECT_EQ(authors.domains, c.domains);
  // What is in trouble has no verdict of DMARC, whatever it was signed with.
  Lookups lookups;
  const PublicSuffixes suffixes;
  const auto outcome =
      DmarcCheck({.author_domains = authors.domains, .author_trouble = authors.trouble}, suffixes)
          .run(lookups);
  EXPECT_EQ(outcome && outcome->result == DmarcResult::permerror, c.trouble != none);
}

INSTANTIATE_TEST_SUITE_P(Authors, Reads, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name(info.param.what);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

TEST(Authors, AFirstLineThatBeginsWithABlankMayBeAnotherFrom) {
  for (const std::string_view blank : {" ", "\t"})
    EXPECT_EQ(authors_of(message::parse_header(std::string(blank) +
                                               "From: y@bank.test\r\nFrom: x@a.test\r\n\r\n"))
                  .trouble,
              AuthorTrouble::folded);
}

TEST(Authors, AnotherFromMayStandBehindWhatIsRead) {
  std::string header = "From: x@a.test\r\n";
  for (std::size_t i = 0; i < message::kHeaderFieldsMax; ++i) header += "A: b\r\n";
  EXPECT_EQ(authors_of(message::parse_header(header + "From: y@b.test\r\n\r\n")).trouble,
            AuthorTrouble::unread);
}

TEST(Authors, RawIso2022JpIsTakenAndOtherControlsAreNot) {  // RFC 1468
  const auto trouble = [](std::string_view from) {
    return authors_of(message::parse_header("From: " + std::string(from) + "\r\n\r\n")).trouble;
  };
  EXPECT_EQ(trouble("\x1b$BF|K\\\x1b(B <x@a.test>"), AuthorTrouble::none);
  EXPECT_EQ(trouble("\x1b[2J <x@a.test>"), AuthorTrouble::unclear);
  EXPECT_EQ(trouble("a\x1b"), AuthorTrouble::unclear);
  // Readers may show an address there, which we do not read.
  EXPECT_EQ(trouble("\x1b$BF|K\\\x1b(B"), AuthorTrouble::unclear);
  EXPECT_EQ(trouble("ceo\x1b$B!w\x1b(Bbank.test"), AuthorTrouble::unclear);
}

TEST(Authors, CostIsLinear) {
  for (const std::string_view piece : {"@", "\"", "(", "@a.test", "\"@", "<@a.test:", "a@b,",
                                       "\xef\xbc\xa0", "\xef\xbc\xa0\xe3\x80\x82", "@\x80"}) {
    std::string field = "From: ";
    while (field.size() < 200'000) field += piece;
    const Authors authors = authors_of(message::parse_header(field + "\r\n\r\n"));
    EXPECT_LE(authors.domains.size(), kDmarcAuthorDomainsMax + 1);
  }
}

}  // namespace
}  // namespace ph::mailauth
