#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/conformance.h"
#include "wire/dns/name.h"
#include "wire/dns/rdata.h"

namespace ph::dns {
namespace {

using ph::testing::CaseName;
using ph::testing::cases;
using ph::testing::has;
using ph::testing::text;

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

struct NameCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(NameCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE(text(one, "spec"));
  const auto wire = encode_name(text(one, "text"));
  if (has(one, "error")) {
    ASSERT_FALSE(wire);
    EXPECT_EQ(to_string(wire.error().kind), text(one, "error"));
    EXPECT_FALSE(normal_name(text(one, "text")));
    return;
  }
  ASSERT_TRUE(wire) << wire.error().what;
  EXPECT_EQ(*wire, from_hex(text(one, "wire")));
  const std::string longer = *wire + "rest";
  std::string_view rest = longer;
  EXPECT_EQ(take_name(rest).value(), text(one, "out"));
  EXPECT_EQ(rest, "rest");
  EXPECT_EQ(normal_name(text(one, "out")).value(), text(one, "out"));
  EXPECT_EQ(normal_name(text(one, "text")).value(), text(one, "out"));
}

INSTANTIATE_TEST_SUITE_P(File, NameCase, ::testing::ValuesIn(cases("dns/name.json")), CaseName());

// What is cut short is never taken for a shorter name, and nothing is taken off it.
TEST(Name, IsMalformedCutAnywhere) {
  for (const char* name : {"x.test", "a\\.b.c", "."}) {
    const std::string wire = encode_name(name).value();
    for (std::size_t octets = 0; octets < wire.size(); ++octets) {
      SCOPED_TRACE(octets);
      const std::string_view cut = std::string_view(wire).substr(0, octets);
      std::string_view rest = cut;
      const auto taken = take_name(rest);
      ASSERT_FALSE(taken) << *taken;
      EXPECT_EQ(taken.error().kind, Kind::malformed);
      EXPECT_EQ(rest, cut);
    }
  }
}

Result<std::string> read(const std::string& type, std::string_view rdata) {
  if (type == "A") return parse_a(rdata);
  if (type == "AAAA") return parse_aaaa(rdata);
  if (type == "CNAME") return parse_target(rdata);
  PH_TRY(const Mx mx, parse_mx(rdata));
  return std::to_string(mx.preference) + " " + mx.exchange;
}

struct RdataCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(RdataCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE(text(one, "spec"));
  const std::string rdata = from_hex(text(one, "rdata"));
  const auto got = read(text(one, "type"), rdata);
  if (has(one, "error")) {
    ASSERT_FALSE(got) << *got;
    EXPECT_EQ(to_string(got.error().kind), text(one, "error"));
    return;
  }
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(*got, text(one, "out"));
}

struct WholeRdata : ::testing::TestWithParam<boost::json::value> {};

TEST_P(WholeRdata, IsMalformedCutAnywhere) {
  const auto& one = GetParam();
  const std::string rdata = from_hex(text(one, "rdata"));
  for (std::size_t octets = 0; octets < rdata.size(); ++octets) {
    SCOPED_TRACE(octets);
    const auto got = read(text(one, "type"), std::string_view(rdata).substr(0, octets));
    ASSERT_FALSE(got) << *got;
    EXPECT_EQ(got.error().kind, Kind::malformed);
  }
}

INSTANTIATE_TEST_SUITE_P(File, RdataCase, ::testing::ValuesIn(cases("dns/rdata.json")), CaseName());

std::vector<boost::json::value> whole_rdata() {
  auto all = cases("dns/rdata.json");
  std::erase_if(all, [](const auto& one) { return has(one, "error"); });
  return all;
}
INSTANTIATE_TEST_SUITE_P(File, WholeRdata, ::testing::ValuesIn(whole_rdata()), CaseName());

TEST(Mx, IsWrittenAsItIsRead) {
  const Mx mx{258, "mx.x.test"};
  EXPECT_EQ(format_mx(mx).value(), std::string("\1\2\2mx\1x\4test\0", 13));
  EXPECT_EQ(parse_mx(format_mx(mx).value()).value(), mx);
  EXPECT_FALSE(format_mx({10, "a..b"}));
}

}  // namespace
}  // namespace ph::dns
