#include "codec/utf7.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/testing/conformance.h"
#include "codec/hex_escape.h"
#include "codec/testing/stream_run.h"

namespace ph::codec {
namespace {

using testing::run;
using testing::StreamRun;

struct Utf7Case : ::testing::TestWithParam<boost::json::value> {};
TEST_P(Utf7Case, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  const bool mailbox = ph::testing::text(one, "flavour") == "mailbox";
  const Utf7 flavour = mailbox ? Utf7::mailbox : Utf7::text;
  const std::string encoded = ph::testing::text(one, "encoded");
  const std::string text = ph::testing::text(one, "text");
  const auto* count = one.as_object().if_contains("faults");
  const auto faults = count ? count->to_number<std::uint64_t>() : 0;
  Utf7Decoder decoder(flavour);
  for (std::size_t cut = 0; cut <= encoded.size(); ++cut) {
    const StreamRun got = run(decoder, encoded, cut);
    EXPECT_EQ(got.out, text) << cut;
    EXPECT_EQ(got.faults.count(), faults) << cut;
  }
  if (mailbox) {
    EXPECT_EQ(decode_mailbox_name(encoded).has_value(), faults == 0);
  }
  if (faults > 0 || ph::testing::has(one, "one_way")) return;
  Utf7Encoder encoder(flavour);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const StreamRun got = run(encoder, text, cut);
    EXPECT_EQ(got.out, encoded) << cut;
    EXPECT_EQ(got.faults.count(), 0u) << cut;
  }
}
INSTANTIATE_TEST_SUITE_P(File, Utf7Case, ::testing::ValuesIn(ph::testing::cases("codec/utf7.json")),
                         ph::testing::CaseName());

// One name has one form: what is taken is what would be written.
TEST(Utf7, TakesOnlyTheFormThatItWrites) {
  constexpr std::string_view kLetters = "&-aA,+/~9Jj";
  for (std::uint32_t code = 0; code < 50'000; ++code) {
    std::string name;
    for (std::uint32_t rest = code; rest > 0; rest /= kLetters.size())
      name.push_back(kLetters[rest % kLetters.size()]);
    const auto decoded = decode_mailbox_name(name);
    ASSERT_EQ(decoded.has_value(), decoded && encode_mailbox_name(*decoded) == name) << name;
    Utf7Decoder lenient(Utf7::mailbox);
    const std::string text = run(lenient, name).out;
    ASSERT_EQ(decode_mailbox_name(encode_mailbox_name(text)).value(), text) << name;
  }
  EXPECT_EQ(decode_mailbox_name("&Jjo").error().kind, Kind::malformed);
}

TEST(Utf7, ReplacesWhatIsNoUtf8) {
  Utf7Encoder encoder(Utf7::mailbox);
  for (std::size_t cut = 0; cut <= 4; ++cut) {
    const StreamRun got = run(encoder, "a\xe2\x82z", cut);
    EXPECT_EQ(got.out, "a&,,0-z");
    ASSERT_EQ(got.faults.count(), 1u);
    EXPECT_EQ(got.faults.kept().front().offset, 1u);
  }
  EXPECT_EQ(run(encoder, "\xe2\x82").out, "&,,0-");
}

struct HexEscapeCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(HexEscapeCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  const HexEscape coding =
      ph::testing::text(one, "coding") == "xtext" ? HexEscape::xtext : HexEscape::percent;
  const std::string encoded = ph::testing::text(one, "encoded");
  const std::string text = ph::testing::text(one, "text");
  std::vector<std::uint64_t> faults;
  if (const auto* list = one.as_object().if_contains("faults"))
    for (const auto& at : list->as_array()) faults.push_back(at.to_number<std::uint64_t>());
  HexEscapeDecoder decoder(coding);
  for (std::size_t cut = 0; cut <= encoded.size(); ++cut) {
    const StreamRun got = run(decoder, encoded, cut);
    EXPECT_EQ(got.out, text) << cut;
    std::vector<std::uint64_t> at;
    for (const Fault& fault : got.faults.kept()) at.push_back(fault.offset);
    EXPECT_EQ(at, faults) << cut;
  }
  HexEscapeEncoder encoder(coding);
  const StreamRun again = run(encoder, text);
  EXPECT_EQ(run(decoder, again.out).out, text);
  EXPECT_EQ(run(decoder, again.out).faults.count(), 0u);
  if (!ph::testing::has(one, "one_way")) EXPECT_EQ(again.out, encoded);
}
INSTANTIATE_TEST_SUITE_P(File, HexEscapeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/hex_escape.json")),
                         ph::testing::CaseName());

}  // namespace
}  // namespace ph::codec
