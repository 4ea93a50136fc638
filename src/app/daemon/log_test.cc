#include "app/daemon/log.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace ph::daemon {
namespace {

std::string logfmt(std::string value) {
  return format_line(LogFormat::logfmt, rt::Level::info, "w", {{"k", std::move(value)}});
}

TEST(LogLine, QuotesOnlyWhereItMust) {
  EXPECT_EQ(logfmt("plain-1.2@x"), "level=info what=w k=plain-1.2@x");
  EXPECT_EQ(logfmt(""), "level=info what=w k=\"\"");
  EXPECT_EQ(logfmt("two words"), "level=info what=w k=\"two words\"");
  EXPECT_EQ(logfmt("a=b"), "level=info what=w k=\"a=b\"");
  EXPECT_EQ(logfmt("say \"x\"\\"), "level=info what=w k=\"say \\\"x\\\"\\\\\"");
  EXPECT_EQ(logfmt("m\u00fcller"), "level=info what=w k=m\u00fcller");
}

TEST(LogLine, NoOctetOfAPeerEndsALineOrReachesATerminal) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string value = "a" + std::string(1, static_cast<char>(octet)) + "b";
    for (const auto format : {LogFormat::logfmt, LogFormat::json}) {
      const auto line = format_line(format, rt::Level::info, value, {{"k", value}});
      for (const char c : line) {
        const auto u = static_cast<unsigned char>(c);
        EXPECT_TRUE(u >= 0x20 && u < 0x7f) << octet << ": " << line;
      }
    }
  }
  EXPECT_EQ(logfmt("a\r\nlevel=error"), "level=info what=w k=\"a\\r\\nlevel=error\"");
  EXPECT_EQ(logfmt("\u2028\u0085\x1b[2J"), "level=info what=w k=\"\\u2028\\u0085\\u001b[2J\"");
  EXPECT_EQ(logfmt("\xff\xe2\x80"), "level=info what=w k=\"\\ufffd\\ufffd\\ufffd\"");
}

TEST(LogLine, IsJsonThatReadsBack) {
  const std::string value = "a\"b\\c\r\n\t\x01 \u00fc \xc3";
  const auto line =
      "{" + format_line(LogFormat::json, rt::Level::warning, "x.y", {{"k", value}}) + "}";
  const auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(object.at("level"), "warning");
  EXPECT_EQ(object.at("what"), "x.y");
  EXPECT_EQ(object.at("k"), "a\"b\\c\r\n\t\x01 \u00fc \ufffd");
}

TEST(LogLine, CutsWhatIsTooLong) {
  const auto line = logfmt(std::string(kLogValueOctetsMax + 1, 'x'));
  EXPECT_TRUE(line.ends_with("x[cut]\"")) << line.substr(line.size() - 20);
  EXPECT_LT(line.size(), kLogValueOctetsMax + 40);
  const auto many = format_line(LogFormat::logfmt, rt::Level::info, "w",
                                std::vector<rt::LogField>(kLogFieldsMax + 5, {"k", "v"}));
  EXPECT_EQ(std::count(many.begin(), many.end(), '='), static_cast<long>(kLogFieldsMax) + 2);
}

TEST(Log, WritesLinesWithTheirTimeAndHonoursTheLevel) {
  ::testing::internal::CaptureStderr();
  const auto log = make_log(LogFormat::json, rt::Level::info);
  log->write(rt::Level::debug, "hidden", {});
  log->write(rt::Level::info, "shown", {{"k", "v"}});
  log->set_level(rt::Level::error);
  log->write(rt::Level::warning, "hidden", {});
  const auto out = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(out.ends_with("}\n"));
  const auto object = boost::json::parse(out.substr(0, out.size() - 1)).as_object();
  EXPECT_EQ(object.at("what"), "shown");
  const std::string_view time = object.at("time").as_string();
  EXPECT_EQ(time.size(), std::string_view("2026-11-21T18:51:02.123Z").size());
  EXPECT_EQ(time.back(), 'Z');
}

}  // namespace
}  // namespace ph::daemon
