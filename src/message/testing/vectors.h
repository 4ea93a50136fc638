// Vectors of other projects (tests/corpus): read, compared, and the share that agrees counted.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ph::message::testing {

inline std::string corpus_text(const std::string& file) {
  std::ifstream in(std::string(PH_SOURCE_DIR) + "/tests/corpus/" + file, std::ios::binary);
  if (!in) throw std::runtime_error("no such corpus file: " + file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::vector<boost::json::value> vectors(const std::string& file) {
  const boost::json::value whole = boost::json::parse(corpus_text(file));
  return {whole.as_array().begin(), whole.as_array().end()};
}

/// The first field of what a vector calls a header: up to a line end that no blank follows.
inline std::string_view field_of(std::string_view header) {
  std::size_t at = 0;
  while ((at = header.find('\n', at)) != header.npos) {
    ++at;
    if (at == header.size() || (header[at] != ' ' && header[at] != '\t'))
      return header.substr(0, at - 1);
  }
  return header;
}

/// Counts agreement; what is decided otherwise is named by index, and stands in
/// tests/conformance/README.md with its reason.
class Agreement {
 public:
  Agreement(std::string name, std::set<std::size_t> otherwise)
      : name_(std::move(name)), otherwise_(std::move(otherwise)) {}
  void note(std::size_t index, bool same, const std::string& what) {
    ++count_;
    same_ += same ? 1 : 0;
    const bool known = otherwise_.contains(index);
    EXPECT_EQ(same, !known) << name_ << " " << index << ": " << what;
  }
  /// At least `share` of all agree.
  void check(double share) const {
    const double got = static_cast<double>(same_) / static_cast<double>(count_);
    fmt::print("{}: {} of {} agree ({:.1f} %)\n", name_, same_, count_, got * 100);
    EXPECT_GE(got, share) << name_;
  }

 private:
  std::string name_;
  std::set<std::size_t> otherwise_;
  std::size_t count_ = 0, same_ = 0;
};

}  // namespace ph::message::testing
