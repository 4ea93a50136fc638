// Readers of field values: cases as data, every prefix, limits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/conformance.h"
#include "message/address_list.h"
#include "message/auth_fields.h"
#include "message/date.h"
#include "message/field_values.h"
#include "message/provider_facts.h"
#include "message/received_parse.h"

namespace ph::message {
namespace {

using boost::json::value;
using Texts = std::vector<std::string>;

Texts texts(const value& one, const char* name) {
  Texts out;
  if (ph::testing::has(one, name))
    for (const value& each : one.at(name).as_array()) out.emplace_back(each.as_string());
  return out;
}

struct AddressListCase : ::testing::TestWithParam<value> {};

TEST_P(AddressListCase, Conforms) {
  const value& one = GetParam();
  const std::string in = ph::testing::text(one, "in");
  const AddressList list = parse_address_list(in);
  Texts mailboxes, groups;
  for (const Mailbox& each : list.mailboxes) {
    mailboxes.push_back(fmt::format("{}|{}|{}", each.name, each.address(), each.comment));
    EXPECT_LE(each.offset, in.size());
  }
  for (const AddressGroup& each : list.groups)
    groups.push_back(fmt::format("{}:{}", each.name, each.count));
  EXPECT_EQ(mailboxes, texts(one, "mailboxes"));
  EXPECT_EQ(groups, texts(one, "groups"));
  const std::int64_t findings =
      ph::testing::has(one, "findings") ? one.at("findings").as_int64() : 0;
  std::string found;
  for (const AddressFinding& each : list.findings)
    found += fmt::format("{} ({}), ", each.what, each.offset);
  EXPECT_EQ(static_cast<std::int64_t>(list.findings.size()), findings) << found;
}

INSTANTIATE_TEST_SUITE_P(File, AddressListCase,
                         ::testing::ValuesIn(ph::testing::cases("message/address_list.json")),
                         ph::testing::CaseName());

struct DateReadCase : ::testing::TestWithParam<value> {};

TEST_P(DateReadCase, Conforms) {
  const value& one = GetParam();
  const auto got = read_date(ph::testing::text(one, "in"));
  if (!ph::testing::has(one, "out")) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, Kind::malformed);
    return;
  }
  ASSERT_TRUE(got) << got.error().what;
  std::string out = format_date(got->at, got->zone.value_or(std::chrono::minutes(0)));
  if (!got->zone) out.replace(out.size() - 5, 5, "?");
  EXPECT_EQ(out, ph::testing::text(one, "out"));
  std::string odd;
  for (const auto each : got->odd) odd += std::string(each) + ", ";
  EXPECT_EQ(static_cast<std::int64_t>(got->odd.size()), one.at("odd").as_int64()) << odd;
}

INSTANTIATE_TEST_SUITE_P(File, DateReadCase,
                         ::testing::ValuesIn(ph::testing::cases("message/date_read.json")),
                         ph::testing::CaseName());

TEST(DateRead, TakesWhatTheStrictReaderTakes) {
  for (const value& one : ph::testing::cases("message/date.json")) {
    const std::string in = ph::testing::text(one, "in");
    const auto strict = parse_date(in);
    const auto got = read_date(in);
    if (strict) {
      ASSERT_TRUE(got) << in;
      EXPECT_EQ(got->at, *strict) << in;
    }
  }
}

TEST(DateRead, WritesZones) {
  const Wall at = wall_of(1795287445000);
  EXPECT_EQ(format_date(at, std::chrono::minutes(-330)), "Sat, 21 Nov 2026 13:27:25 -0530");
  EXPECT_EQ(format_date(at, std::chrono::hours(200)), format_date(at, std::chrono::minutes(5999)));
  EXPECT_EQ(format_date(at, std::chrono::minutes(0)), format_date(at));
}

TEST(AddressList, EveryPrefixHasAnAnswer) {
  const std::string_view in =
      "\"Doe, \\\"J\" <j@x.test>, G: a@b, (c (d) e) =?utf-8?q?x,y?= <\"q\"@[1.2.3.4]>; k@l (m)";
  for (std::size_t octets = 0; octets <= in.size(); ++octets) {
    const AddressList list = parse_address_list(in.substr(0, octets));
    EXPECT_LE(list.mailboxes.size(), 4U);
    for (const AddressGroup& group : list.groups)
      EXPECT_LE(group.first + group.count, list.mailboxes.size());
  }
}

TEST(AddressList, KeepsAtMostSoMany) {
  std::string in;
  for (std::size_t i = 0; i < kMailboxesMax + 10; ++i) in += "a@b,";
  const AddressList list = parse_address_list(in);
  EXPECT_EQ(list.mailboxes.size(), kMailboxesMax);
  EXPECT_FALSE(list.findings.empty());
}

