// posthouse account add|list|show|remove|password|enable|disable|lock|quota|move
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/cli/secrets.h"
#include "app/cli/world.h"
#include "app/daemon/first_start.h"
#include "app/daemon/units.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

struct Args {
  std::string address, domain, quota, to;
  bool password_stdin = false, generate = false, forward = false;
};

constexpr std::string_view kHint = "'posthouse account list' shows the accounts there are";

struct Password {
  std::string text;
  bool generated = false;
};

/// From standard input, the terminal, or chance. nullopt: complained about.
std::optional<Password> new_password(const Args& args) {
  const auto generate = [] {
    CommandWorld world;
    return Password{daemon::random_password(world->random), true};
  };
  if (args.password_stdin) {
    if (auto line = read_secret_line()) return Password{*line, false};
    complain("no password on standard input", "give it as the first line: --password-stdin < FILE");
    return std::nullopt;
  }
  if (args.generate || !can_ask()) return generate();
  const auto first = ask_secret("Password (empty: make one): ");
  if (first && first->empty()) return generate();
  if (first) {
    const auto again = ask_secret("Once more: ");
    if (again && *again == *first) return Password{*first, false};
    complain("the two passwords differ", "nothing was changed; try again");
    return std::nullopt;
  }
  complain("no password given", "nothing was changed");
  return std::nullopt;
}

void print_account(const json::object& account) {
  print_table(
      {{"address", shown(account, "address")},
       {"state", shown(account, "state")},
       {"quota", account.at("quota_octets").is_null() ? "none" : shown(account, "quota_octets")},
       {"moved to", shown(account, "moved_to")},
       {"id", shown(account, "id")},
       {"created", local_time(account, "created")}});
  if (account.contains("messages")) {
    print_table({{"messages", shown(account, "messages")}, {"octets", shown(account, "octets")}});
  }
}

/// Sends a request whose reply is an account, prints it.
int account_reply(const Common& common, json::object request, std::string_view done) {
  int code = kFine;
  const auto reply = ask(common, std::move(request), code, kHint);
  if (!reply) return code;
  const auto& account = reply->at("account").as_object();
  if (common.json) {
    print_json(account);
  } else if (done.empty()) {
    print_account(account);
  } else {
    fmt::print("{} {}\n", shown(account, "address"), done);
  }
  return code;
}

int with_password(const Common& common, const Args& args, std::string_view command,
                  std::string_view done) {
  json::object request{{"command", command}, {"address", args.address}};
  if (!args.quota.empty()) {
    const auto octets = daemon::parse_octets(args.quota);
    if (!octets) {
      complain(octets.error(), "write a size such as '2 GB', or octets");
      return kCouldNotRun;
    }
    request["quota_octets"] = *octets;
  }
  const auto password = new_password(args);
  if (!password) return kCouldNotRun;
  request["password"] = password->text;
  int code = kFine;
  const auto reply = ask(common, std::move(request), code,
                         "the domain must be ours ('posthouse domain list'), and the address free");
  if (!reply) return code;
  json::object account = reply->at("account").as_object();
  if (common.json) {
    if (password->generated) account["password"] = password->text;
    print_json(account);
  } else {
    fmt::print("{} {}\n", shown(account, "address"), done);
    if (password->generated) fmt::print("password: {}\n", password->text);
  }
  return code;
}

int quota(const Common& common, const Args& args) {
  json::object request{
      {"command", "account.quota"}, {"address", args.address}, {"quota_octets", nullptr}};
  if (args.quota != "none") {
    const auto octets = daemon::parse_octets(args.quota);
    if (!octets) {
      complain(octets.error(), "write a size such as '2 GB', octets, or 'none'");
      return kCouldNotRun;
    }
    request["quota_octets"] = *octets;
  }
  return account_reply(common, std::move(request), "has its new quota");
}

int move(const Common& common, const Args& args) {
  json::object request{{"command", "account.move"},
                       {"address", args.address},
                       {"to", nullptr},
                       {"forward", args.forward}};
  if (args.to != "none") request["to"] = args.to;
  return account_reply(common, std::move(request),
                       args.to == "none" ? "has not moved" : "moved to " + args.to);
}

int remove(const Common& common, const Args& args) {
  int code = kFine;
  const auto reply =
      ask(common, {{"command", "account.remove"}, {"address", args.address}}, code, kHint);
  if (!reply) return code;
  if (common.json) {
    print_json({{"address", reply->at("address")}});
  } else {
    fmt::print("{} removed, with its mail\n", args.address);
  }
  return code;
}

