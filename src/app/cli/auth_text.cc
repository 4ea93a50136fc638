#include "app/cli/auth_text.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "app/cli/auth_report.h"
#include "app/cli/output.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

std::string text(const json::object& facts, std::string_view member) {
  const auto* found = facts.if_contains({member.data(), member.size()});
  return found && found->is_string() ? printable(std::string_view(found->get_string())) : "";
}

void line(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("  {:<8}{}\n", name, value);
}

void why_and_fix(const json::object& facts, std::string& out) {
  line(out, "why:", text(facts, "why"));
  line(out, "do:", text(facts, "fix"));
}

void put_changes(const json::object& facts, std::string& out) {
  const auto* changes = facts.if_contains("changes");
  if (changes == nullptr) return;
  for (const auto& each : changes->as_array())
    line(out, "changed:", text(each.as_object(), "what"));
}

std::string spf_text(const json::object& facts) {
  std::string out =
      fmt::format("spf {}: {} ({})\n", text(facts, "result"), text(facts, "domain"),
                  text(facts, "identity") == "helo" ? "the name in HELO" : "the envelope sender's");
  line(out, "by:", text(facts, "mechanism"));
  why_and_fix(facts, out);
  line(out, "says:", text(facts, "explanation"));
  if (facts.at("path").as_array().empty()) return out;
  out += fmt::format("  the way there, {} of 10 lookups used:\n",
                     facts.at("terms").to_number<std::uint64_t>());
  for (const auto& each : facts.at("path").as_array()) {
    const auto& step = each.as_object();
    out += fmt::format("  {}{:{}}{}: {}{}{}\n", step.at("matched").as_bool() ? "> " : "  ", "",
                       2 * step.at("depth").to_number<std::size_t>(), text(step, "domain"),
                       text(step, "term"), text(step, "term").empty() ? "" : ": ",
                       text(step, "found"));
  }
  return out;
}

std::string signature_text(const json::object& facts) {
  const std::string reason = text(facts, "reason");
  std::string out = fmt::format("signature of {}, selector {}: {}{}\n", text(facts, "domain"),
                                text(facts, "selector"), text(facts, "result"),
                                reason == "none" ? "" : fmt::format(" ({})", reason));
  why_and_fix(facts, out);
  put_changes(facts, out);
  if (const auto added = facts.at("unsigned_octets").to_number<std::uint64_t>(); added > 0)
    line(out, "beware:", fmt::format("{} octets of the body are behind l=, unsigned", added));
  if (facts.at("testing").as_bool())
    line(out, "note:", "the key's record says t=y: the domain is testing");
  return out;
}

std::string dkim_text(const json::object& facts) {
  std::string out = fmt::format("dkim {}\n", text(facts, "result"));
  const auto& signatures = facts.at("signatures").as_array();
  if (signatures.empty()) why_and_fix(facts, out);
  for (const auto& each : signatures) out += signature_text(each.as_object());
  return out;
}

std::string arc_text(const json::object& facts) {
  std::string out = fmt::format("arc {}\n", text(facts, "result"));
  why_and_fix(facts, out);
  const auto broken = facts.at("failed_instance").to_number<std::uint64_t>();
  for (const auto& each : facts.at("sets").as_array()) {
    const auto& set = each.as_object();
    const auto instance = set.at("instance").to_number<std::uint64_t>();
    out += fmt::format("  {} {}: sealed by {}, cv={}, seal {}{}\n",
                       instance == broken && broken > 0 ? '!' : ' ', instance, text(set, "domain"),
                       text(set, "cv"), text(set.at("seal").as_object(), "result"),
                       instance == broken && broken > 0 ? ": here it breaks" : "");
    line(out, "  said:", text(set, "results"));
    const auto& message = set.at("message").as_object();
    if (text(message, "result") != "none" && text(message, "result") != "pass") {
      line(out, "  why:", text(message, "why"));
      put_changes(message, out);
    }
  }
  return out;
}

std::string aligned_text(const json::object& one) {
  const std::string domain = text(one, "domain");
  if (domain.empty()) return "none passes";
  return fmt::format("passes for {}, {}", domain,
                     one.at("aligned").as_bool() ? "aligned" : "not aligned");
}

std::string dmarc_text(const json::object& facts) {
  std::string out =
      fmt::format("dmarc {}: From is of {}\n", text(facts, "result"), text(facts, "author_domain"));
  why_and_fix(facts, out);
  const std::string record = text(facts, "record_domain");
  if (!record.empty()) {
    line(out, "record:", fmt::format("_dmarc.{}: {}", record, text(facts, "record")));
    line(out, "policy:",
         fmt::format("{} (by {}=), to be done now: {}", text(facts, "published"),
                     text(facts, "published_by"), text(facts, "disposition")));
  }
  line(out, "dkim:", aligned_text(facts.at("dkim").as_object()));
  line(out, "spf:", aligned_text(facts.at("spf").as_object()));
  for (const auto& each : facts.at("problems").as_array())
    line(out, "wrong:", printable(std::string_view(each.as_string())));
  const auto& checks = facts.at("checks").as_object();
  if (const auto* spf = checks.if_contains("spf"); spf && spf->is_object())
    out += spf_text(spf->as_object());
  out += dkim_text(checks.at("dkim").as_object());
  if (!checks.at("arc").at("sets").as_array().empty())
    out += arc_text(checks.at("arc").as_object());
  return out;
}

std::string lint_text(const json::object& facts) {
  std::string out = fmt::format("{}\n", text(facts, "domain"));
  for (const auto& each : facts.at("records").as_array()) {
    const auto& record = each.as_object();
    out += fmt::format("  {:<6} {}: {}\n", text(record, "kind"), text(record, "name"),
                       text(record, "text"));
  }
  for (const auto& each : facts.at("findings").as_array()) {
    const auto& finding = each.as_object();
    out += fmt::format("{} ({}): {}\n", text(finding, "severity"), text(finding, "about"),
                       text(finding, "what"));
    why_and_fix(finding, out);
  }
  if (facts.at("findings").as_array().empty()) out += "nothing to criticise\n";
  return out;
}

}  // namespace

std::string auth_text(const json::object& facts) {
  const std::string what = text(facts, "do");
  if (what == "spf") return spf_text(facts);
  if (what == "dkim") return dkim_text(facts);
  if (what == "dmarc") return dmarc_text(facts);
  if (what == "arc") return arc_text(facts);
  if (what == "report") return report_text(facts);
  return lint_text(facts);
}

}  // namespace ph::cli
