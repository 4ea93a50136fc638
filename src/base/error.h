// What can go wrong at run time, and what a caller can do about it.
#pragma once

#include <cstdint>
#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace ph {

/// What a caller can do about a failure; the only part of an Error that code may branch on.
enum class Kind : std::uint8_t {
  malformed,  // the peer broke a grammar; the same octets will never be accepted
  refused,    // understood, and denied by policy or by missing rights (also: fenced off)
  not_found,
  over_limit,   // a limit listed in docs/limits.md was reached
  conflict,     // a concurrent writer won: re-read and retry at once
  unavailable,  // a dependency is down, or no space: retry later
  timed_out,    // the deadline passed and nothing was done: retry later
  unknown,      // it may or may not have been done: settle it first, never retry blindly
  corrupt,      // our own stored octets fail their checksum: fence the record off, never guess
  cancelled,    // shutdown, or the peer is gone
};

/// Temporary kinds become 4yz, [UNAVAILABLE] or serverUnavailable in the protocol rooms.
constexpr bool is_temporary(Kind k) {
  return k == Kind::conflict || k == Kind::unavailable || k == Kind::timed_out;
}

/// The name of a kind as it stands in logs and events, e.g. "timed_out".
std::string_view to_string(Kind kind);

/// Text fixed at compile time: cannot dangle, can be grepped, is safe to show to a peer.
struct Literal {
  consteval Literal(const char* s) : text(s) {}  // NOLINT: implicit on purpose
  std::string_view text;
};

struct [[nodiscard]] Error {
  Kind kind;
  std::string_view what;  // from a Literal
  std::string detail;     // may hold addresses and paths: logs only, never the wire
  std::source_location where;
};

template <class T>
using Result = std::expected<T, Error>;

/// The value of an operation that has nothing to say but that it worked.
struct Done {
  bool operator==(const Done&) const = default;
};

inline std::unexpected<Error> fail(Kind kind, Literal what, std::string detail = {},
                                   std::source_location where = std::source_location::current()) {
  return std::unexpected(Error{kind, what.text, std::move(detail), where});
}

/// One line for logs: "kind: what (detail) at file:line".
std::string describe(const Error& error);

// A declaration, not a statement expression: g++ 12 dies on co_await inside `({ })`.
#define PH_CAT2_(a, b) a##b
#define PH_CAT_(a, b) PH_CAT2_(a, b)
#define PH_TRY_(tmp, decl, expr, ret)                    \
  auto tmp = (expr);                                     \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define PH_TRY(decl, expr) PH_TRY_(PH_CAT_(ph_tmp_, __LINE__), decl, expr, return)
#define PH_CO_TRY(decl, expr) PH_TRY_(PH_CAT_(ph_tmp_, __LINE__), decl, expr, co_return)

/// A broken invariant of ours, not of the mail: says where and ends the process. Stays on in
/// release builds, because going on with a broken invariant is how mail gets lost.
[[noreturn]] void check_failed(const char* expression, std::source_location where);
#define PH_CHECK(expression)           \
  ((expression) ? static_cast<void>(0) \
                : ::ph::check_failed(#expression, std::source_location::current()))

}  // namespace ph
