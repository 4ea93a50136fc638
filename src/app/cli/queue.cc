// posthouse queue list|stats
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/daemon/admin.h"

namespace ph::cli {
namespace {

int list(const Common& common, std::uint64_t max) {
  int code = kFine;
  const auto reply = ask(common, {{"command", "queue.list"}, {"max", max}}, code);
  if (!reply) return code;
  std::vector<std::vector<std::string>> rows{
      {"QUEUE ID", "FROM", "TO", "OCTETS", "TRIES", "NEXT TRY", "WHY"}};
  for (const auto& each : reply->at("jobs").as_array()) {
    const auto& job = each.as_object();
    if (common.json) print_json(job);
    const auto sender = shown(job, "sender");
    rows.push_back({shown(job, "queue_id"), sender.empty() ? "<>" : sender, shown(job, "recipient"),
                    shown(job, "octets"), shown(job, "attempts"), local_time(job, "next_attempt"),
                    shown(job, "why")});
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
               {"oldest", local_time(found, "oldest_accepted")},
               {"next try", local_time(found, "next_attempt")}});
  return code;
}

}  // namespace

void add_queue(Command program, Common& common) {
  auto queue = program.add("queue", "mail that is taken and not yet delivered");
  queue.needs_part();
  queue.notes(
      "Examples:\n"
      "  posthouse queue list\n"
      "  posthouse queue list --max 100000 --json\n"
      "  posthouse queue stats --json\n");
  const auto max = std::make_shared<std::uint64_t>(1000);
  auto all = queue.add("list", "a line for each recipient that is not yet done");
  all.number("--max", *max, 1, daemon::kAdminListedMax, "at most so many; default 1000");
  all.on_run(common, [&common, max] { return list(common, *max); });
  queue.add("stats", "how much there is, and how old").on_run(common, [&common] {
    return stats(common);
  });
}

}  // namespace ph::cli
