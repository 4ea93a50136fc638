// A Stream's answer, and whether it is the same for every split of its input.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/stream.h"

namespace ph::codec::testing {

struct Answer {
  std::string out;
  Faults faults;
  bool operator==(const Answer&) const = default;
};

inline Answer answer(Stream& stream, std::string_view in, std::size_t cut) {
  Answer got;
  stream.feed(in.substr(0, cut), got.out);
  stream.feed(in.substr(cut), got.out);
  stream.finish(got.out);
  got.faults = stream.faults();
  return got;
}

/// Of the whole; fails the test where a split, or a run behind another, makes a difference.
template <class Make>
Answer answer_at_every_split(Make make, std::string_view in) {
  auto whole_stream = make();
  const Answer whole = answer(whole_stream, in, in.size());
  auto again = make();
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    const Answer got = answer(again, in, cut);
    EXPECT_EQ(got.out, whole.out) << "split at " << cut;
    EXPECT_TRUE(got.faults == whole.faults) << "split at " << cut;
    if (!(got == whole)) break;
  }
  auto one_by_one = make();
  Answer got;
  for (const char c : in) one_by_one.feed({&c, 1}, got.out);
  one_by_one.finish(got.out);
  got.faults = one_by_one.faults();
  EXPECT_TRUE(got == whole) << "octet by octet";
  return whole;
}

/// Octets of a case: its string `name`, or `name`_hex for what JSON cannot say.
inline std::string octets(const boost::json::value& one, const std::string& name) {
  if (!ph::testing::has(one, name + "_hex")) return ph::testing::text(one, name);
  std::string out;
  int digits = 0, value = 0;
  for (const char c : ph::testing::text(one, name + "_hex")) {
    if (c == ' ') continue;
    value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    if (++digits % 2 != 0) continue;
    out.push_back(static_cast<char>(value));
    value = 0;
  }
  return out;
}

/// A case's "faults": [[offset, "what"], ...]; none when it names none.
inline std::vector<std::pair<std::uint64_t, std::string>> faults(const boost::json::value& one) {
  std::vector<std::pair<std::uint64_t, std::string>> out;
  if (!ph::testing::has(one, "faults")) return out;
  for (const auto& fault : one.at("faults").as_array())
    out.emplace_back(fault.at(0).to_number<std::uint64_t>(), std::string(fault.at(1).as_string()));
  return out;
}

inline std::vector<std::pair<std::uint64_t, std::string>> faults(const Faults& kept) {
  std::vector<std::pair<std::uint64_t, std::string>> out;
  for (const Fault& fault : kept.kept()) out.emplace_back(fault.offset, std::string(fault.what));
  return out;
}

/// A fixed sequence, so that a failure repeats.
inline std::string noise(std::size_t octets, std::uint32_t seed) {
  std::string out;
  for (std::size_t i = 0; i < octets; ++i) {
    seed = seed * 1664525 + 1013904223;
    out.push_back(static_cast<char>(seed >> 24));
  }
  return out;
}

}  // namespace ph::codec::testing
