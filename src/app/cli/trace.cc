// posthouse trace FILE|-
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "app/cli/batch.h"
#include "app/cli/cli.h"
#include "app/cli/input.h"
#include "app/cli/output.h"
#include "app/cli/trace_facts.h"
#include "app/cli/world.h"
#include "base/ascii.h"
#include "explain/journey_text.h"
#include "message/header.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

struct Args {
  std::string file, html;
  std::vector<std::string> own;
  bool batch = false;
};

explain::JourneyQuestion question_of(const Args& args) {
  CommandWorld world;
  explain::JourneyQuestion out{.now = world->clock.wall()};
  for (const std::string& domain : args.own) out.own_domains.push_back(ascii_lower(domain));
  return out;
}

bool is_wrong(const explain::Journey& journey) {
  return std::ranges::any_of(journey.findings, [](const explain::JourneyFinding& finding) {
    return finding.severity == explain::Severity::wrong;
  });
}

explain::TextStyle style_of_terminal() {
  if (::isatty(STDOUT_FILENO) != 1) return {};
  winsize window{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  return {.colour = true, .columns = known ? window.ws_col : std::size_t{80}};
}

bool write_page(const std::string& file, const std::string& page) {
  std::FILE* out = file == "-" ? stdout : std::fopen(file.c_str(), "wbe");
  bool written = out != nullptr && std::fwrite(page.data(), 1, page.size(), out) == page.size();
  if (out != nullptr && out != stdout) written = (std::fclose(out) == 0) && written;
  if (!written)
    complain(fmt::format("cannot write {}: {}", file, std::strerror(errno)),
             "name a file in a folder that you may write to, or - for standard output");
  return written;
}

int trace_one(const Common& common, const Args& args) {
  const auto octets = read_input(args.file, kInputOctetsMax);
  if (!octets) return kCouldNotRun;
  const message::Header header = message::parse_header(*octets);
  if (header.fields().empty()) {
    complain(fmt::format("there is no header in {}",
                         args.file == "-" ? std::string("standard input") : args.file),
             "a message begins with lines like \"Received: ...\"");
    return kFoundWrong;
  }
  const explain::Journey journey = explain::trace(header.fields(), question_of(args));
  if (!args.html.empty() && !write_page(args.html, explain::journey_html(journey)))
    return kCouldNotRun;
  if (common.json) {
    print_json(facts(journey));
  } else if (args.html.empty()) {
    fmt::print("{}", explain::journey_text(journey, style_of_terminal()));
  }
  return is_wrong(journey) ? kFoundWrong : kFine;
}

int trace_batch(const Args& args) {
  const explain::JourneyQuestion question = question_of(args);
  return run_batch([&question](const json::object& request) -> Result<json::object> {
    PH_TRY(const std::string octets, octets_of(request));
    const message::Header header = message::parse_header(octets);
    const explain::Journey journey = explain::trace(header.fields(), question);
    json::object out = facts(journey);
    out["code"] = is_wrong(journey) || header.fields().empty() ? kFoundWrong : kFine;
    return out;
  });
}

}  // namespace

void add_trace(Command program, Common& common) {
  auto command = program.add("trace", "the journey of a message, from its header");
  const auto args = std::make_shared<Args>();
  command.text("FILE", args->file, "the message (its header is enough); - for standard input");
  auto html = command.text("--html", args->html, "write a page with the timeline to this file");
  command.texts("--own", args->own,
                "a domain of the receiving side: lines of its servers are believed");
  command
      .flag("--batch", args->batch,
            "requests {\"file\": NAME} or {\"text\": MESSAGE}, one a line on standard input")
      .excludes(html);
  command.notes(
      "Needs neither a server nor a configuration. Exit 1: the header holds something impossible "
      "or\n"
      "forged, or a check failed that can be trusted.\n"
      "Examples:\n"
      "  posthouse trace message.eml\n"
      "  posthouse trace - --json < message.eml\n"
      "  posthouse trace message.eml --html journey.html\n");
  command.on_run(common, [&common, args] {
    if (args->batch) return trace_batch(*args);
    if (!args->file.empty()) return trace_one(common, *args);
    complain("trace: no file is named", "posthouse trace FILE, or - for standard input");
    return kCouldNotRun;
  });
}

}  // namespace ph::cli
