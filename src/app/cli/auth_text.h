// The facts of `posthouse auth`, for people.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace ph::cli {

/// Lines to print. Texts of strangers are printable in it.
std::string auth_text(const boost::json::object& facts);

}  // namespace ph::cli
