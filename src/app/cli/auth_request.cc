#include "app/cli/auth_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "app/cli/batch.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

using Text = std::string AuthRequest::*;
constexpr std::array kTextMembers{
    std::pair<std::string_view, Text>{"ip", &AuthRequest::ip},
    std::pair<std::string_view, Text>{"helo", &AuthRequest::helo},
    std::pair<std::string_view, Text>{"from", &AuthRequest::from},
    std::pair<std::string_view, Text>{"domain", &AuthRequest::domain},
    std::pair<std::string_view, Text>{"selector", &AuthRequest::selector},
    std::pair<std::string_view, Text>{"key", &AuthRequest::key},
    std::pair<std::string_view, Text>{"canonical", &AuthRequest::canonical},
    std::pair<std::string_view, Text>{"identity", &AuthRequest::identity},
    std::pair<std::string_view, Text>{"fields", &AuthRequest::fields},
    std::pair<std::string_view, Text>{"results", &AuthRequest::results},
    std::pair<std::string_view, Text>{"authserv_id", &AuthRequest::authserv_id}};
using Flag = bool AuthRequest::*;
constexpr std::array kFlagMembers{
    std::pair<std::string_view, Flag>{"header_only", &AuthRequest::header_only},
    std::pair<std::string_view, Flag>{"public_suffixes", &AuthRequest::public_suffixes},
    std::pair<std::string_view, Flag>{"no_oversign", &AuthRequest::no_oversign}};
constexpr std::array<std::string_view, 8> kOtherMembers{"id",        "do",   "now",    "expires",
                                                        "selectors", "text", "base64", "file"};

Result<Done> all_known(const json::object& request) {
  for (const auto& member : request) {
    const std::string_view name(member.key());
    const auto is = [name](const auto& each) { return each.first == name; };
    if (std::ranges::none_of(kTextMembers, is) && std::ranges::none_of(kFlagMembers, is) &&
        std::ranges::find(kOtherMembers, name) == kOtherMembers.end())
      return fail(Kind::malformed, "a member that no request has", std::string(name));
  }
  return Done{};
}

/// A text, or seconds as a number; `unit` stands behind those.
Result<std::string> seconds_member(const json::object& request, std::string_view member,
                                   const std::string& usual, std::string_view unit) {
  const auto* value = request.if_contains(member);
  const bool is_number = value != nullptr && value->is_number();
  if (!is_number) return text_of(request, member, usual);
  boost::system::error_code wrong;
  const auto seconds = value->to_number<std::uint64_t>(wrong);
  if (wrong)
    return fail(Kind::malformed, "a member must be a text or whole seconds", std::string(member));
  return fmt::format("{}{}", seconds, unit);
}

}  // namespace

Result<AuthRequest> request_of(const json::object& request, const AuthRequest& usual) {
  AuthRequest out = usual;
  PH_TRY(out.what, text_of(request, "do"));
  PH_TRY([[maybe_unused]] const auto is_part, auth_part(out.what));
  PH_TRY([[maybe_unused]] const auto known, all_known(request));
  for (const auto& [member, into] : kTextMembers) {
    PH_TRY(out.*into, text_of(request, member, out.*into));
  }
  for (const auto& [member, into] : kFlagMembers) {
    PH_TRY(out.*into, flag_of(request, member));
  }
  PH_TRY(out.now, seconds_member(request, "now", out.now, ""));
  PH_TRY(out.expires, seconds_member(request, "expires", out.expires, "s"));
  if (const auto* selectors = request.if_contains("selectors")) {
    if (!selectors->is_array())
      return fail(Kind::malformed, "a member must be a list of texts", "selectors");
    for (const auto& each : selectors->as_array()) {
      if (!each.is_string())
        return fail(Kind::malformed, "a member must be a list of texts", "selectors");
      out.selectors.emplace_back(each.as_string());
    }
  }
  if (out.what != "spf" && out.what != "lint") {
    PH_TRY(out.message, octets_of(request));
  }
  return out;
}

}  // namespace ph::cli
