// posthouse why ID|MESSAGE-ID|ADDRESS
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/cli/timeline.h"

namespace ph::cli {
namespace {

int why(const Common& common, const std::string& term) {
  int code = kFine;
  const auto reply = ask(common, {{"command", "why"}, {"term", term}}, code);
  if (!reply) return code;
  const auto& events = reply->at("events").as_array();
  if (events.empty()) {
    complain(
        fmt::format("nothing is known about \"{}\"", term),
        "a queue id (from 'queued as ID'), a Message-ID, or an address as sender or recipient");
    return kFoundWrong;
  }
  if (common.json) {
    for (const auto& event : events) print_json(event.as_object());
  } else {
    fmt::print("{}", format_timeline(events));
    if (!reply->at("complete").as_bool()) fmt::print("… and more; ask for one queue id\n");
  }
  return code;
}

}  // namespace

void add_why(Command program, Common& common) {
  auto command = program.add("why", "what became of a message, step by step, and why");
  const auto term = std::make_shared<std::string>();
  command
      .text("TERM", *term,
            "a queue id, a Message-ID (with or without <>), or a sender's or recipient's address")
      .required();
  command.notes(
      "Examples:\n"
      "  posthouse why a4n00000000g0000\n"
      "  posthouse why '<20261121.1@client.example>'\n"
      "  posthouse why bob@example.test --json\n");
  command.on_run(common, [&common, term] { return why(common, *term); });
}

}  // namespace ph::cli
