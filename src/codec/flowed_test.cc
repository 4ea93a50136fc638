#include "codec/flowed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/testing/stream_run.h"

namespace ph::codec {
namespace {

using testing::run;
using testing::StreamRun;

struct FlowedCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(FlowedCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 3676 §" + ph::testing::text(one, "spec"));
  const bool delsp = ph::testing::has(one, "delsp");
  const std::string flowed = ph::testing::text(one, "flowed");
  const std::string text = ph::testing::text(one, "text");
  std::vector<std::uint64_t> faults;
  if (const auto* list = one.as_object().if_contains("faults"))
    for (const auto& at : list->as_array()) faults.push_back(at.to_number<std::uint64_t>());
  FlowedDecoder decoder(delsp);
  for (std::size_t cut = 0; cut <= flowed.size(); ++cut) {
    const StreamRun got = run(decoder, flowed, cut);
    EXPECT_EQ(got.out, text) << cut;
    std::vector<std::uint64_t> at;
    for (const Fault& fault : got.faults.kept()) at.push_back(fault.offset);
    EXPECT_EQ(at, faults) << cut;
  }
  if (!ph::testing::has(one, "both")) return;
  FlowedEncoder encoder(delsp);
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(run(encoder, text, cut).out, flowed) << cut;
}
INSTANTIATE_TEST_SUITE_P(File, FlowedCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/flowed.json")),
                         ph::testing::CaseName());

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(Flowed, ComesBackFromShortLines) {
  constexpr std::string_view kPieces[] = {"a",  "word",  " ", "  ", "日本",          ">", "-- ",
                                          "--", "From ", "ä", "\t", "averylongword", "x", " y"};
  std::uint32_t seed = 9;
  for (int round = 0; round < 1000; ++round) {
    // Paragraphs in the form in which a decoder writes them.
    std::string text;
    for (int lines = 0; lines < 4; ++lines) {
      const std::size_t depth = (seed >> 9) % 4 == 0 ? (seed >> 12) % 4 : 0;
      std::string line;
      for (std::uint32_t left = seed >> 16 & 127; left > 0; --left) {
        seed = seed * 1664525 + 1013904223;
        line += kPieces[(seed >> 20) % std::size(kPieces)];
      }
      seed = seed * 1664525 + 1013904223;
      while (depth == 0 && line.starts_with('>')) line.erase(0, 1);
      while (line.ends_with(' ') && line != "-- ") line.pop_back();
      text += std::string(depth, '>');
      if (depth > 0 && !line.empty()) text += ' ';
      text += line + "\r\n";
    }
    for (const bool delsp : {false, true}) {
      FlowedEncoder encoder(delsp);
      FlowedDecoder decoder(delsp);
      const std::string flowed = run(encoder, text, text.size() / 3).out;
      const StreamRun back = run(decoder, flowed, flowed.size() / 3);
      ASSERT_EQ(back.out, text) << flowed;
      ASSERT_EQ(back.faults.count(), 0u) << flowed;
      for (std::size_t at = 0; delsp && at < flowed.size();) {
        const std::size_t end = flowed.find("\r\n", at);
        std::string_view line = std::string_view(flowed).substr(at, end - at);
        while (line.ends_with("  ")) line.remove_suffix(1);  // spaces stay where they are
        ASSERT_LE(characters(line), kFlowedLineCharactersMax + 1) << flowed;
        at = end + 2;
      }
    }
  }
}

TEST(Flowed, WritesNoSeparatorInsideAParagraph) {  // RFC 3676 §4.3
  const std::string word(90, 'x');
  FlowedEncoder encoder(false);
  FlowedDecoder decoder(false);
  const StreamRun encoded = run(encoder, "oa " + word + " -- \r\n-- \r\n");
  EXPECT_EQ(encoded.out, "oa \r\n" + word + " \r\n--\r\n-- \r\n");
  EXPECT_EQ(run(decoder, encoded.out), (StreamRun{"oa " + word + " --\r\n-- \r\n", {}}));
}

TEST(Flowed, HoldsBackOnlySoMuch) {
  for (const bool delsp : {false, true}) {
    for (const std::string_view part : {"x", ">", " ", "- ", "\xe2\x82\xac", "\r", "-- \n"}) {
      FlowedEncoder encoder(delsp);
      FlowedDecoder decoder(delsp);
      std::string text, encoded, decoded;
      while (text.size() < 60'000) text += part;
      const StreamRun whole = run(encoder, text);
      EXPECT_EQ(run(encoder, text, 1001), whole);
      // Marks before each line: 65 octets to 12 of text.
      EXPECT_LE(whole.out.size(), text.size() * 8);
      const StreamRun back = run(decoder, whole.out);
      EXPECT_EQ(run(decoder, whole.out, whole.out.size() / 3), back);
      EXPECT_LE(back.out.size(), whole.out.size() * 2);
    }
  }
}

}  // namespace
}  // namespace ph::codec