TEST(AddressList, KeepsAtMostSoManyWordsOfAnAddress) {
  for (const std::string_view word : {"@", "a ", "(c)", "\"q\" "}) {
    std::string in;
    for (std::size_t i = 0; i < 4 * kAddressWordsMax; ++i) in += word;
    const AddressList list = parse_address_list(in + ", a@b.test");
    ASSERT_FALSE(list.mailboxes.empty()) << word;
    EXPECT_EQ(list.mailboxes.back().address(), "a@b.test") << word;
    EXPECT_LE(list.mailboxes.front().local.size(), kAddressWordsMax) << word;
    EXPECT_LE(list.mailboxes.front().name.size(), 2 * kAddressWordsMax) << word;
    EXPECT_EQ(
        std::ranges::count(list.findings, "an address has too many words", &AddressFinding::what),
        1)
        << word;
  }
}

TEST(AddressList, FindsLiteralsBehindBracketsThatCloseNothing) {
  const std::string open(100, '[');
  const AddressList list = parse_address_list(open + " a@[192.0.2.1], b@" + open + "x], [c]@d");
  ASSERT_EQ(list.mailboxes.size(), 3U);
  EXPECT_EQ(list.mailboxes[0].address(), "a@[192.0.2.1]");
  EXPECT_EQ(list.mailboxes[2].address(), "[c]@d");
}

TEST(FieldValues, ReadsIdentifiers) {
  EXPECT_EQ(parse_message_ids("<1@x> (c) <2 @ y>\r\n <3@z"), (Texts{"1@x", "2@y", "3@z"}));
  EXPECT_EQ(parse_message_ids("Your message of Tue 1@x"), (Texts{"1@x"}));
  EXPECT_EQ(parse_message_ids("<> < >"), Texts{});
  EXPECT_EQ(parse_message_ids("bare"), Texts{"bare"});
}

TEST(FieldValues, ReadsPaths) {
  EXPECT_EQ(parse_path("<a@x.test>").value().address(), "a@x.test");
  EXPECT_EQ(parse_path(" a@x.test ").value().address(), "a@x.test");
  EXPECT_EQ(parse_path("<>").value().address(), "");
  EXPECT_FALSE(parse_path(""));
}

TEST(FieldValues, ReadsListFields) {
  using Targets = std::vector<ListTarget>;
  EXPECT_EQ(parse_list_field("<mailto:a@x.test?subject=b> (By mail), <https://x.test/(y)>"),
            (Targets{{"mailto:a@x.test?subject=b", "By mail"}, {"https://x.test/(y)", ""}}));
  EXPECT_EQ(parse_list_field("NO (closed)"), (Targets{{"NO", "closed"}}));
  EXPECT_EQ(parse_list_field("\"The list\" <list.x.test>"), (Targets{{"list.x.test", "The list"}}));
  EXPECT_EQ(parse_list_field("(Use this)\r\n <https://x.test/\r\n y>"),
            (Targets{{"https://x.test/y", "Use this"}}));
}

TEST(FieldValues, CostsLinearTime) {
  // Quadratic readers would need minutes for these; the suite's time limit is the judge.
  for (const std::string_view unit :
       {"\"", "(", "<", "\\\"", "<\"", "(\"", "a@b:", "=?a?q?", "[", "a,"}) {
    std::string in;
    while (in.size() < (std::size_t{1} << 17)) in += unit;
    EXPECT_LE(parse_address_list(in).mailboxes.size(), kMailboxesMax);
    EXPECT_LE(parse_list_field(in).size(), kListItemsMax);
    EXPECT_LE(parse_text_list(in).size(), kListItemsMax);
    EXPECT_LE(parse_message_ids(in).size(), kListItemsMax);
    EXPECT_LE(parse_auth_results(in).methods.size(), kAuthMethodsMax);
  }
}

TEST(Received, EveryPrefixHasAnAnswer) {
  const std::string_view in =
      "from a.test (HELO b) (id@[IPv6:2001:db8::1]) (using TLSv1.3 with cipher X (256/256 "
      "bits))\r\n "
      "(Authenticated sender: c) by d.test (Postfix) with ESMTPSA id E for <f@g.test>; Mon, 1 Dec "
      "2025 10:00:05 +0000 (UTC)";
  const ReceivedLine whole = parse_received(in);
  EXPECT_EQ(whole.ip, "2001:db8::1");
  EXPECT_EQ(whole.helo, "b");
  EXPECT_EQ(whole.ident, "id");
  EXPECT_EQ(whole.tls_version, "TLSv1.3");
  EXPECT_EQ(whole.tls_cipher, "X");
  EXPECT_EQ(whole.auth, "c");
  EXPECT_EQ(whole.recipient, "f@g.test");
  EXPECT_TRUE(whole.odd.empty());
  for (std::size_t octets = 0; octets <= in.size(); ++octets) {
    const ReceivedLine line = parse_received(in.substr(0, octets));
    if (octets < in.find("by d.test")) {
      EXPECT_EQ(line.by, "");
    }
  }
}

TEST(Received, ReadsAtMostSoMuch) {
  const ReceivedLine line =
      parse_received("from a by b.test" + std::string(kReceivedOctetsMax, 'x'));
  EXPECT_FALSE(line.odd.empty());
  const ReceivedLine words = parse_received("by b.test with " + [] {
    std::string out;
    for (std::size_t i = 0; i < kReceivedTokensMax; ++i) out += "w ";
    return out;
  }() + "id X");
  EXPECT_EQ(words.by, "b.test");
  EXPECT_EQ(words.id, "");
}

