#include "mailauth/dmarc_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/ascii.h"
#include "codec/deflate.h"
#include "mailauth/dmarc_summary.h"

namespace ph::mailauth {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path kCorpus = PH_SOURCE_DIR "/tests/corpus/dkim-mail-auth/dmarc-feedback";

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// What the corpus says beside a report, as we say it: words in lower case, "" for none.
std::string said(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return ascii_lower(std::string_view(value->get_string()));
  return json::serialize(*value);
}

void same(const json::object& object, std::string_view member, std::string_view ours) {
  const std::string theirs = said(object, member);
  EXPECT_EQ(theirs == "unspecified" ? "" : theirs, ascii_lower(ours)) << member;
}

void same_row(const json::object& theirs, const DmarcReport::Row& ours) {
  const auto& row = theirs.at("row").as_object();
  same(row, "source_ip", ours.source_ip);
  EXPECT_EQ(row.at("count").to_number<std::uint64_t>(), ours.count);
  const auto& evaluated = row.at("policy_evaluated").as_object();
  same(evaluated, "disposition", ours.disposition);
  same(evaluated, "dkim", ours.dkim);
  same(evaluated, "spf", ours.spf);
  const auto& reasons = evaluated.at("reason").as_array();
  ASSERT_EQ(reasons.size(), ours.reasons.size());
  for (std::size_t i = 0; i < reasons.size(); ++i)
    same(reasons[i].as_object(), "comment", ours.reasons[i].comment);
  const auto& identifiers = theirs.at("identifiers").as_object();
  same(identifiers, "header_from", ours.header_from);
  same(identifiers, "envelope_from", ours.envelope_from);
  same(identifiers, "envelope_to", ours.envelope_to);
  const auto& results = theirs.at("auth_results").as_object();
  const auto& dkim = results.at("dkim").as_array();
  ASSERT_EQ(dkim.size(), ours.dkim_results.size());
  for (std::size_t i = 0; i < dkim.size(); ++i) {
    same(dkim[i].as_object(), "domain", ours.dkim_results[i].domain);
    same(dkim[i].as_object(), "selector", ours.dkim_results[i].selector);
    same(dkim[i].as_object(), "result", ours.dkim_results[i].result);
    same(dkim[i].as_object(), "human_result", ours.dkim_results[i].human_result);
  }
  const auto& spf = results.at("spf").as_array();
  ASSERT_EQ(spf.size(), ours.spf_results.size());
  for (std::size_t i = 0; i < spf.size(); ++i) {
    same(spf[i].as_object(), "domain", ours.spf_results[i].domain);
    same(spf[i].as_object(), "result", ours.spf_results[i].result);
  }
}

TEST(DmarcReport, AgreesWithTheCorpus) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(kCorpus)) {
    if (file.path().extension() == ".json") continue;
    SCOPED_TRACE(file.path().filename());
    const auto read = read_dmarc_report(read_file(file.path()));
    ASSERT_TRUE(read) << read.error().what << " " << read.error().detail;
    auto beside = file.path();
    const auto theirs = json::parse(read_file(beside.replace_extension(".json"))).as_object();
    const auto& metadata = theirs.at("report_metadata").as_object();
    const DmarcReport& ours = read->report;
    same(metadata, "org_name", ours.org_name);
    same(metadata, "email", ours.email);
    same(metadata, "report_id", ours.report_id);
    const auto& range = metadata.at("date_range").as_object();
    EXPECT_EQ(range.at("begin").to_number<std::uint64_t>(), ours.begin);
    EXPECT_EQ(range.at("end").to_number<std::uint64_t>(), ours.end);
    const auto& policy = theirs.at("policy_published").as_object();
    same(policy, "domain", ours.policy.domain);
    same(policy, "p", ours.policy.p);
    same(policy, "sp", ours.policy.sp);
    const auto& rows = theirs.at("record").as_array();
    ASSERT_EQ(rows.size(), ours.rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) same_row(rows[i].as_object(), ours.rows[i]);
    EXPECT_THAT(read->problems, ElementsAre());
    ++count;
  }
  EXPECT_EQ(count, 10);
}

TEST(DmarcReport, IsReadTheSameAtEverySplit) {
  const std::string xml = read_file(kCorpus / "003.xml");
  const auto whole = read_dmarc_report(xml);
  ASSERT_TRUE(whole);
  for (std::size_t at = 0; at <= xml.size(); ++at) {
    DmarcReportParser parser;
    ASSERT_TRUE(parser.feed(std::string_view(xml).substr(0, at)));
    ASSERT_TRUE(parser.feed(std::string_view(xml).substr(at)));
    const auto cut = parser.finish();
    ASSERT_TRUE(cut);
    ASSERT_EQ(cut->report, whole->report) << at;
  }
}

