// Conformance cases as data: tests/conformance/<folder>/<file>.json. A case needs no C++.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace ph::testing {

/// The "cases" of a file; throws when it cannot be read, which fails the test program at once.
inline std::vector<boost::json::value> cases(const std::string& file) {
  std::ifstream in(std::string(PH_SOURCE_DIR) + "/tests/conformance/" + file);
  if (!in) throw std::runtime_error("no such conformance file: " + file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const boost::json::value whole = boost::json::parse(text);
  const auto& array = whole.at("cases").as_array();
  return {array.begin(), array.end()};
}

/// A case's string, or "" when it has none of that name.
inline std::string text(const boost::json::value& one, std::string_view name) {
  const auto* found = one.as_object().if_contains(name);
  return found ? std::string(found->as_string()) : std::string();
}

inline bool has(const boost::json::value& one, std::string_view name) {
  return one.as_object().contains(name);
}

/// "lf-dot-lf" becomes "lf_dot_lf": one case can be run by its name.
struct CaseName {
  std::string operator()(const ::testing::TestParamInfo<boost::json::value>& info) const {
    std::string id = text(info.param, "id");
    std::ranges::replace(id, '-', '_');
    return id;
  }
};

}  // namespace ph::testing
