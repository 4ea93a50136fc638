#include <fmt/format.h>

#include <algorithm>

#include "explain/journey_parts.h"
#include "explain/journey_text.h"

namespace ph::explain {
namespace {

constexpr int kAxisWidth = 640;
constexpr int kRowHeight = 26;
constexpr int kLabelWidth = 340;
constexpr std::size_t kLabelOctetsMax = 44;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>The journey of a message</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b2733}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #d9e0e7}
th{color:#5a6b7b;font-weight:600}
.outside{background:#f6f2ea}.wrong{color:#b3261e}.odd{color:#8a5a00}.note{color:#5a6b7b}
svg text{font:12px system-ui,sans-serif;fill:#1b2733}td{overflow-wrap:anywhere}
</style></head><body>
<h1>The journey of a message</h1>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : harmless(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

class Page {
 public:
  explicit Page(const Journey& journey) : journey_(journey) {}

  std::string write() {
    out_ = kHead;
    facts();
    if (!journey_.hops.empty()) {
      timeline();
      hops();
    }
    auth();
    findings();
    out_ += "</body></html>\n";
    return std::move(out_);
  }

 private:
  void row(std::string_view name, std::string_view value) {
    if (!value.empty())
      out_ += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  }

  void facts() {
    out_ += "<table>\n";
    row("Subject", journey_.subject);
    for (const std::string& from : journey_.from) row("From", from);
    row("Message-ID", journey_.message_id);
    if (journey_.date) row("Date", utc_text(journey_.date->at) + " UTC");
    for (const std::string& to : journey_.delivery.delivered_to) row("Delivered to", to);
    for (const std::string& to : journey_.delivery.original_to) row("Written to", to);
    if (const auto& path = journey_.delivery.return_path)
      row("Return path", path->empty() ? "<> (a report)" : *path);
    if (journey_.total) row("Duration", duration_text(*journey_.total));
    row("Trust", journey_.trust_reason);
    for (const auto& fact : journey_.facts) row(fact.what, fact.value);
    out_ += "</table>\n";
  }

  void timeline() {
    const auto rows = static_cast<int>(journey_.hops.size());
    const int height = rows * kRowHeight + 30;
    out_ += fmt::format(
        "<svg role=\"img\" aria-label=\"timeline\" viewBox=\"0 0 {} {}\" width=\"100%\">\n",
        kLabelWidth + kAxisWidth + 100, height);
    const std::int64_t total =
        journey_.total ? std::max<std::int64_t>(journey_.total->count(), 1) : 1;
    Wall first{};
    for (const JourneyHop& hop : journey_.hops) {
      if (!hop.corrected) continue;
      first = journey_.date ? std::min(*hop.corrected, journey_.date->at) : *hop.corrected;
      break;
    }
    for (int i = 0; i < rows; ++i) {
      const JourneyHop& hop = journey_.hops[static_cast<std::size_t>(i)];
      const int y = 10 + i * kRowHeight;
      std::string label =
          fmt::format("{}. {}", i + 1, hop.line.by.empty() ? "unknown" : hop.line.by);
      if (label.size() > kLabelOctetsMax) {
        std::size_t cut = kLabelOctetsMax;  // not inside a character
        while (cut > 0 && (static_cast<unsigned char>(label[cut]) & 0xc0U) == 0x80) --cut;
        label.resize(cut);
      }
      out_ += fmt::format("<text x=\"0\" y=\"{}\">{}</text>\n", y + 14, escaped(label));
      if (!hop.corrected) continue;
      const auto end = std::clamp<std::int64_t>((*hop.corrected - first).count(), 0, total);
      const auto delay = hop.delay ? std::clamp<std::int64_t>(hop.delay->count(), 0, end) : 0;
      const auto x = kLabelWidth + (end - delay) * kAxisWidth / total;
      const auto width = std::max<std::int64_t>(delay * kAxisWidth / total, 3);
      out_ += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"16\" rx=\"2\" fill=\"{}\"/>"
          "<text x=\"{}\" y=\"{}\">{}</text>\n",
          x, y + 2, width, hop.slow ? "#c77700" : (hop.trusted ? "#2f6f9f" : "#9aa7b3"),
          x + width + 6, y + 14, hop.delay ? "+" + duration_text(*hop.delay) : std::string());
    }
    out_ += "</svg>\n";
  }

  void hops() {
    out_ +=
        "<table>\n<tr><th>#</th><th>Time "
        "(UTC)</th><th>Delay</th><th>From</th><th>To</th><th>How</th>"
        "</tr>\n";
    for (std::size_t i = 0; i < journey_.hops.size(); ++i) {
      const JourneyHop& hop = journey_.hops[i];
      const auto& line = hop.line;
      std::string from = client_name(line);
      if (!line.ip.empty() && line.ip != from) from += " [" + line.ip + "]";
      if (!line.helo.empty() && line.helo != client_name(line))
        from += ", called itself " + line.helo;
      std::string how = line.with.empty() ? line.via : line.with;
      if (!line.tls_version.empty()) how += " " + line.tls_version;
      if (!line.tls_cipher.empty()) how += " " + line.tls_cipher;
      if (!line.id.empty()) how += " id " + line.id;
      std::string time = hop.corrected ? utc_text(*hop.corrected) : "unknown";
      if (hop.clock_ahead.count() != 0) time += " (its clock: " + utc_text(*hop.at) + ")";
      out_ += fmt::format(
          "<tr "
          "class=\"{}\"><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
          hop.trusted ? "inside" : "outside", i + 1, time,
          hop.delay ? duration_text(*hop.delay) : "", escaped(from), escaped(line.by),
          escaped(how));
    }
    out_ += "</table>\n";
  }

  void auth() {
    out_ += "<table>\n";
    for (const AuthRecord& record : journey_.auth) {
      std::string text;
      for (const auto& method : record.results.methods)
        text += (text.empty() ? "" : ", ") + method.method + "=" + method.result;
      row(record.results.authserv_id.empty() ? "checked"
                                             : "checked by " + record.results.authserv_id,
          text + (record.trusted ? "" : " (not to be trusted)"));
    }
    for (const auto& spf : journey_.spf) row("SPF", spf.result + " " + spf.client_ip);
    for (const Signature& one : journey_.signatures)
      row("signed by", one.domain + " (" + one.selector + ")");
    for (const auto& set : journey_.arc)
      row(fmt::format("ARC {}", set.instance), "sealed by " + set.seal_domain + ", cv=" + set.cv);
    out_ += "</table>\n";
  }

  void findings() {
    if (journey_.findings.empty()) return;
    out_ += "<ul>\n";
    for (const JourneyFinding& finding : journey_.findings)
      out_ += fmt::format("<li class=\"{0}\">{0}: {1}{2}</li>\n", to_string(finding.severity),
                          finding.hop ? fmt::format("hop {}: ", *finding.hop + 1) : "",
                          escaped(finding.text));
    out_ += "</ul>\n";
  }

  const Journey& journey_;
  std::string out_;
};

}  // namespace

std::string journey_html(const Journey& journey) { return Page(journey).write(); }

}  // namespace ph::explain
