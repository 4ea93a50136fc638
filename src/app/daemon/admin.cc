#include "app/daemon/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "app/daemon/facts.h"
#include "crypto/password.h"

namespace ph::daemon {
namespace {

namespace json = boost::json;

/// The request's members, each read by its name and type.
struct Request {
  json::object body;

  Result<std::string> text(std::string_view name) const {
    const auto* value = body.if_contains(name);
    if (value && value->is_string()) return std::string(value->get_string());
    return fail(Kind::malformed, "the request lacks a text", std::string(name));
  }
  /// A text of which nothing stays in the request.
  Result<std::string> secret(std::string_view name) {
    auto found = text(name);
    if (found) {
      for (char& c : body[name].get_string()) *const_cast<volatile char*>(&c) = 0;
    }
    return found;
  }
  Result<std::string> optional_text(std::string_view name) const {
    const auto* value = body.if_contains(name);
    return value && !value->is_null() ? text(name) : std::string();
  }
  bool flag(std::string_view name) const {
    const auto* value = body.if_contains(name);
    return value && value->is_bool() && value->get_bool();
  }
  /// nullopt: null or not there.
  Result<std::optional<std::uint64_t>> number(std::string_view name) const {
    const auto* value = body.if_contains(name);
    if (!value || value->is_null()) return std::optional<std::uint64_t>();
    if (value->is_int64() && value->get_int64() >= 0) {
      return std::optional(static_cast<std::uint64_t>(value->get_int64()));
    }
    if (value->is_uint64()) return std::optional(value->get_uint64());
    return fail(Kind::malformed, "the request has something that is no number", std::string(name));
  }
};

using Reply = Result<json::object>;
using Run = Task<Reply> (*)(Request request, AdminRooms rooms);

rt::Instant deadline_of(const AdminRooms& rooms) {
  return rooms.world.clock.now() + kAdminDeadline;
}

/// A list as a reply, as much of it as a reply may hold.
template <class T>
json::object listed(std::string_view name, const std::vector<T>& all) {
  json::array items;
  std::size_t octets = 0;
  bool complete = true;
  for (const auto& item : all) {
    json::object one = facts(item);
    octets += json::serialize(one).size() + 1;
    if (octets > kAdminReplyOctetsMax - 4096) {
      complete = false;
      break;
    }
    items.push_back(std::move(one));
  }
  return {{name, std::move(items)}, {"complete", complete}};
}

// Domains.

Task<Reply> domain_add(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto name, request.text("domain"));
  PH_CO_TRY([[maybe_unused]] const auto made, co_await rooms.identity.add_domain(name));
  co_return json::object{{"domain", utf8_only(name)}};
}

Task<Reply> domain_list(Request, AdminRooms rooms) {
  PH_CO_TRY(const auto domains, co_await rooms.identity.domains());
  co_return listed("domains", domains);
}

/// Disabled first, so that nothing new arrives; the address last, so that a crash on the way leaves
/// an account that can be removed again. The second erase takes what was being delivered meanwhile.
Task<Result<Done>> remove_account(std::string address, AdminRooms rooms) {
  PH_CO_TRY(const auto account, co_await rooms.identity.show_account(address));
  PH_CO_TRY([[maybe_unused]] const auto off,
            co_await rooms.identity.set_state(address, identity::AccountState::disabled));
  PH_CO_TRY([[maybe_unused]] const auto erased,
            co_await rooms.mailboxes.erase(account.id, deadline_of(rooms)));
  PH_CO_TRY([[maybe_unused]] const auto gone, co_await rooms.identity.remove_account(address));
  PH_CO_TRY([[maybe_unused]] const auto rest,
            co_await rooms.mailboxes.erase(account.id, deadline_of(rooms)));
  co_return Done{};
}

Task<Reply> domain_remove(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto name, request.text("domain"));
  const bool force = request.flag("force");
  if (force) {
    PH_CO_TRY(const auto accounts, co_await rooms.identity.accounts(name));
    for (const auto& account : accounts) {
      const auto address = message::to_string(account.address);
      PH_CO_TRY([[maybe_unused]] const auto gone, co_await remove_account(address, rooms));
    }
    PH_CO_TRY(const auto aliases, co_await rooms.identity.aliases(name));
    for (const auto& alias : aliases) {
      PH_CO_TRY([[maybe_unused]] const auto gone,
                co_await rooms.identity.remove_alias(alias.address));
    }
  }
  PH_CO_TRY([[maybe_unused]] const auto removed,
            co_await rooms.identity.remove_domain(name, force));
  co_return json::object{{"domain", utf8_only(name)}};
}

