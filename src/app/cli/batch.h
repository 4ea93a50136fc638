// --batch: a program asks on standard input, one JSON object a line, and is answered line by line.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::cli {

inline constexpr std::size_t kBatchLineOctetsMax = 256 << 20;  // one request
/// Octets of a message, or of coded text, that a command takes into memory as a whole.
inline constexpr std::size_t kInputOctetsMax = 1 << 30;

/// What a command answers to one request, without "id" and "error". "code" is the exit code that
/// it would have had; where there is none, kFine.
using Answer = std::function<Result<boost::json::object>(const boost::json::object& request)>;

/// Answers standard input's requests in their order, each answer flushed, until its end.
///
///   request  {"id": anything, ...}; empty lines are passed over
///   answer   {"id", "code": 0 or 1, ...} or {"id", "code": 2, "error", "detail"}; a line that is
///   no
///            request is answered so, too, and the next is read
///   returns  an exit code: kFine at the end of input, kCouldNotRun if that cannot be read
int run_batch(const Answer& answer);

/// The octets that a request is about: "text" (as they are), "base64", or "file" (its name).
/// malformed: none of them, or more than one.
Result<std::string> octets_of(const boost::json::object& request);

/// A member that is a text; `otherwise` where it is absent. malformed: something else.
Result<std::string> text_of(const boost::json::object& request, std::string_view member,
                            std::string_view otherwise = {});
/// A member that is true or false; false where it is absent. malformed: something else.
Result<bool> flag_of(const boost::json::object& request, std::string_view member);

/// Adds octets to an answer: "text" (null where they are not UTF-8) and "base64".
void put_octets(boost::json::object& answer, std::string_view octets);

}  // namespace ph::cli
