#include "codec/registry.h"

#include <gtest/gtest.h>

#include <string>

namespace ph::codec {
namespace {

struct Run {
  std::string out;
  std::uint64_t faults = 0;
};

Run run(const Result<std::unique_ptr<Stream>>& stream, std::string_view octets) {
  Run done;
  if (!stream) return {.out = "(" + stream.error().detail + ")", .faults = 1};
  (*stream)->feed(octets, done.out);
  (*stream)->finish(done.out);
  done.faults = (*stream)->faults().count();
  return done;
}
Run encoded(std::string_view coding, std::string_view octets, const std::string& name = {}) {
  return run(make_encoder(coding, {.name = name}), octets);
}
Run decoded(std::string_view coding, std::string_view octets, const std::string& name = {}) {
  return run(make_decoder(coding, {.name = name}), octets);
}

// RFC 2045 §2.2: who writes a label writes that charset, and not the larger one it is read as.
TEST(Registry, WritesTheCharsetThatIsNamed) {
  EXPECT_EQ(encoded("charset:iso-8859-1", "\u20ac\u00e4").out, "?\xe4");
  EXPECT_EQ(encoded("charset:iso-8859-1", "\u20ac\u00e4").faults, 1U);
  EXPECT_EQ(encoded("charset:windows-1252", "\u20ac\u00e4").out, "\x80\xe4");
  EXPECT_EQ(encoded("charset:gb2312", "\u9fa5").faults, 1U);
  EXPECT_EQ(encoded("charset:gbk", "\u9fa5").faults, 0U);
  EXPECT_EQ(decoded("charset:iso-8859-1", "\x80\xe4").out, "\u20ac\u00e4");
  EXPECT_EQ(decoded("CHARSET:Latin-1", "\xe4").out, "\u00e4");
  EXPECT_EQ(decoded("charset:nobody-knows-it", "").out, "(nobody-knows-it)");
}

TEST(Registry, ReadsParametersWithQuotes) {
  EXPECT_EQ(decoded("rfc2231", "filename=\"a;b \\\"c\\\\.txt\"").out, "a;b \"c\\.txt");
  EXPECT_EQ(decoded("rfc2231", "x=\"1;filename=2\"; filename=\"b\"", "filename").out, "b");
  EXPECT_EQ(decoded("rfc2231", "a*0*=utf-8''%C3%A4; a*1=\";\"").out, "\u00e4;");
}

TEST(Registry, WritesNoParameterThatIsNone) {
  EXPECT_EQ(encoded("rfc2231", "x", "name").out, "name=x");
  for (const std::string name : {"x;y", "a b", "n\r\nX-Evil: y", "n=", "n*", "\u00e4"})
    EXPECT_EQ(encoded("rfc2231", "x", name).faults, 1U) << name;
}

TEST(Registry, NamesTheNearestWhereThereIsNone) {
  EXPECT_EQ(make_decoder("base65", {}).error().kind, Kind::not_found);
  for (const Coding& coding : codings()) {
    EXPECT_TRUE(make_encoder(coding.name, {}).has_value()) << coding.name;
    EXPECT_TRUE(make_decoder(coding.name, {}).has_value()) << coding.name;
  }
}

}  // namespace
}  // namespace ph::codec