DmarcReport sample() {
  DmarcReport report{.version = "1.0",
                     .org_name = "A & B <post>",
                     .email = "postmaster@b.test",
                     .report_id = "1.2@b.test",
                     .begin = 1000,
                     .end = 87399};
  report.errors = {"sp=nonsense"};
  report.policy = {.domain = "a.test", .adkim = "r", .aspf = "s", .p = "reject", .pct = "100"};
  DmarcReport::Row row{.source_ip = "2001:db8::1",
                       .count = 3,
                       .disposition = "none",
                       .dkim = "fail",
                       .spf = "fail",
                       .reasons = {{"local_policy", "arc=pass"}},
                       .header_from = "a.test",
                       .envelope_from = "list.test",
                       .dkim_results = {{"list.test", "s1", "pass", ""}},
                       .spf_results = {{"list.test", "mfrom", "pass", ""}}};
  report.rows = {row};
  return report;
}

TEST(DmarcReport, IsReadAsItWasWritten) {
  const DmarcReport report = sample();
  const std::string xml = format_dmarc_report(report);
  EXPECT_THAT(xml, HasSubstr("<org_name>A &amp; B &lt;post&gt;</org_name>"));
  const auto plain = read_dmarc_report(xml);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->report, report);
  const auto packed = read_dmarc_report(codec::gzip(xml));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->report, report);
  EXPECT_EQ(dmarc_report_file_name(report, "mx.b.test"), "mx.b.test!a.test!1000!87399.xml.gz");
}

TEST(DmarcReport, WhatXmlCannotHoldIsAQuestionMark) {
  DmarcReport report = sample();
  report.rows[0].dkim_results[0].selector =
      "a\x01\xff\xef\xbf\xbe"
      "b";
  const auto read = read_dmarc_report(format_dmarc_report(report));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->report.rows[0].dkim_results[0].selector, "a???b");
}

TEST(DmarcReport, WhatBreaksOffIsReadUpToThere) {
  const std::string xml = read_file(kCorpus / "003.xml");
  const auto read = read_dmarc_report(xml.substr(0, xml.size() / 2));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->report.rows.size(), 2u);
  EXPECT_THAT(read->problems, ElementsAre(HasSubstr("the XML breaks off, line ")));
  const std::string packed = codec::gzip(format_dmarc_report(sample()));
  const auto damaged = read_dmarc_report(packed.substr(0, packed.size() - 4));
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->report, sample());
  EXPECT_THAT(damaged->problems, ElementsAre("the compressed octets break off"));
}

TEST(DmarcReport, NoEntityIsExpandedAndNothingElseIsRead) {
  const auto refused = [](std::string_view octets) {
    const auto read = read_dmarc_report(octets);
    return read ? std::string("read") : std::string(read.error().what);
  };
  EXPECT_EQ(refused("<!DOCTYPE feedback [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>"
                    "<feedback><version>&b;</version></feedback>"),
            "the XML has a document type, which no report needs");
  EXPECT_EQ(refused("<!DOCTYPE feedback SYSTEM \"file:///etc/passwd\"><feedback/>"),
            "the XML has a document type, which no report needs");
  EXPECT_EQ(refused("<html><body/></html>"), "the XML is not a DMARC report");
  EXPECT_EQ(refused("no report at all"), "the message has no report attached");
  EXPECT_EQ(refused("Subject: x\r\n\r\nhello\r\n"), "the message has no report attached");
  EXPECT_EQ(refused("<"), "this is not XML");
}

TEST(DmarcReport, WhatIsHostileIsBounded) {
  const auto kind_of = [](std::string_view octets) {
    const auto read = read_dmarc_report(octets);
    return read ? Kind::unknown : read.error().kind;
  };
  std::string bomb = "<feedback>" + std::string(kDmarcReportOctetsMax, ' ');
  EXPECT_EQ(kind_of(codec::gzip(bomb)), Kind::over_limit);
  EXPECT_EQ(kind_of(bomb), Kind::over_limit);
  EXPECT_EQ(kind_of("<feedback><" + std::string(1 << 20, 'a')), Kind::malformed);
  std::string deep = "<feedback>";
  for (std::size_t i = 0; i < kDmarcReportDepthMax; ++i) deep += "<a>";
  EXPECT_EQ(kind_of(deep), Kind::malformed);

  std::string rows = "<feedback><policy_published><domain>a</domain></policy_published>";
  for (std::size_t i = 0; i <= kDmarcReportRowsMax; ++i) rows += "<record/>";
  rows += "<record><row><count>5</count></row></record></feedback>";
  const auto many = read_dmarc_report(rows);
  ASSERT_TRUE(many);
  EXPECT_EQ(many->report.rows.size(), kDmarcReportRowsMax);
  EXPECT_EQ(many->report.rows.back().count, 0u);
  EXPECT_THAT(many->problems, ::testing::Contains("there are more rows than are read"));

  std::string wide = "<feedback><record><auth_results>";
  for (int i = 0; i < 1000; ++i) wide += "<dkim><domain>d</domain></dkim>";
  const auto results = read_dmarc_report(wide);
  ASSERT_TRUE(results);
  EXPECT_EQ(results->report.rows[0].dkim_results.size(), kDmarcReportResultsMax);

  std::string empty = "<feedback>";
  constexpr std::size_t kRows = kDmarcReportAllResultsMax / kDmarcReportResultsMax + 10;
  for (std::size_t i = 0; i < kRows; ++i) {
    empty += "<record><auth_results>";
    for (std::size_t k = 0; k < kDmarcReportResultsMax; ++k) empty += "<spf/>";
    empty += "</auth_results></record>";
  }
  const auto filled = read_dmarc_report(empty);
  ASSERT_TRUE(filled);
  EXPECT_EQ(filled->report.rows.size(), kRows);
  std::size_t kept = 0;
  for (const auto& row : filled->report.rows) kept += row.spf_results.size();
  EXPECT_EQ(kept, kDmarcReportAllResultsMax);
  EXPECT_THAT(filled->problems, ::testing::Contains("there are more results than are read"));

  const std::string name(100'000, 'n');
  const auto named = read_dmarc_report("<feedback><record><row><" + name + "><count>x</count></" +
                                       name + "><count>x</count></row></record>");
  ASSERT_TRUE(named);
  for (const std::string& problem : named->problems) EXPECT_LT(problem.size(), 500u);

  // The fifth part is not tried.
  std::string parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 4; ++i) parts += "--b\r\n\r\n<html/>\r\n";
  const std::string good = "--b\r\n\r\n<feedback/>\r\n";
  EXPECT_EQ(kind_of(parts + good), Kind::malformed);
  EXPECT_EQ(kind_of(parts.substr(0, parts.size() - 16) + good), Kind::unknown);

  const auto text = read_dmarc_report("<feedback><report_metadata><org_name>" +
                                      std::string(100000, 'x') + "</org_name>");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->report.org_name.size(), kDmarcReportTextOctetsMax);
}

