#include "message/content_type.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/testing/conformance.h"

namespace ph::message {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs parameters_of(const ContentValue& value) {
  Pairs out;
  for (const auto& parameter : joined_parameters(value))
    out.emplace_back(parameter.name, parameter.value);
  return out;
}

struct ContentCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(ContentCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  ContentValue value;
  parse_content_value(in, value);
  EXPECT_EQ(ascii_lower(value.type) + "/" + ascii_lower(value.subtype),
            ph::testing::text(one, "type"));
  Pairs expected;
  for (const auto& pair : one.at("parameters").as_array())
    expected.emplace_back(pair.at(0).as_string(), pair.at(1).as_string());
  EXPECT_EQ(parameters_of(value), expected);
  if (ph::testing::has(one, "boundary")) {
    EXPECT_EQ(content_type(value).boundary, ph::testing::text(one, "boundary"));
  }
}

// A value cut off anywhere still is one, and says nothing that is not in it.
TEST_P(ContentCase, ReadsEveryBeginning) {
  const std::string in = ph::testing::text(GetParam(), "in");
  ContentValue value;
  for (std::size_t octets = 0; octets <= in.size(); ++octets) {
    const std::string_view cut = std::string_view(in).substr(0, octets);
    parse_content_value(cut, value);
    for (const auto& parameter : value.parameters) EXPECT_NE(cut.find(parameter.name), cut.npos);
  }
}

INSTANTIATE_TEST_SUITE_P(File, ContentCase,
                         ::testing::ValuesIn(ph::testing::cases("message/content_type.json")),
                         ph::testing::CaseName());

// Another parser's reading of real and of hostile values; what we read otherwise, and why, is in
// tests/conformance/README.md.
TEST(ContentType, AgreesWithTheVectors) {
  std::ifstream in(PH_SOURCE_DIR "/tests/corpus/mime-mail-parser/content_type.json");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const boost::json::value vectors = boost::json::parse(text);
  std::size_t agree = 0;
  std::string differ;
  for (const auto& vector : vectors.as_array()) {
    ContentValue value;
    const std::string header(vector.at("header").as_string());
    parse_content_value(header, value);
    const auto& expected = vector.at("expected");
    bool same = expected.is_null() ? value.type.empty() || value.subtype.empty() : true;
    if (!expected.is_null()) {
      const auto& subtype = expected.at("c_subtype");
      same = same_ascii(value.type, expected.at("c_type").as_string()) &&
             same_ascii(value.subtype, subtype.is_null() ? "" : subtype.as_string());
      std::map<std::string, std::string> wanted, got;
      const auto* attributes = expected.as_object().if_contains("attributes");
      if (attributes != nullptr && attributes->is_array())
        for (const auto& pair : attributes->as_array())
          wanted[std::string(pair.at(0).as_string())] = pair.at(1).as_string();
      for (const auto& parameter : joined_parameters(value)) {
        got[parameter.name] = parameter.value;
        if (!parameter.language.empty()) got[parameter.name + "-language"] = parameter.language;
      }
      same = same && wanted == got;
    }
    agree += same ? 1 : 0;
    if (!same) differ += header;
  }
  EXPECT_GE(100 * agree, 95 * vectors.as_array().size()) << differ;
  RecordProperty("agree", static_cast<int>(agree));
}

TEST(TransferEncoding, IsReadAsRealMailWritesIt) {
  using enum TransferEncoding;
  const std::pair<std::string_view, TransferEncoding> cases[] = {
      {"7bit", seven_bit},
      {" BASE64 \r\n", base64},
      {"", seven_bit},
      {"8-bit", eight_bit},
      {"base64;", base64},
      {"\"quoted-printable\"", quoted_printable},
      {"binary (x)", binary},
      {"x-uuencode", uuencode},
      {"base64 base64", other},
      {"text/html", other},
      {"quoted-printable ; x", quoted_printable},
      {"x-unknown", other},
      {";", other}};
  for (const auto& [text, encoding] : cases)
    EXPECT_EQ(parse_transfer_encoding(text), encoding) << text;
}

}  // namespace
}  // namespace ph::message
