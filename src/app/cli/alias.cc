// posthouse alias add|list|remove
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

struct Args {
  std::string address, domain;
  std::vector<std::string> targets;
};

std::string targets_of(const json::object& alias) {
  std::string out;
  for (const auto& target : alias.at("targets").as_array()) {
    out += (out.empty() ? "" : ", ") + std::string(target.as_string());
  }
  return out;
}

int add(const Common& common, const Args& args) {
  int code = kFine;
  const auto reply =
      ask(common,
          {{"command", "alias.add"},
           {"address", args.address},
           {"targets", json::array(args.targets.begin(), args.targets.end())}},
          code, "the domain must be ours ('posthouse domain list'), the address free");
  if (!reply) return code;
  const auto& alias = reply->at("alias").as_object();
  if (common.json) {
    print_json(alias);
  } else {
    fmt::print("{} leads to {}\n", shown(alias, "address"), targets_of(alias));
  }
  return code;
}

int list(const Common& common, const Args& args) {
  json::object request{{"command", "alias.list"}};
  if (!args.domain.empty()) request["domain"] = args.domain;
  int code = kFine;
  const auto reply = ask(common, std::move(request), code);
  if (!reply) return code;
  std::vector<std::vector<std::string>> rows{{"ADDRESS", "LEADS TO"}};
  for (const auto& each : reply->at("aliases").as_array()) {
    if (common.json) print_json(each.as_object());
    rows.push_back({shown(each.as_object(), "address"), targets_of(each.as_object())});
  }
  if (!common.json) print_table(rows);
  return code;
}

int remove(const Common& common, const Args& args) {
  int code = kFine;
  const auto reply = ask(common, {{"command", "alias.remove"}, {"address", args.address}}, code,
                         "'posthouse alias list' shows them all");
  if (!reply) return code;
  if (common.json) {
    print_json({{"address", reply->at("address")}});
  } else {
    fmt::print("{} removed\n", args.address);
  }
  return code;
}

}  // namespace

void add_alias(Command program, Common& common) {
  auto alias = program.add("alias", "addresses that lead to others");
  alias.needs_part();
  alias.notes(
      "Examples:\n"
      "  posthouse alias add sales@example.test alice@example.test bob@example.test\n"
      "  posthouse alias list example.test\n"
      "  posthouse alias remove sales@example.test\n");
  const auto args = std::make_shared<Args>();

  auto made = alias.add("add", "make an alias");
  made.text("ADDRESS", args->address, "the alias").required();
  made.texts("TARGET", args->targets, "one or more addresses, here or elsewhere").required();
  made.on_run(common, [&common, args] { return add(common, *args); });

  auto all = alias.add("list", "all aliases, or those of a domain");
  all.text("DOMAIN", args->domain, "such as example.test");
  all.on_run(common, [&common, args] { return list(common, *args); });

  auto gone = alias.add("remove", "delete an alias; its targets stay");
  gone.text("ADDRESS", args->address, "the alias").required();
  gone.on_run(common, [&common, args] { return remove(common, *args); });
}

}  // namespace ph::cli
