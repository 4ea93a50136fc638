// posthouse domain add|list|show|rotate-key|remove-key|reports|remove
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/domain_reports.h"
#include "app/cli/output.h"
#include "app/daemon/units.h"
#include "codec/idna.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

struct Args {
  std::string name;
  bool force = false;
  std::string selector;
  std::string after = "48h";
};

/// A TXT record's text as character strings of at most 255 octets, RFC 1035 §3.3.14.
std::string quoted_strings(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 255)))
    out += fmt::format("{}\"{}\"", out.empty() ? "" : " ", text.substr(0, 255));
  return out;
}

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

/// What to publish, a line of a zone file each.
int show_keys(const Common& common, json::object request, std::string_view said) {
  int code = kFine;
  const auto reply = ask(common, std::move(request), code);
  if (!reply) return code;
  if (common.json) {
    print_json({{"domain", reply->at("domain")}, {"keys", reply->at("keys")}});
    return code;
  }
  if (!said.empty()) fmt::print("{} {}\n", shown(*reply, "domain"), said);
  const auto& keys = reply->at("keys").as_array();
  if (keys.empty()) fmt::print("no keys: 'posthouse domain rotate-key' makes a pair\n");
  for (const auto& each : keys) {
    const auto& key = each.as_object();
    const bool signs = key.at("signs").as_bool();
    fmt::print("; {} {}, {}{}\n{}. IN TXT {}\n", shown(key, "selector"), shown(key, "algorithm"),
               signs ? "signs" : "signs from ", signs ? "" : local_time(key, "signs_from"),
               shown(key, "name"), quoted_strings(shown(key, "value")));
  }
  return code;
}

int rotate_key(const Common& common, const Args& args) {
  const auto after = daemon::parse_duration(args.after);
  if (!after) {
    complain(after.error(), "write --after 48h, or --after 0 when the records are there already");
    return kCouldNotRun;
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*after).count();
  return show_keys(
      common, {{"command", "domain.rotate_key"}, {"domain", args.name}, {"after_seconds", seconds}},
      "has new keys; publish these records before they sign:");
}

int remove_key(const Common& common, const Args& args) {
  int code = kFine;
  const auto reply =
      ask(common,
          {{"command", "domain.remove_key"}, {"domain", args.name}, {"selector", args.selector}},
          code, "'posthouse domain show' lists a domain's keys");
  if (!reply) return code;
  if (common.json) {
    print_json({{"domain", reply->at("domain")}, {"selector", reply->at("selector")}});
  } else {
    fmt::print("{} of {} removed: take its record out of the DNS\n", shown(*reply, "selector"),
               shown(*reply, "domain"));
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
    const std::string name = shown(each.as_object(), "domain");
    const std::string read = codec::to_unicode_domain(name);
    // What a false A-label reads as is another domain.
    const bool tells_more = read != name && codec::dns_spelling(read) == name;
    rows.push_back({tells_more ? fmt::format("{} ({})", name, read) : name,
                    local_time(each.as_object(), "created")});
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
      "  posthouse domain show example.test\n"
      "  posthouse domain rotate-key example.test --after 48h\n"
      "  posthouse domain reports\n"
      "  posthouse domain remove example.test --force\n");
  const auto args = std::make_shared<Args>();

  auto add = domain.add("add", "take mail for a domain from now on");
  add.text("NAME", args->name, "such as example.test").required();
  add.on_run(common, [&common, args] {
    return change(common, *args, "domain.add", "added", "'posthouse domain list' shows them all");
  });

  domain.add("list", "all domains").on_run(common, [&common] { return list(common); });

  auto show = domain.add("show", "a domain's keys, and the DNS records to publish for them");
  show.text("NAME", args->name, "such as example.test").required();
  show.on_run(common, [&common, args] {
    return show_keys(common, {{"command", "domain.show"}, {"domain", args->name}}, "");
  });

  auto rotate = domain.add("rotate-key", "make new keys that will sign the domain's mail");
  rotate.text("NAME", args->name, "such as example.test").required();
  rotate.text("--after", args->after, "when they sign: 48h from now unless said");
  rotate.on_run(common, [&common, args] { return rotate_key(common, *args); });

  auto remove_one = domain.add("remove-key", "forget a key that no longer signs");
  remove_one.text("NAME", args->name, "such as example.test").required();
  remove_one.text("SELECTOR", args->selector, "such as ph20261122r").required();
  remove_one.on_run(common, [&common, args] { return remove_key(common, *args); });

  add_domain_reports(domain, common);

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
