#include "wire/pop3/dot_stuffer.h"

#include <gtest/gtest.h>

#include <string>

namespace ph::pop3 {
namespace {

std::string stuffed(std::string_view message, std::size_t cut) {
  DotStuffer stuffer;
  std::string out;
  stuffer.next(message.substr(0, cut), out);
  stuffer.next(message.substr(cut), out);
  stuffer.finish(out);
  return out;
}

struct Unstuffed {
  std::string content, rest;
  bool end = false, malformed = false;
  bool operator==(const Unstuffed&) const = default;
};

Unstuffed unstuffed(std::string_view wire, std::size_t cut) {
  DotUnstuffer unstuffer;
  Unstuffed got;
  for (std::string_view chunk : {wire.substr(0, cut), wire.substr(cut)}) {
    while (!chunk.empty() && !got.end && !got.malformed) {
      const auto slice = unstuffer.next(chunk);
      got.malformed = !slice;
      if (!slice) break;
      EXPECT_GE(slice->consumed, 1u);
      got.content += slice->content;
      got.end = slice->end;
      chunk.remove_prefix(slice->consumed);
    }
    if (got.end) got.rest += chunk;
  }
  return got;
}

std::string top(std::string_view message, std::uint32_t lines, std::size_t cut) {
  TopCutter cutter(lines);
  std::string out;
  out += cutter.next(message.substr(0, cut));
  out += cutter.next(message.substr(cut));
  return out;
}

struct StufferCase {
  std::string message, wire;
};
const StufferCase kStufferCases[] = {
    {"", ".\r\n"},
    {"a\r\n", "a\r\n.\r\n"},
    {"a", "a\r\n.\r\n"},
    {"a\r", "a\r\r\n.\r\n"},
    {"a\n", "a\n\r\n.\r\n"},
    {".", "..\r\n.\r\n"},
    {".\r\n", "..\r\n.\r\n"},
    {"..\r\n", "...\r\n.\r\n"},
    {"a.\r\n.b\r\n\r\n.\r\n", "a.\r\n..b\r\n\r\n..\r\n.\r\n"},
    {"a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"},
    {"a\r.b\r\n", "a\r.b\r\n.\r\n"},
};

TEST(DotStuffer, GivesTheSameForEverySplit) {
  for (const auto& c : kStufferCases)
    for (std::size_t cut = 0; cut <= c.message.size(); ++cut)
      EXPECT_EQ(stuffed(c.message, cut), c.wire) << ::testing::PrintToString(c.message) << cut;
}

TEST(DotUnstuffer, UndoesTheStuffingAtEverySplit) {
  for (const auto& c : kStufferCases) {
    const std::string wire = c.wire + "+OK\r\n";
    const bool whole = c.message.empty() || c.message.ends_with("\r\n");
    const Unstuffed wanted{whole ? c.message : c.message + "\r\n", "+OK\r\n", true, false};
    for (std::size_t cut = 0; cut <= wire.size(); ++cut)
      EXPECT_EQ(unstuffed(wire, cut), wanted) << ::testing::PrintToString(wire) << cut;
  }
}

TEST(DotUnstuffer, RefusesALoneDotWithABareCr) {
  const std::string_view wire = "a\r\n.\rb\r\n.\r\n";
  for (std::size_t cut = 0; cut <= wire.size(); ++cut)
    EXPECT_TRUE(unstuffed(wire, cut).malformed) << cut;
}

TEST(TopCutter, StopsBehindTheLinesAskedFor) {
  struct Case {
    std::string message;
    std::uint32_t lines;
    std::string wanted;
  };
  const Case cases[] = {
      {"A: b\r\n\r\n1\r\n2\r\n3\r\n", 0, "A: b\r\n\r\n"},
      {"A: b\r\n\r\n1\r\n2\r\n3\r\n", 2, "A: b\r\n\r\n1\r\n2\r\n"},
      {"A: b\r\n\r\n1\r\n2\r\n3\r\n", 9, "A: b\r\n\r\n1\r\n2\r\n3\r\n"},
      {"A: b\r\n\r\n1\r\n2", 2, "A: b\r\n\r\n1\r\n2"},
      {"A: b\r\n\r\n\r\n\r\n3\r\n", 1, "A: b\r\n\r\n\r\n"},
      {"\r\n1\r\n2\r\n", 1, "\r\n1\r\n"},
      {"A: b\r\n", 3, "A: b\r\n"},
      {"A: b\r\n\r\r\n1\r\n\r\n2\r\n", 0, "A: b\r\n\r\r\n1\r\n\r\n"},
      {"A: b\n\n1\n2\n", 1, "A: b\n\n1\n"},
      {"", 1, ""},
  };
  for (const auto& c : cases)
    for (std::size_t cut = 0; cut <= c.message.size(); ++cut)
      EXPECT_EQ(top(c.message, c.lines, cut), c.wanted)
          << ::testing::PrintToString(c.message) << c.lines << " " << cut;
}

}  // namespace
}  // namespace ph::pop3
