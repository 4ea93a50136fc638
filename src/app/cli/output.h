// What commands print: facts on standard output, what went wrong on standard error.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/daemon/config.h"
#include "base/error.h"

namespace ph::cli {

/// One line of JSON on standard output.
void print_json(const boost::json::object& object);
/// Rows in columns, two spaces apart; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>>& rows);
/// "posthouse: WHAT" and, if not empty, "  HINT" on standard error: what, where, why; what to do.
void complain(std::string_view what, std::string_view hint = {});
void complain(const Error& error, std::string_view hint = {});
/// Problems of a configuration on standard error, at most the errors if not `all`.
void complain(const daemon::ConfigRead& read, std::string_view file);

/// On one line, without what acts on a terminal: control characters (U+0080 to U+009F too) shown as
/// \xNN, marks that turn the direction of writing as \uNNNN. Facts may come from strangers.
std::string printable(std::string_view text);
/// The same of a longer text: lines (LF, CRLF) and tabs stay, and so do marks of direction, which
/// Arabic and Hebrew texts have a use for.
std::string printable_lines(std::string_view text);
/// The time in `member`, in local time for people: "2026-11-21 19:51:02"; "-" for null.
std::string local_time(const boost::json::object& object, std::string_view member);
/// A text, a number, or "-" for null.
std::string shown(const boost::json::object& object, std::string_view member);

}  // namespace ph::cli
