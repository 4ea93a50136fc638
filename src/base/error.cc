#include "base/error.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace ph {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::malformed: return "malformed";
    case Kind::refused: return "refused";
    case Kind::not_found: return "not_found";
    case Kind::over_limit: return "over_limit";
    case Kind::conflict: return "conflict";
    case Kind::unavailable: return "unavailable";
    case Kind::timed_out: return "timed_out";
    case Kind::unknown: return "unknown";
    case Kind::corrupt: return "corrupt";
    case Kind::cancelled: return "cancelled";
  }
  std::unreachable();
}

std::string describe(const Error& error) {
  std::string_view file = error.where.file_name();
  if (const auto at = file.rfind("src/"); at != std::string_view::npos) file.remove_prefix(at + 4);
  return fmt::format("{}: {}{}{}{} at {}:{}", to_string(error.kind), error.what,
                     error.detail.empty() ? "" : " (", error.detail,
                     error.detail.empty() ? "" : ")", file, error.where.line());
}

void check_failed(const char* expression, std::source_location where) {
  std::fprintf(stderr, "posthouse: broken invariant: %s at %s:%u (%s)\n", expression,
               where.file_name(), where.line(), where.function_name());
  std::abort();
}

}  // namespace ph