int list(const Common& common, const Args& args) {
  json::object request{{"command", "account.list"}};
  if (!args.domain.empty()) request["domain"] = args.domain;
  int code = kFine;
  const auto reply =
      ask(common, std::move(request), code, "'posthouse domain list' shows the domains");
  if (!reply) return code;
  std::vector<std::vector<std::string>> rows{{"ADDRESS", "STATE", "QUOTA", "MOVED TO", "CREATED"}};
  for (const auto& each : reply->at("accounts").as_array()) {
    const auto& account = each.as_object();
    if (common.json) print_json(account);
    rows.push_back({shown(account, "address"), shown(account, "state"),
                    shown(account, "quota_octets"), shown(account, "moved_to"),
                    local_time(account, "created")});
  }
  if (!common.json) print_table(rows);
  return code;
}

using Arguments = std::shared_ptr<Args>;  // shared by what fills it and what runs

/// "account NAME ADDRESS".
Command about_address(Command account, const char* name, const char* what, const Arguments& args) {
  auto command = account.add(name, what);
  command.text("ADDRESS", args->address, "such as alice@example.test").required();
  return command;
}

void add_password_flags(Command command, const Arguments& args) {
  const auto from_stdin = command.flag("--password-stdin", args->password_stdin,
                                       "the password is the first line of standard input");
  command.flag("--generate", args->generate, "make a password and print it").excludes(from_stdin);
}

void add_state(Command account, Common& common, const Arguments& args, const char* name,
               const char* what, const char* state) {
  about_address(account, name, what, args).on_run(common, [&common, args, state] {
    return account_reply(
        common, {{"command", "account.state"}, {"address", args->address}, {"state", state}},
        fmt::format("is {}", state));
  });
}

void add_password_commands(Command account, Common& common, const Arguments& args) {
  auto add = about_address(account, "add", "make an account", args);
  add_password_flags(add, args);
  add.text("--quota", args->quota, "octets it may hold, such as '2 GB'; default: no limit");
  add.on_run(common,
             [&common, args] { return with_password(common, *args, "account.add", "added"); });

  auto password = about_address(account, "password", "set a new password", args);
  add_password_flags(password, args);
  password.on_run(common, [&common, args] {
    return with_password(common, *args, "account.password", "has its new password");
  });
}

}  // namespace

void add_account(Command program, Common& common) {
  auto account = program.add("account", "who has a mailbox here, and may log in");
  account.needs_part();
  account.notes(
      "Examples:\n"
      "  posthouse account add alice@example.test                 asks for a password\n"
      "  posthouse account add bob@example.test --generate        makes and prints one\n"
      "  posthouse account password bob@example.test --password-stdin < secret\n"
      "  posthouse account quota bob@example.test '2 GB'\n"
      "  posthouse account move bob@example.test bob@new.test --forward\n");
  const auto args = std::make_shared<Args>();
  add_password_commands(account, common, args);

  auto all = account.add("list", "all accounts, or those of a domain");
  all.text("DOMAIN", args->domain, "such as example.test");
  all.on_run(common, [&common, args] { return list(common, *args); });

  about_address(account, "show", "one account, and what its mailbox holds", args)
      .on_run(common, [&common, args] {
        return account_reply(common, {{"command", "account.show"}, {"address", args->address}}, "");
      });
  about_address(account, "remove", "delete an account with its mail", args)
      .on_run(common, [&common, args] { return remove(common, *args); });

  add_state(account, common, args, "enable", "undo disable or lock", "active");
  add_state(account, common, args, "disable", "no login; mail for it waits with its senders (450)",
            "disabled");
  add_state(account, common, args, "lock", "as disable; says that it was for abuse", "locked");

  auto limit = about_address(account, "quota", "how much its mailbox may hold", args);
  limit.text("SIZE", args->quota, "such as '2 GB', octets, or none").required();
  limit.on_run(common, [&common, args] { return quota(common, *args); });

  auto moved = account.add("move", "say where somebody is now (551), or forward (251)");
  moved.text("OLD", args->address, "the account's address").required();
  moved.text("NEW", args->to, "the new address, or none").required();
  moved.flag("--forward", args->forward, "also send its mail on");
  moved.on_run(common, [&common, args] { return move(common, *args); });
}

}  // namespace ph::cli
