// Values that were cut off, at every octet: each reader has an answer, all of it is in what was
// left, and what was whole before the cut is read as in the whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "base/testing/conformance.h"
#include "message/address_list.h"
#include "message/auth_fields.h"
#include "message/date.h"
#include "message/header.h"
#include "message/readable.h"
#include "message/received_parse.h"
#include "message/testing/vectors.h"

namespace ph::message {
namespace {

namespace fs = std::filesystem;

/// The octets of `part` are in `whole` in that order, whatever stands between; without case, and
/// but for blanks, which a reader may put between words.
bool is_out_of(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char c : part) {
    if (is_space(c)) continue;
    while (at < whole.size() && ascii_lower(whole[at]) != ascii_lower(c)) ++at;
    if (at++ >= whole.size()) return false;
  }
  return true;
}

/// Those fields of the bounces, which many servers wrote; each value once.
std::vector<std::string> corpus_values(const std::set<std::string_view>& names) {
  std::set<std::string> out;
  for (const auto& entry :
       fs::directory_iterator(PH_SOURCE_DIR "/tests/corpus/bounces-sisimai/mail")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string octets{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const Header header = parse_header(octets);
    for (const Field& field : header.fields())
      if (names.contains(field.name)) out.emplace(field.value);
  }
  return {out.begin(), out.end()};
}

TEST(ValuePrefix, AuthenticationResults) {
  std::vector<std::string> values =
      corpus_values({"Authentication-Results", "ARC-Authentication-Results"});
  values.emplace_back(
      "i=1; mx.test 1; spf=pass (ok; really) smtp.mailfrom = a@b.test;\r\n dkim/1=FAIL "
      "reason=\"bad; sig\" header.d=b.test header.s=\"s\"; arc=none (a \\) b (c)); none");
  ASSERT_GT(values.size(), 5U);
  for (const std::string& value : values) {
    SCOPED_TRACE(value);
    const AuthResults whole = parse_auth_results(value);
    for (std::size_t octets = 0; octets <= value.size(); ++octets) {
      SCOPED_TRACE(octets);
      const std::string_view prefix = std::string_view(value).substr(0, octets);
      const AuthResults got = parse_auth_results(prefix);
      ASSERT_TRUE(is_out_of(got.authserv_id, prefix));
      ASSERT_LE(got.methods.size(), whole.methods.size() + 1);
      for (std::size_t i = 0; i < got.methods.size(); ++i) {
        const AuthMethod& one = got.methods[i];
        for (const std::string* text : {&one.method, &one.result, &one.reason, &one.comment})
          ASSERT_TRUE(is_out_of(*text, prefix)) << *text;
        for (const auto& [name, text] : one.properties)
          ASSERT_TRUE(is_out_of(name, prefix) && is_out_of(text, prefix)) << name << "=" << text;
        if (i + 1 < got.methods.size()) {
          ASSERT_EQ(one.method + "=" + one.result,
                    whole.methods.at(i).method + "=" + whole.methods.at(i).result);
        }
      }
    }
  }
}

TEST(ValuePrefix, ReceivedSpf) {
  std::vector<std::string> values = corpus_values({"Received-SPF"});
  values.emplace_back(
      "Pass (mx.test: domain of a@b.test designates 192.0.2.1 as permitted sender) "
      "client-ip=192.0.2.7; envelope-from=\"a; \\\"b\\\"@b.test\"; helo=c.test;");
  ASSERT_GT(values.size(), 5U);
  for (const std::string& value : values) {
    SCOPED_TRACE(value);
    const ReceivedSpf whole = parse_received_spf(value);
    for (std::size_t octets = 0; octets <= value.size(); ++octets) {
      SCOPED_TRACE(octets);
      const std::string_view prefix = std::string_view(value).substr(0, octets);
      const ReceivedSpf got = parse_received_spf(prefix);
      ASSERT_TRUE(is_out_of(got.result, prefix) && whole.result.starts_with(got.result));
      ASSERT_TRUE(is_out_of(got.comment, prefix)) << got.comment;
      for (std::size_t i = 0; i < got.pairs.size(); ++i) {
        const auto& [name, text] = got.pairs[i];
        ASSERT_TRUE(is_out_of(name, prefix) && is_out_of(text, prefix)) << name << "=" << text;
        if (i + 1 < got.pairs.size()) {
          ASSERT_EQ(got.pairs[i], whole.pairs.at(i));
        }
      }
    }
  }
}

TEST(ValuePrefix, TagLists) {
  std::vector<std::string> values =
      corpus_values({"DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "DomainKey-Signature"});
  values.emplace_back("v=1; a=rsa-sha256; d=b.test;\r\n\ts=one; b=AA\r\n\tBB==; ; x; =y; bh=\r\n");
  ASSERT_GT(values.size(), 5U);
  for (const std::string& value : values) {
    SCOPED_TRACE(value);
    const Tags whole = parse_tag_list(value);
    for (std::size_t octets = 0; octets <= value.size(); ++octets) {
      SCOPED_TRACE(octets);
      const std::string_view prefix = std::string_view(value).substr(0, octets);
      const Tags got = parse_tag_list(prefix);
      ASSERT_LE(got.size(), whole.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].first, whole[i].first);
        ASSERT_TRUE(whole[i].second.starts_with(got[i].second)) << got[i].second;
        ASSERT_TRUE(is_out_of(got[i].second, prefix));
        if (i + 1 < got.size()) {
          ASSERT_EQ(got[i].second, whole[i].second);
        }
      }
    }
  }
}

TEST(ValuePrefix, ArcChain) {
  const std::string octets =
      "ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=b.test; s=s2; b=x\r\n"
      "ARC-Message-Signature: i=2; d=b.test; b=x\r\nARC-Authentication-Results: i=2; b.test;\r\n"
      " spf=fail\r\nARC-Seal: i=1; cv=none; d=a.test; s=s1; b=x\r\nARC-Seal: i=51; d=z\r\n\r\n";
  const Header all = parse_header(octets);
  const auto whole = arc_chain(all.fields());
  ASSERT_EQ(whole.size(), 2U);
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    SCOPED_TRACE(cut);
    const std::string_view prefix = std::string_view(octets).substr(0, cut);
    const Header header = parse_header(prefix);
    for (const ArcSet& set : arc_chain(header.fields())) {
      ASSERT_TRUE(set.instance >= 1 && set.instance <= kArcInstancesMax);
      ASSERT_TRUE(is_out_of(set.seal_domain, prefix) && is_out_of(set.seal_selector, prefix));
      // "i=51" is cut to an instance that there is, at most: it seals for a second time.
      const auto same = std::ranges::find(whole, set.instance, &ArcSet::instance);
      ASSERT_TRUE(same != whole.end() || set.instance == 5) << set.instance;
      if (same == whole.end()) continue;
      ASSERT_LE(set.seals, same->seals);
      ASSERT_LE(set.signatures, same->signatures);
      ASSERT_LE(set.results, same->results);
    }
  }
}

TEST(ValuePrefix, Dates) {
  std::size_t read = 0;
  for (const char* file : {"message/date_read.json", "message/date.json"}) {
    for (const auto& one : ph::testing::cases(file)) {
      const std::string value = ph::testing::text(one, "in");
      for (std::size_t octets = 0; octets <= value.size(); ++octets) {
        SCOPED_TRACE(value.substr(0, octets));
        const std::string_view prefix = std::string_view(value).substr(0, octets);
        const auto got = read_date(prefix);
        if (!got) {
          ASSERT_EQ(got.error().kind, Kind::malformed);
          const auto strict = parse_date(prefix);  // takes less, but for years before our era
          ASSERT_TRUE(!strict || *strict < std::chrono::sys_days(std::chrono::year(1) / 1 / 1));
          continue;
        }
        ++read;
        // Cut where its zone would be, it says that it has none; what is read is a date again.
        if (!got->zone) {
          ASSERT_TRUE(!got->odd.empty() || prefix.find("-0000") != prefix.npos);
        }
        const std::string again = format_date(got->at, got->zone.value_or(std::chrono::minutes{}));
        ASSERT_EQ(unix_ms(parse_date(again).value()) / 1000, unix_ms(got->at) / 1000);
      }
    }
  }
  EXPECT_GT(read, 100U);
}

TEST(ValuePrefix, Addresses) {
  for (const auto& one : ph::testing::cases("message/address_list.json")) {
    const std::string value = ph::testing::text(one, "in");
    if (value.size() > 2000) continue;
    const AddressList whole = parse_address_list(value);
    for (std::size_t octets = 0; octets <= value.size(); ++octets) {
      SCOPED_TRACE(value.substr(0, octets));
      const AddressList got = parse_address_list(std::string_view(value).substr(0, octets));
      ASSERT_LE(got.mailboxes.size(), whole.mailboxes.size() + 2);
      std::size_t before = 0;
      for (const Mailbox& mailbox : got.mailboxes) {
        ASSERT_LE(mailbox.offset, octets);
        ASSERT_GE(mailbox.offset, before);
        before = mailbox.offset;
        for (const std::string* text : {&mailbox.name, &mailbox.local, &mailbox.domain})
          ASSERT_EQ(valid_utf8(*text), *text);
      }
      for (const AddressGroup& group : got.groups)
        ASSERT_LE(group.first + group.count, got.mailboxes.size());
      for (const AddressFinding& finding : got.findings) {
        ASSERT_FALSE(finding.what.empty());
        ASSERT_LE(finding.offset, octets);
      }
    }
  }
}

TEST(ValuePrefix, Received) {
  const std::string lines = testing::corpus_text("received-spamassassin/received.jsonl");
  std::size_t cut_before_date = 0;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const auto one = boost::json::parse(lines.substr(at, end - at));
    at = end + 1;
    const std::string value(one.at("header").as_string());
    for (std::size_t octets = 0; octets <= value.size(); ++octets) {
      SCOPED_TRACE(value.substr(0, octets));
      const std::string_view prefix = std::string_view(value).substr(0, octets);
      const ReceivedLine got = parse_received(prefix);
      for (const std::string* text : {&got.from, &got.by, &got.id, &got.with, &got.recipient,
                                      &got.envelope_from, &got.helo, &got.rdns, &got.software})
        ASSERT_TRUE(is_out_of(*text, prefix)) << *text;
      if (octets == 0 || prefix.find(';') == prefix.npos) {
        cut_before_date += got.date ? 0 : 1;
        ASSERT_TRUE(got.date || !got.odd.empty());  // what is missing is said
      }
    }
  }
  EXPECT_GT(cut_before_date, 1000U);
}

}  // namespace
}  // namespace ph::message