TEST(DmarcReport, OtherNamespacesAndCharsetsAreRead) {
  const auto read = read_dmarc_report(
      "\r\n<?xml version=\"1.0\" encoding=\"windows-1252\"?>\n"
      "<d:feedback xmlns:d=\"urn:ietf:params:xml:ns:dmarc-2.0\"><d:report_metadata>\n"
      "<d:org_name>Caf\xe9 \x80</d:org_name></d:report_metadata></d:feedback>");
  ASSERT_TRUE(read) << read.error().what << read.error().detail;
  EXPECT_EQ(read->report.org_name, "Caf\xc3\xa9 \xe2\x82\xac");
}

TEST(DmarcReport, SubjectsOfReports) {
  EXPECT_TRUE(is_dmarc_report_subject("Report Domain: a.test Submitter: b.test Report-ID: <1@b>"));
  EXPECT_TRUE(is_dmarc_report_subject("Report domain: stalw.art Submitter: google.com"));
  EXPECT_FALSE(is_dmarc_report_subject("Re: Report Domain: a.test Submitter: b.test"));
  EXPECT_FALSE(is_dmarc_report_subject("Report of the month"));
}

TEST(DmarcSummary, SaysWhoSendsAndWhatToDo) {
  DmarcReport report = sample();
  const auto add = [&report](std::string ip, std::uint64_t count, std::string dkim,
                             std::string spf) {
    DmarcReport::Row row{.source_ip = std::move(ip), .count = count, .disposition = "none"};
    row.dkim = std::move(dkim);
    row.spf = std::move(spf);
    row.header_from = "A.test";
    report.rows.push_back(row);
    return &report.rows.back();
  };
  add("192.0.2.1", 50, "pass", "pass");
  add("192.0.2.2", 7, "fail", "pass");
  add("192.0.2.3", 9, "fail", "fail")->disposition = "reject";
  add("192.0.2.4", 5, "fail", "fail")->dkim_results = {{"mail.a.test", "old", "fail", ""}};
  add("192.0.2.4", 5, "pass", "fail");

  const DmarcSummary summary = summarise(report);
  EXPECT_EQ(summary.messages, 79u);
  EXPECT_EQ(summary.aligned, 62u);
  EXPECT_EQ(summary.rejected, 9u);
  std::vector<std::string> told;
  for (const auto& source : summary.sources)
    told.push_back(
        fmt::format("{} {}/{}: {}", source.ip, source.aligned, source.messages, source.why));
  EXPECT_THAT(told,
              ElementsAre("192.0.2.3 0/9: nothing vouches for it",
                          "192.0.2.4 5/10: 5 of it: a signature of mail.a.test (selector old) "
                          "does not verify",
                          "2001:db8::1 0/3: sent by list.test, in your name",
                          "192.0.2.1 50/50: all of it is signed in your name",
                          "192.0.2.2 7/7: SPF vouches for all of it, a signature in your name "
                          "only for some"));
  EXPECT_THAT(summary.sources[2].reasons, ElementsAre("local_policy: arc=pass"));
  EXPECT_THAT(summary.sources[0].header_from, ElementsAre("a.test"));
  EXPECT_EQ(summary.sources[3].fix, "");
}

}  // namespace
}  // namespace ph::mailauth
