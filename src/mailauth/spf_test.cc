#include "mailauth/spf.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "base/ascii.h"
#include "mailauth/spf_macro.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

namespace json = boost::json;
using testing::Zone;

/// Code points below 256 as octets.
std::string octets(const json::value& text) {
  std::string out;
  const std::string utf8(text.as_string());
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    if (first < 0x80) {
      out += utf8[i];
    } else {
      out += static_cast<char>((first & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    }
  }
  return out;
}

struct Case {
  std::string suite, scenario, name;
  json::object test;
  const json::array* zone = nullptr;
};

const std::vector<Case>& cases() {
  static std::vector<json::value> files;
  static const std::vector<Case> all = [] {
    std::vector<Case> out;
    files.reserve(2);
    for (const char* file : {"rfc7208-tests", "other/rfc7208-tests"}) {
      std::ifstream in(std::string(PH_SOURCE_DIR "/tests/corpus/spf-rfc7208/") + file + ".json");
      const std::string text((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
      files.push_back(json::parse(text));
      for (const auto& scenario : files.back().as_array()) {
        for (const auto& [name, test] : scenario.at("tests").as_object()) {
          out.push_back({file[0] == 'o' ? "other" : "rfc7208",
                         std::string(scenario.at("description").as_string()), std::string(name),
                         test.as_object(), &scenario.at("zone").as_array()});
        }
      }
    }
    return out;
  }();
  return all;
}

Zone zone_of(const json::array& records) {
  Zone zone;
  for (const auto& record : records) {
    const std::string name = octets(record.at(0));
    const std::string type(record.at(1).as_string());
    const auto& value = record.at(2);
    if (type == "TXT") {
      std::vector<std::string> strings;
      for (const auto& each : value.as_array()) strings.push_back(octets(each));
      zone.txt(name, strings);
    } else if (type == "A" || type == "AAAA") {
      zone.address(name, octets(value));
    } else if (type == "MX") {
      zone.mx(name, static_cast<std::uint16_t>(value.at(0).as_int64()), octets(value.at(1)));
    } else if (type == "PTR") {
      zone.target(name, dns::kTypePtr, octets(value));
    } else if (type == "CNAME") {
      zone.target(name, dns::kTypeCname, octets(value));
    } else {
      EXPECT_EQ(type, "TIMEOUT");
      zone.fails(name, dns::Status::timed_out);
    }
  }
  return zone;
}

struct Suite : ::testing::TestWithParam<Case> {};

TEST_P(Suite, Agrees) {
  const Case& c = GetParam();
  Zone zone = zone_of(*c.zone);
  SpfQuery query;
  query.ip = octets(c.test.at("host"));
  query.helo = octets(c.test.at("helo"));
  query.sender = octets(c.test.at("mailfrom"));
  query.receiver = "unknown";
  SpfCheck check(query);
  const SpfOutcome outcome = zone.run(check);
  std::vector<std::string> accepted;
  const auto& result = c.test.at("result");
  if (result.is_string()) {
    accepted.emplace_back(result.as_string());
  } else {
    for (const auto& each : result.as_array()) accepted.emplace_back(each.as_string());
  }
  std::string path;
  for (const auto& step : outcome.path)
    path += step.domain + " \"" + step.term + "\" " + step.found + "\n";
  EXPECT_NE(std::ranges::find(accepted, to_string(outcome.result)), accepted.end())
      << c.scenario << ": " << to_string(outcome.result) << ", " << outcome.why << "\n"
      << path << json::serialize(c.test);
  if (const auto* expected = c.test.if_contains("explanation");
      expected && outcome.result == SpfResult::fail) {
    const std::string text = octets(*expected);
    EXPECT_EQ(outcome.explanation, text == "DEFAULT" ? "" : text) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(Spf, Suite, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.suite + "_" + info.param.scenario + "_" + info.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

TEST(SpfMacro, ExpandsTheExamplesOfTheRfc) {  // RFC 7208 §7.4
  struct Example {
    std::string_view macros, text;
  };
  const auto expect = [](std::string_view version, const std::string& ip,
                         std::initializer_list<Example> examples) {
    const SpfQuery query{
        .ip = std::string(version), .helo = "mx.example.org", .receiver = "r.test"};
    const std::string local = "strong-bad", domain = "email.example.com";
    const SpfMacroValues values{query, ip, local, domain, domain, "mx.example.org"};
    for (const Example& one : examples)
      EXPECT_TRUE(same_ascii(expand_spf(one.macros, values), one.text))
          << one.macros << ": " << expand_spf(one.macros, values);
  };
  expect("192.0.2.3", std::string("\xc0\0\2\3", 4),
         {{"%{s}", "strong-bad@email.example.com"},
          {"%{o}", "email.example.com"},
          {"%{d}", "email.example.com"},
          {"%{d4}", "email.example.com"},
          {"%{d3}", "email.example.com"},
          {"%{d2}", "example.com"},
          {"%{d1}", "com"},
          {"%{dr}", "com.example.email"},
          {"%{d2r}", "example.email"},
          {"%{l}", "strong-bad"},
          {"%{l-}", "strong.bad"},
          {"%{lr}", "strong-bad"},
          {"%{lr-}", "bad.strong"},
          {"%{l1r-}", "strong"},
          {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
          {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
          {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
          {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
          {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"}});
  expect(
      "2001:db8::cb01", std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\xcb\x01", 16),
      {{"%{ir}.%{v}._spf.%{d2}",
        "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"}});
}

TEST(SpfSuite, HasAllOfIt) { EXPECT_EQ(cases().size(), 403U); }

}  // namespace
}  // namespace ph::mailauth
