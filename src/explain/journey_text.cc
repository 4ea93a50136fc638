#include "explain/journey_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "explain/journey_parts.h"

namespace ph::explain {
namespace {

constexpr std::size_t kBarColumns = 30;
constexpr std::size_t kColumnsMin = 60;
constexpr std::size_t kColumnsMax = 400;

class Teller {
 public:
  Teller(const Journey& journey, TextStyle style) : journey_(journey), style_(style) {
    style_.columns = std::clamp(style.columns, kColumnsMin, kColumnsMax);
  }

  std::string tell() {
    head();
    for (std::size_t i = 0; i < journey_.hops.size(); ++i) hop(i);
    summary();
    auth();
    findings();
    return std::move(out_);
  }

 private:
  std::string paint(std::string_view text, std::string_view code) const {
    return style_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  /// Cut to the width of the page. Characters count as one column each.
  void line(std::string text, std::string_view code = {}) {
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
      if (++columns > style_.columns) {
        text.resize(i);
        break;
      }
    }
    out_ += code.empty() ? text : paint(text, code);
    out_ += '\n';
  }
  void named(std::string_view name, std::string_view value) {
    if (!value.empty()) line(fmt::format("{:<14}{}", name, harmless(value)));
  }

  void head() {
    named("Subject", journey_.subject);
    for (const std::string& from : journey_.from) named("From", from);
    named("Message-ID", journey_.message_id);
    if (journey_.date) named("Date", utc_text(journey_.date->at) + " UTC");
    for (const std::string& to : journey_.delivery.delivered_to) named("Delivered to", to);
    for (const std::string& to : journey_.delivery.original_to) named("Written to", to);
    if (const auto& path = journey_.delivery.return_path)
      named("Return path", path->empty() ? "<> (a report)" : *path);
    if (!out_.empty()) out_ += '\n';
  }

  std::string bar(const JourneyHop& hop) const {
    if (!hop.corrected || !journey_.total) return std::string(kBarColumns, ' ');
    const auto total = std::max<std::int64_t>(journey_.total->count(), 1);
    const Wall first = begin();
    const auto end = std::clamp<std::int64_t>((*hop.corrected - first).count(), 0, total);
    const auto delay = hop.delay ? std::clamp<std::int64_t>(hop.delay->count(), 0, end) : 0;
    const auto column = [total](std::int64_t ms) {
      return static_cast<std::size_t>(ms * static_cast<std::int64_t>(kBarColumns - 1) / total);
    };
    const std::size_t from = column(end - delay), to = column(end);
    std::string out;
    for (std::size_t i = 0; i < kBarColumns; ++i) {
      const bool inside = i >= from && i <= to;
      if (style_.colour) {
        out += inside ? "█" : "·";
      } else {
        out += inside ? '#' : '.';
      }
    }
    return out;
  }

  Wall begin() const {
    for (const JourneyHop& hop : journey_.hops)
      if (hop.corrected)
        return journey_.date ? std::min(*hop.corrected, journey_.date->at) : *hop.corrected;
    return {};
  }

  void hop(std::size_t i) {
    const JourneyHop& hop = journey_.hops[i];
    const auto& received = hop.line;
    if (journey_.last_trusted == i && i > 0)
      line("    -- above: as others wrote it; from here on: the receiving side --", "2");
    const std::string time = hop.corrected ? utc_text(*hop.corrected) : std::string("time unknown");
    const std::string delay = hop.delay ? "+" + duration_text(*hop.delay) : "";
    out_ += fmt::format("{:>3} {:<19} {:>12} ", i + 1, time, delay);
    out_ += paint(bar(hop), hop.slow ? "33" : "36");
    out_ += hop.slow ? " slow\n" : "\n";

    std::string way = client_name(received);
    if (way.empty()) way = received.local ? "a program on the host" : "unknown";
    if (!received.ip.empty() && received.ip != way) way += " [" + received.ip + "]";
    if (!received.helo.empty() && received.helo != client_name(received))
      way += fmt::format(" (called itself {})", received.helo);
    const std::string server = received.by.empty() ? std::string("unknown") : received.by;
    const bool fits = 10 + way.size() + server.size() <= style_.columns;
    line("      " + harmless(fits ? way + " -> " + server : way), hop.trusted ? "1" : "");
    if (!fits) line("        -> " + harmless(server), hop.trusted ? "1" : "");
    std::string how = received.with.empty() ? received.via : received.with;
    const auto add = [&how](std::string_view text) {
      if (!how.empty() && !text.empty()) how += ", ";
      how += text;
    };
    if (!received.tls_version.empty() || !received.tls_cipher.empty()) {
      add(received.tls_version.empty() ? received.tls_cipher : received.tls_version);
    } else {
      add(received.tls() ? "TLS" : "");
    }
    if (!received.id.empty()) add("id " + received.id);
    if (!received.recipient.empty()) add("for " + received.recipient);
    if (hop.clock_ahead.count() != 0) add(fmt::format("its clock: {}", utc_text(*hop.at)));
    if (!how.empty()) line("      " + harmless(how), "2");
  }

