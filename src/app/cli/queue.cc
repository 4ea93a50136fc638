// posthouse queue list|show|hold|release|retry|delete|stats
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/daemon/admin.h"

namespace ph::cli {
namespace {

/// Which recipients a command is about.
struct Which {
  std::string id, from, to, domain;
  bool all = false;
  std::uint64_t max = 1000;

  boost::json::object request(std::string_view command) const {
    return {{"command", command}, {"queue_id", id},   {"sender", from},
            {"recipient", to},    {"domain", domain}, {"all", all}};
  }
};

void add_which(Command command, Which& which) {
  command.text("--from", which.from, "of this sender; \"<>\": reports and other mail without one");
  command.text("--to", which.to, "for this recipient");
  command.text("--domain", which.domain, "for recipients in this domain");
}

std::string sender_of(const boost::json::object& job) {
  const auto sender = shown(job, "sender");
  return sender.empty() ? "<>" : sender;
}

int list(const Common& common, const Which& which) {
  int code = kFine;
  auto request = which.request("queue.list");
  request["max"] = which.max;
  const auto reply = ask(common, request, code);
  if (!reply) return code;
  std::vector<std::vector<std::string>> rows{
      {"QUEUE ID", "FROM", "TO", "STATE", "OCTETS", "TRIES", "NEXT TRY", "WHY"}};
  for (const auto& each : reply->at("jobs").as_array()) {
    const auto& job = each.as_object();
    if (common.json) print_json(job);
    const bool waits = shown(job, "state") == "waiting";
    rows.push_back({shown(job, "queue_id"), sender_of(job), shown(job, "recipient"),
                    shown(job, "state"), shown(job, "octets"), shown(job, "attempts"),
                    waits ? local_time(job, "next_attempt") : "-", shown(job, "why")});
  }
  if (common.json) return code;
  if (rows.size() == 1) {
    fmt::print("The queue is empty.\n");
    return code;
  }
  print_table(rows);
  if (!reply->at("complete").as_bool()) fmt::print("… and more; --max N shows them\n");
  return code;
}

/// One fact of `show`. A reply may have several lines; all of it comes from strangers.
void print_fact(std::string_view name, std::string_view value) {
  for (std::string_view label = name; !value.empty(); label = "") {
    const auto end = std::min(value.find('\n'), value.size());
    std::string_view line = value.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    fmt::print("    {:<9} {}\n", label, printable(line));
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

int show(const Common& common, const Which& which) {
  int code = kFine;
  const auto reply = ask(common, which.request("queue.show"), code);
  if (!reply) return code;
  bool first = true;
  for (const auto& each : reply->at("jobs").as_array()) {
    const auto& job = each.as_object();
    if (common.json) {
      print_json(job);
      continue;
    }
    if (std::exchange(first, false))
      fmt::print("{}  from {}  {} octets  accepted {}\n", shown(job, "queue_id"),
                 printable(sender_of(job)), shown(job, "octets"), local_time(job, "accepted"));
    fmt::print("\n  to {}: {}\n", printable(shown(job, "recipient")), shown(job, "state"));
    if (shown(job, "state") == "waiting")
      fmt::print("    next try  {} (tried {} times)\n", local_time(job, "next_attempt"),
                 shown(job, "attempts"));
    for (const char* fact : {"why", "host", "reply"}) print_fact(fact, shown(job, fact));
  }
  return code;
}

/// hold, release, retry, delete.
int order(const Common& common, const Which& which, const std::string& command,
          std::string_view done) {
  if (which.id.empty() && which.from.empty() && which.to.empty() && which.domain.empty() &&
      !which.all) {
    complain(fmt::format("queue {}: of which messages?", command),
             "name a queue id, --from, --to or --domain; --all means every one");
    return kCouldNotRun;
  }
  int code = kFine;
  const auto reply = ask(common, which.request("queue." + command), code);
  if (!reply) return code;
  if (common.json) {
    boost::json::object out = *reply;
    out.erase("ok");
    print_json(out);
    return code;
  }
  fmt::print("{} recipient(s) {}", shown(*reply, "changed"), done);
  if (shown(*reply, "unchanged") != "0")
    fmt::print(", {} were so already", shown(*reply, "unchanged"));
  if (shown(*reply, "attempting") != "0")
    fmt::print(", {} left alone: they are being delivered now", shown(*reply, "attempting"));
  fmt::print("\n");
  return code;
}

int stats(const Common& common) {
  int code = kFine;
  const auto reply = ask(common, {{"command", "queue.stats"}}, code);
  if (!reply) return code;
  const auto& found = reply->at("stats").as_object();
  if (common.json) {
    print_json(found);
    return code;
  }
  print_table({{"messages", shown(found, "messages")},
               {"recipients", shown(found, "recipients")},
               {"octets", shown(found, "octets")},
               {"deferred", shown(found, "deferred")},
               {"held", shown(found, "held")},
               {"being delivered", shown(found, "attempting")},
               {"oldest", local_time(found, "oldest_accepted")},
               {"next try", local_time(found, "next_attempt")}});
  std::vector<std::vector<std::string>> rows{{"DESTINATION", "RECIPIENTS", "OLDEST"}};
  for (const auto& each : found.at("destinations").as_array()) {
    const auto& one = each.as_object();
    rows.push_back(
        {shown(one, "domain"), shown(one, "recipients"), local_time(one, "oldest_accepted")});
  }
  if (rows.size() > 1) {
    fmt::print("\n");
    print_table(rows);
  }
  return code;
}

}  // namespace

void add_queue(Command program, Common& common) {
  auto queue = program.add("queue", "mail that is taken and not yet delivered");
  queue.needs_part();
  queue.notes(
      "Examples:\n"
      "  posthouse queue list --domain example.org\n"
      "  posthouse queue show 5514000009b1g004\n"
      "  posthouse queue hold --from newsletter@example.test\n"
      "  posthouse queue retry --all\n"
      "  posthouse queue stats --json\n");
  const auto which = std::make_shared<Which>();
  auto all = queue.add("list", "a line for each recipient that is not yet done");
  all.number("--max", which->max, 1, daemon::kAdminListedMax, "at most so many; default 1000");
  add_which(all, *which);
  all.on_run(common, [&common, which] { return list(common, *which); });

  auto one =
      queue.add("show", "one message: each recipient with the last reply and what comes next");
  one.text("ID", which->id, "the queue id").required();
  one.on_run(common, [&common, which] { return show(common, *which); });

  struct Order {
    const char *name, *what, *done;
  };
  for (const Order& each :
       {Order{"hold", "no attempts until they are released", "held"},
        Order{"release", "what was held is tried again, at once", "released"},
        Order{"retry", "try now, whatever the next attempt was to be", "will be tried now"},
        Order{"delete", "throw away; nobody is told but the journal", "deleted"}}) {
    auto part = queue.add(each.name, each.what);
    part.text("ID", which->id, "the queue id");
    add_which(part, *which);
    part.flag("--all", which->all, "every recipient in the queue");
    part.on_run(common,
                [&common, which, name = std::string(each.name),
                 done = std::string_view(each.done)] { return order(common, *which, name, done); });
  }
  queue.add("stats", "how much there is, how old, and for where").on_run(common, [&common] {
    return stats(common);
  });
}

}  // namespace ph::cli
