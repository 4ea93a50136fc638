// posthouse domain add|list|remove
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
  std::string name;
  bool force = false;
};

int change(const Common& common, const Args& args, std::string_view command, std::string_view done,
           std::string_view hint) {
  int code = kFine;
  const auto reply =
      ask(common, {{"command", command}, {"domain", args.name}, {"force", args.force}}, code, hint);
  if (!reply) return code;
  if (common.json) {
    print_json({{"domain", reply->at("domain")}});
  } else {
    fmt::print("{} {}\n", shown(*reply, "domain"), done);
  }
  return code;
}

int list(const Common& common) {
  int code = kFine;
  const auto reply = ask(common, {{"command", "domain.list"}}, code);
  if (!reply) return code;
  std::vector<std::vector<std::string>> rows{{"DOMAIN", "CREATED"}};
  for (const auto& each : reply->at("domains").as_array()) {
    if (common.json) print_json(each.as_object());
    rows.push_back({shown(each.as_object(), "domain"), local_time(each.as_object(), "created")});
  }
  if (!common.json) print_table(rows);
  return code;
}

}  // namespace

void add_domain(Command program, Common& common) {
  auto domain = program.add("domain", "the domains whose mail is ours");
  domain.needs_part();
  domain.notes(
      "Examples:\n"
      "  posthouse domain add example.test\n"
      "  posthouse domain list --json\n"
      "  posthouse domain remove example.test --force\n");
  const auto args = std::make_shared<Args>();

  auto add = domain.add("add", "take mail for a domain from now on");
  add.text("NAME", args->name, "such as example.test").required();
  add.on_run(common, [&common, args] {
    return change(common, *args, "domain.add", "added", "'posthouse domain list' shows them all");
  });

  domain.add("list", "all domains").on_run(common, [&common] { return list(common); });

  auto remove = domain.add("remove", "take no more mail for a domain");
  remove.text("NAME", args->name, "such as example.test").required();
  remove.flag("--force", args->force, "with its accounts, their mail, and its aliases");
  remove.on_run(common, [&common, args] {
    return change(common, *args, "domain.remove", "removed",
                  "with accounts or aliases in it a domain is removed only with --force, which "
                  "deletes their mail too");
  });
}

}  // namespace ph::cli
