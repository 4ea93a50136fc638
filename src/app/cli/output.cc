#include "app/cli/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "app/daemon/facts.h"

namespace ph::cli {

namespace json = boost::json;

namespace {

std::size_t columns(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

unsigned octet_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

/// U+0080 to U+009F, which terminals obey as they do ESC, in UTF-8.
bool is_c1(std::string_view text, std::size_t at) {
  return octet_at(text, at) == 0xc2 && octet_at(text, at + 1) >= 0x80 &&
         octet_at(text, at + 1) < 0xa0;
}

/// U+202A to U+202E, U+2066 to U+2069: they turn the direction of what follows.
bool is_direction_mark(std::string_view text, std::size_t at) {
  if (octet_at(text, at) != 0xe2) return false;
  const unsigned second = octet_at(text, at + 1), third = octet_at(text, at + 2);
  return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
         (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

void put_octet(unsigned octet, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  out += kDigits[octet >> 4U];
  out += kDigits[octet & 0xfU];
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned octet = octet_at(text, i);
    if (octet < 0x20 || octet == 0x7f) {
      put_octet(octet, out);
    } else if (is_c1(text, i)) {
      put_octet(octet_at(text, ++i), out);
    } else if (is_direction_mark(text, i)) {
      out += octet_at(text, i + 1) == 0x80 ? "\\u202" : "\\u206";
      out += "0123456789abcdef"[octet_at(text, i + 2) & 0xfU];
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned octet = octet_at(text, i);
    if (octet == '\r' && octet_at(text, i + 1) == '\n') continue;
    if ((octet < 0x20 && octet != '\n' && octet != '\t') || octet == 0x7f) {
      put_octet(octet, out);
    } else if (is_c1(text, i)) {
      put_octet(octet_at(text, ++i), out);
    } else {
      out += text[i];
    }
  }
  return out;
}

void print_json(const json::object& object) { fmt::print("{}\n", json::serialize(object)); }

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(printable(row[i])));
    }
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto cell = printable(row[i]);
      line += cell;
      if (i + 1 < row.size()) line.append(widths[i] - columns(cell) + 2, ' ');
    }
    fmt::print("{}\n", line);
  }
}

void complain(std::string_view what, std::string_view hint) {
  std::fflush(stdout);
  fmt::print(stderr, "posthouse: {}\n", printable(what));
  if (!hint.empty()) fmt::print(stderr, "  {}\n", printable(hint));
}

void complain(const Error& error, std::string_view hint) {
  complain(error.detail.empty() ? std::string(error.what)
                                : fmt::format("{}: {}", error.what, error.detail),
           hint);
}

void complain(const daemon::ConfigRead& read, std::string_view file) {
  for (const auto& problem : read.problems) {
    if (problem.severity != daemon::Severity::error) continue;
    fmt::print(stderr, "{}\n", printable(daemon::format_problem(problem, file)));
  }
}

std::string local_time(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  if (!value || !value->is_string()) return "-";
  const auto at = daemon::parse_utc(std::string_view(value->get_string()));
  if (!at) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(unix_ms(*at) / 1000));
}

std::string shown(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  if (!value || value->is_null()) return "-";
  if (value->is_string()) return std::string(value->get_string());
  return json::serialize(*value);
}

}  // namespace ph::cli
