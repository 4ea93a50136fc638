#include "app/cli/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "app/cli/output.h"
#include "app/daemon/facts.h"
#include "app/daemon/units.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

std::string text(const json::object& event, std::string_view member) {
  return printable(std::string_view(event.at(member).as_string()));
}

std::string step(const json::object& event) {
  return fmt::format("{} {}", text(event, "stage"), text(event, "outcome"));
}

std::string after(std::optional<Wall> before, Wall at) {
  if (!before) return "";
  const auto passed = at - *before;
  if (passed < std::chrono::seconds(10))
    return fmt::format("+{:.3f}s", static_cast<double>(passed.count()) / 1000);
  return "+" + daemon::format_duration(std::chrono::floor<std::chrono::seconds>(passed));
}

std::string said(const json::object& event) {
  std::string out;
  const auto add = [&](std::string_view label, std::string_view member) {
    const auto value = text(event, member);
    if (!value.empty()) out += fmt::format("{}{}{}", out.empty() ? "" : " ", label, value);
  };
  add("to ", "recipient");
  add("peer ", "peer");
  const auto why = text(event, "why");
  if (!why.empty()) out += (out.empty() ? "" : ": ") + why;
  return out;
}

std::string heading(const json::object& event) {
  const auto id = text(event, "queue_id");
  if (id.empty()) return "without a queue id";
  const auto sender = text(event, "sender");
  const auto message_id = text(event, "message_id");
  return fmt::format("{} from <{}>{}", id, sender,
                     message_id.empty() ? "" : fmt::format(", Message-ID <{}>", message_id));
}

}  // namespace

std::string format_timeline(const json::array& events) {
  std::vector<std::string> order;  // queue ids, as they first appear
  for (const auto& event : events) {
    const auto id = text(event.as_object(), "queue_id");
    if (std::ranges::find(order, id) == order.end()) order.push_back(id);
  }
  std::string out;
  for (const auto& id : order) {
    std::optional<Wall> before;
    for (const auto& each : events) {
      const auto& event = each.as_object();
      if (text(event, "queue_id") != id) continue;
      const auto at = daemon::parse_utc(std::string_view(event.at("at").as_string()));
      if (!before) out += heading(event) + "\n";
      out += fmt::format("  {}  {:>9}  {:<19}  {}\n", local_time(event, "at"),
                         at ? after(before, *at) : "", step(event), said(event));
      const auto reply = text(event, "reply");
      if (!reply.empty()) out += fmt::format("  {:>43}  reply: {}\n", "", reply);
      if (at) before = *at;
    }
  }
  return out;
}

}  // namespace ph::cli