// Accounts.

Task<Reply> shown(std::string address, AdminRooms rooms) {
  PH_CO_TRY(const auto account, co_await rooms.identity.show_account(address));
  co_return json::object{{"account", facts(account)}};
}

Task<Reply> account_add(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(auto password, request.secret("password"));
  PH_CO_TRY(const auto quota, request.number("quota_octets"));
  const auto made = co_await rooms.identity.add_account(address, password);
  crypto::wipe(password);
  if (!made) co_return std::unexpected(made.error());
  if (quota) {
    PH_CO_TRY([[maybe_unused]] const auto set, co_await rooms.identity.set_quota(address, quota));
  }
  co_return co_await shown(address, rooms);
}

Task<Reply> account_list(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto domain, request.optional_text("domain"));
  PH_CO_TRY(const auto accounts, co_await rooms.identity.accounts(domain));
  co_return listed("accounts", accounts);
}

Task<Reply> account_show(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto account, co_await rooms.identity.show_account(address));
  PH_CO_TRY(const auto usage, co_await rooms.mailboxes.usage(account.id, deadline_of(rooms)));
  json::object out = facts(account);
  out["messages"] = usage.messages;
  out["octets"] = usage.octets;
  co_return json::object{{"account", std::move(out)}};
}

Task<Reply> account_remove(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY([[maybe_unused]] const auto gone, co_await remove_account(address, rooms));
  co_return json::object{{"address", utf8_only(address)}};
}

Task<Reply> account_password(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(auto password, request.secret("password"));
  const auto set = co_await rooms.identity.set_password(address, password);
  crypto::wipe(password);
  if (!set) co_return std::unexpected(set.error());
  co_return co_await shown(address, rooms);
}

Task<Reply> account_state(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto name, request.text("state"));
  using identity::AccountState;
  auto state = AccountState::active;
  if (name == "disabled") {
    state = AccountState::disabled;
  } else if (name == "locked") {
    state = AccountState::locked;
  } else if (name != "active") {
    co_return fail(Kind::malformed, "state is active, disabled or locked", name);
  }
  PH_CO_TRY([[maybe_unused]] const auto set, co_await rooms.identity.set_state(address, state));
  co_return co_await shown(address, rooms);
}

Task<Reply> account_quota(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto quota, request.number("quota_octets"));
  PH_CO_TRY([[maybe_unused]] const auto set, co_await rooms.identity.set_quota(address, quota));
  co_return co_await shown(address, rooms);
}

Task<Reply> account_move(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto to, request.optional_text("to"));
  const bool forward = request.flag("forward");
  PH_CO_TRY([[maybe_unused]] const auto set,
            co_await rooms.identity.move_account(address, to, forward));
  co_return co_await shown(address, rooms);
}

// Aliases.

Task<Reply> alias_add(Request request, AdminRooms rooms) {
  identity::Administration::Alias alias;
  PH_CO_TRY(alias.address, request.text("address"));
  const auto* targets = request.body.if_contains("targets");
  if (!targets || !targets->is_array()) {
    co_return fail(Kind::malformed, "the request lacks a list", "targets");
  }
  for (const auto& target : targets->get_array()) {
    if (!target.is_string()) co_return fail(Kind::malformed, "a target is not a text");
    alias.targets.emplace_back(target.get_string());
  }
  PH_CO_TRY([[maybe_unused]] const auto made,
            co_await rooms.identity.add_alias(alias.address, alias.targets));
  co_return json::object{{"alias", facts(alias)}};
}

Task<Reply> alias_list(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto domain, request.optional_text("domain"));
  PH_CO_TRY(const auto aliases, co_await rooms.identity.aliases(domain));
  co_return listed("aliases", aliases);
}

Task<Reply> alias_remove(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY([[maybe_unused]] const auto gone, co_await rooms.identity.remove_alias(address));
  co_return json::object{{"address", utf8_only(address)}};
}

// Queue and journal.

Task<Reply> queue_list(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto max, request.number("max"));
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(max.value_or(1000), kAdminListedMax));
  PH_CO_TRY(auto jobs, co_await rooms.queue.list(count + 1, deadline_of(rooms)));
  const bool more = jobs.size() > count;
  if (more) jobs.resize(count);
  auto out = listed("jobs", jobs);
  if (more) out["complete"] = false;
  co_return out;
}