TEST(AuthFields, ReadsResultsOfEverybody) {
  const AuthResults rfc = parse_auth_results(
      "mx.test 1; spf=pass (ok; really) smtp.mailfrom = a@b.test;\r\n dkim/1=FAIL reason=\"bad; "
      "sig\" "
      "header.d=b.test header.s=\"s\"; none");
  EXPECT_EQ(rfc.authserv_id, "mx.test");
  ASSERT_EQ(rfc.methods.size(), 2U);
  EXPECT_EQ(rfc.methods[0].comment, "ok; really");
  EXPECT_EQ(tag(rfc.methods[0].properties, "smtp.mailfrom"), "a@b.test");
  EXPECT_EQ(rfc.methods[1].method, "dkim");
  EXPECT_EQ(rfc.methods[1].result, "fail");
  EXPECT_EQ(rfc.methods[1].reason, "bad; sig");
  EXPECT_EQ(tag(rfc.methods[1].properties, "header.s"), "s");

  const AuthResults microsoft = parse_auth_results(
      "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=b.test; dkim=pass (signature was "
      "verified)\r\n "
      "header.d=b.test;dmarc=pass action=none header.from=b.test;compauth=pass reason=100");
  EXPECT_EQ(microsoft.authserv_id, "");
  ASSERT_EQ(microsoft.methods.size(), 4U);
  EXPECT_EQ(microsoft.methods[3].method, "compauth");
  EXPECT_EQ(microsoft.methods[3].reason, "100");

  const AuthResults yahoo = parse_auth_results(
      "mta1.mail.yahoo.test  from=b.test; domainkeys=neutral (no sig);  from=b.test; dkim=pass "
      "(ok)");
  EXPECT_EQ(yahoo.authserv_id, "mta1.mail.yahoo.test");
  EXPECT_EQ(yahoo.methods.front().method, "domainkeys");

  const AuthResults arc = parse_auth_results("i=2; mx.test; arc=pass");
  EXPECT_EQ(arc.instance, 2);
  EXPECT_EQ(arc.authserv_id, "mx.test");
  EXPECT_TRUE(parse_auth_results("mx.test; none").methods.empty());
}

TEST(AuthFields, ReadsReceivedSpf) {
  const ReceivedSpf spf = parse_received_spf(
      "Pass (mx.test: domain of a@b.test designates 192.0.2.1 as permitted sender) "
      "client-ip=192.0.2.7; "
      "envelope-from=\"a@b.test\"; helo=c.test;");
  EXPECT_EQ(spf.result, "pass");
  EXPECT_EQ(spf.client_ip, "192.0.2.7");
  EXPECT_EQ(tag(spf.pairs, "envelope-from"), "a@b.test");
  EXPECT_EQ(parse_received_spf("none (x: 2001:db8::1 is neither permitted)").client_ip,
            "2001:db8::1");
  EXPECT_EQ(parse_received_spf("").result, "");
}

TEST(AuthFields, PutsArcTogether) {
  const Header header = parse_header(
      "ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=b.test; s=s2; b=x\r\n"
      "ARC-Message-Signature: i=2; d=b.test; b=x\r\nARC-Authentication-Results: i=2; b.test; "
      "spf=fail\r\n"
      "ARC-Seal: i=1; cv=none; d=a.test; s=s1; b=x\r\nARC-Seal: i=51; d=z\r\nARC-Seal: "
      "i=x\r\n\r\n");
  const auto chain = arc_chain(header.fields());
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0].instance, 1);
  EXPECT_FALSE(chain[0].complete());
  EXPECT_TRUE(chain[1].complete());
  EXPECT_EQ(chain[1].cv, "pass");
  EXPECT_EQ(chain[1].claims.methods.at(0).result, "fail");
}

TEST(ProviderFacts, NamesWhatTheyMean) {
  const Header header = parse_header(
      "X-Originating-IP: [192.0.2.1]\r\nX-Mailer: Mail\x01=?utf-8?q?=C3=BC?=\r\n"
      "X-Forefront-Antispam-Report: CIP:192.0.2.2;CTRY:DE;SCL:5;SFV:SPM;\r\n"
      "X-Spam-Status: Yes, score=7.2 required=5.0 tests=A,B\r\nX-Other: y\r\n\r\n");
  std::string got;
  for (const ProviderFact& one : provider_facts(header.fields()))
    got += fmt::format("{}:{}={} ", one.provider, one.what, one.value);
  EXPECT_EQ(got,
            ":originating ip=192.0.2.1 :program=Mail ü Microsoft:originating ip=192.0.2.2 "
            "Microsoft:country=DE Microsoft:spam confidence level=5 Microsoft:spam verdict=SPM "
            "SpamAssassin:spam verdict=Yes SpamAssassin:spam score=7.2 ");
}

}  // namespace
}  // namespace ph::message
