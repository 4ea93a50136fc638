#include "app/daemon/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "app/daemon/admin_request.h"
#include "app/daemon/facts.h"
#include "crypto/password.h"

namespace ph::daemon {
namespace {

namespace json = boost::json;

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

Task<AdminReply> domain_remove(AdminRequest request, AdminRooms rooms) {
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

Task<AdminReply> shown(std::string address, AdminRooms rooms) {
  PH_CO_TRY(const auto account, co_await rooms.identity.show_account(address));
  co_return json::object{{"account", facts(account)}};
}

Task<AdminReply> account_add(AdminRequest request, AdminRooms rooms) {
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

Task<AdminReply> account_list(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto domain, request.optional_text("domain"));
  PH_CO_TRY(const auto accounts, co_await rooms.identity.accounts(domain));
  co_return listed("accounts", accounts);
}

Task<AdminReply> account_show(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto account, co_await rooms.identity.show_account(address));
  PH_CO_TRY(const auto usage, co_await rooms.mailboxes.usage(account.id, deadline_of(rooms)));
  json::object out = facts(account);
  out["messages"] = usage.messages;
  out["octets"] = usage.octets;
  co_return json::object{{"account", std::move(out)}};
}

Task<AdminReply> account_remove(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY([[maybe_unused]] const auto gone, co_await remove_account(address, rooms));
  co_return json::object{{"address", utf8_only(address)}};
}

Task<AdminReply> account_password(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(auto password, request.secret("password"));
  const auto set = co_await rooms.identity.set_password(address, password);
  crypto::wipe(password);
  if (!set) co_return std::unexpected(set.error());
  co_return co_await shown(address, rooms);
}

Task<AdminReply> account_state(AdminRequest request, AdminRooms rooms) {
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
  if (state == AccountState::active) {  // what waited for that need not wait any longer
    const auto tried = co_await rooms.queue.retry({.recipient = address});
    if (!tried) rooms.world.log.error("queue: mail for " + address + " waits on", tried.error());
  }
  co_return co_await shown(address, rooms);
}

Task<AdminReply> account_quota(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto quota, request.number("quota_octets"));
  PH_CO_TRY([[maybe_unused]] const auto set, co_await rooms.identity.set_quota(address, quota));
  co_return co_await shown(address, rooms);
}

Task<AdminReply> account_move(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY(const auto to, request.optional_text("to"));
  const bool forward = request.flag("forward");
  PH_CO_TRY([[maybe_unused]] const auto set,
            co_await rooms.identity.move_account(address, to, forward));
  co_return co_await shown(address, rooms);
}

// Aliases.

Task<AdminReply> alias_add(AdminRequest request, AdminRooms rooms) {
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

Task<AdminReply> alias_list(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto domain, request.optional_text("domain"));
  PH_CO_TRY(const auto aliases, co_await rooms.identity.aliases(domain));
  co_return listed("aliases", aliases);
}

Task<AdminReply> alias_remove(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto address, request.text("address"));
  PH_CO_TRY([[maybe_unused]] const auto gone, co_await rooms.identity.remove_alias(address));
  co_return json::object{{"address", utf8_only(address)}};
}

// Journal.

Task<AdminReply> why(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto term, request.text("term"));
  PH_CO_TRY(const auto events, co_await rooms.journal.find(term, deadline_of(rooms)));
  co_return listed("events", events);
}

Task<AdminReply> server_status(AdminRequest, AdminRooms rooms) {
  json::array listening;
  for (const auto& one : rooms.server.listening) listening.emplace_back(one);
  co_return json::object{{"server", json::object{{"version", rooms.server.version},
                                                 {"hostname", rooms.server.hostname},
                                                 {"store", rooms.server.store},
                                                 {"listening", std::move(listening)}}}};
}

struct Command {
  std::string_view name;
  AdminRun run;
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
    {"domain.remove_key", domain_remove_key},
    {"domain.reports", domain_reports},
    {"domain.rotate_key", domain_rotate_key},
    {"domain.send_reports", domain_send_reports},
    {"domain.show", domain_show},
    {"queue.delete", queue_delete},
    {"queue.hold", queue_hold},
    {"queue.list", queue_list},
    {"queue.release", queue_release},
    {"queue.retry", queue_retry},
    {"queue.show", queue_show},
    {"queue.stats", queue_stats},
    {"server.status", server_status},
    {"why", why},
});
static_assert(std::ranges::is_sorted(kCommands, {}, &Command::name));  // binary search below

Task<AdminReply> run(std::string request, AdminRooms rooms) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = kAdminJsonDepthMax;
  auto parsed = json::parse(request, error, {}, options);
  crypto::wipe(request);
  if (error || !parsed.is_object()) {
    co_return fail(Kind::malformed, "the request is not a JSON object", error.message());
  }
  AdminRequest read{std::move(parsed.get_object())};
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