Task<Reply> queue_stats(Request, AdminRooms rooms) {
  PH_CO_TRY(const auto jobs, co_await rooms.queue.list(kAdminCountedMax + 1, deadline_of(rooms)));
  std::uint64_t messages = 0, octets = 0, deferred = 0;
  std::optional<Wall> oldest, next;
  std::string_view before;
  for (const auto& job : jobs) {  // sorted by queue id
    if (job.queue_id != before) {
      ++messages;
      octets += job.octets;
      before = job.queue_id;
    }
    if (job.attempts > 0) ++deferred;
    if (!oldest || job.accepted < *oldest) oldest = job.accepted;
    if (!next || job.next_attempt < *next) next = job.next_attempt;
  }
  json::object out{{"messages", messages},
                   {"recipients", jobs.size()},
                   {"octets", octets},
                   {"deferred", deferred},
                   {"oldest_accepted", nullptr},
                   {"next_attempt", nullptr},
                   {"complete", jobs.size() <= kAdminCountedMax}};
  if (oldest) out["oldest_accepted"] = format_utc(*oldest);
  if (next) out["next_attempt"] = format_utc(*next);
  co_return json::object{{"stats", std::move(out)}};
}

Task<Reply> why(Request request, AdminRooms rooms) {
  PH_CO_TRY(const auto term, request.text("term"));
  PH_CO_TRY(const auto events, co_await rooms.journal.find(term, deadline_of(rooms)));
  co_return listed("events", events);
}

Task<Reply> server_status(Request, AdminRooms rooms) {
  json::array listening;
  for (const auto& one : rooms.server.listening) listening.emplace_back(one);
  co_return json::object{{"server", json::object{{"version", rooms.server.version},
                                                 {"hostname", rooms.server.hostname},
                                                 {"store", rooms.server.store},
                                                 {"listening", std::move(listening)}}}};
}

struct Command {
  std::string_view name;
  Run run;
};

constexpr std::array kCommands = std::to_array<Command>({
    {"account.add", account_add},
    {"account.list", account_list},
    {"account.move", account_move},
    {"account.password", account_password},
    {"account.quota", account_quota},
    {"account.remove", account_remove},
    {"account.show", account_show},
    {"account.state", account_state},
    {"alias.add", alias_add},
    {"alias.list", alias_list},
    {"alias.remove", alias_remove},
    {"domain.add", domain_add},
    {"domain.list", domain_list},
    {"domain.remove", domain_remove},
    {"queue.list", queue_list},
    {"queue.stats", queue_stats},
    {"server.status", server_status},
    {"why", why},
});
static_assert(std::ranges::is_sorted(kCommands, {}, &Command::name));  // binary search below

Task<Reply> run(std::string request, AdminRooms rooms) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = kAdminJsonDepthMax;
  auto parsed = json::parse(request, error, {}, options);
  crypto::wipe(request);
  if (error || !parsed.is_object()) {
    co_return fail(Kind::malformed, "the request is not a JSON object", error.message());
  }
  Request read{std::move(parsed.get_object())};
  PH_CO_TRY(const auto name, read.text("command"));
  const auto found = std::ranges::lower_bound(kCommands, name, {}, &Command::name);
  if (found == kCommands.end() || found->name != name) {
    co_return fail(Kind::malformed, "this server does not know the command", name);
  }
  co_return co_await found->run(std::move(read), rooms);
}

}  // namespace

Task<std::string> answer_admin(std::string request, AdminRooms rooms) {
  json::object out;
  if (request.size() > kAdminRequestOctetsMax) {
    out = {{"ok", false}, {"kind", "over_limit"}, {"error", "the request is too long"}};
    co_return json::serialize(out);
  }
  auto reply = co_await run(std::move(request), rooms);
  if (reply) {
    out = std::move(*reply);
    out["ok"] = true;
  } else {
    const auto& error = reply.error();
    out["ok"] = false;
    out["kind"] = to_string(error.kind);
    out["error"] =
        utf8_only(error.detail.empty() ? std::string(error.what)
                                       : fmt::format("{}: {}", error.what, error.detail));
  }
  co_return json::serialize(out);
}

std::vector<std::string_view> admin_commands() {
  std::vector<std::string_view> names;
  for (const auto& command : kCommands) names.push_back(command.name);
  return names;
}

}  // namespace ph::daemon