  void summary() {
    if (journey_.hops.empty()) return;
    out_ += '\n';
    if (journey_.total)
      line(fmt::format("{} hops in {}", journey_.hops.size(), duration_text(*journey_.total)));
    if (journey_.last_trusted)
      wrapped(fmt::format("Trust begins at hop {}: ", *journey_.last_trusted + 1) +
              harmless(journey_.trust_reason));
  }

  void wrapped(std::string_view text) {
    bool first = true;
    while (!text.empty()) {
      const std::size_t room = style_.columns - (first ? 0 : 2);
      std::size_t end = text.size();
      if (end > room) {
        end = text.rfind(' ', room);
        if (end == text.npos || end == 0) end = std::min(text.find(' '), text.size());
      }
      out_ += first ? "" : "  ";
      out_ += text.substr(0, end);
      out_ += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
      first = false;
    }
  }

  void auth() {
    for (const AuthRecord& record : journey_.auth) {
      std::string results;
      for (const auto& method : record.results.methods) {
        if (!results.empty()) results += ", ";
        results += method.method + "=" + method.result;
      }
      if (results.empty()) results = "nothing checked";
      const std::string who =
          record.results.authserv_id.empty() ? "unnamed" : record.results.authserv_id;
      line(harmless(fmt::format("Checked by {}{}: {}", who,
                                record.trusted ? "" : " (not to be trusted)", results)));
    }
    for (const auto& spf : journey_.spf)
      line(harmless(fmt::format("SPF {}{}", spf.result,
                                spf.client_ip.empty() ? "" : " for " + spf.client_ip)));
    for (const Signature& one : journey_.signatures)
      line(harmless(fmt::format("Signed by {} (selector {})", one.domain, one.selector)));
    for (const auto& set : journey_.arc)
      line(harmless(fmt::format("ARC {}: sealed by {}, cv={}{}", set.instance, set.seal_domain,
                                set.cv, set.complete() ? "" : ", incomplete")));
  }

  void findings() {
    if (journey_.findings.empty()) return;
    out_ += '\n';
    for (const JourneyFinding& finding : journey_.findings) {
      const std::string where = finding.hop ? fmt::format("hop {}: ", *finding.hop + 1) : "";
      const std::string_view code = finding.severity == Severity::wrong ? "31"
                                    : finding.severity == Severity::odd ? "33"
                                                                        : "2";
      out_ += paint(fmt::format("{:<6}", to_string(finding.severity)), code);
      wrapped(where + harmless(finding.text));
    }
  }

  const Journey& journey_;
  TextStyle style_;
  std::string out_;
};

}  // namespace

std::string utc_text(Wall at) {
  constexpr Wall first = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
  constexpr Wall last = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::clamp(at, first, last));
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = [&](std::size_t j) {
      return i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0U;
    };
    if (at(0) < 0x20 || at(0) == 0x7f) {
      out += '?';
    } else if (at(0) == 0xc2 && at(1) >= 0x80 && at(1) < 0xa0) {
      out += '?';
      i += 1;
    } else if (at(0) == 0xe2 && ((at(1) == 0x80 && at(2) >= 0xaa && at(2) <= 0xae) ||
                                 (at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9))) {
      out += '?';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string journey_text(const Journey& journey, TextStyle style) {
  return Teller(journey, style).tell();
}

}  // namespace ph::explain
