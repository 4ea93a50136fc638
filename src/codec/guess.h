// What is this text coded in? For people who have a piece of something and do not know.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ph::codec {

/// Octets at the front of the input that are looked at.
inline constexpr std::size_t kGuessOctetsMax = 256 << 10;

struct Guess {
  std::string coding;  // as make_decoder() takes it
  unsigned percent;    // how sure, 1 to 100
  std::string why;     // one sentence, for people
};

/// The likeliest first; empty where nothing but plain ASCII text stands there. O(octets), at most
/// of kGuessOctetsMax.
std::vector<Guess> guess_coding(std::string_view octets);

/// What octets are by what they begin with: "PNG image", "ZIP archive", "PDF document",
/// "UTF-8 text", "octets".
std::string_view name_content(std::string_view octets);

}  // namespace ph::codec
