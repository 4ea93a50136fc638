#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "mailauth/dmarc_destinations.h"
#include "mailauth/lint_desk.h"
#include "mailauth/tag_list.h"

namespace ph::mailauth {
namespace {

using enum LintSeverity;

constexpr std::size_t kStsIdOctetsMax = 32;  // RFC 8461 §3.1

/// A record of "name=value; ..." pairs; nullopt: complained about.
std::optional<std::string> value_in(LintDesk& desk, std::string_view about,
                                    const std::string& record, std::string_view name) {
  const auto tags = TagList::parse(record);
  if (!tags) {
    desk.say(wrong, about, fmt::format("the record is wrong: {}", tags.error().what),
             "it counts as none", "write it as \"name=value; name=value\"");
    return std::nullopt;
  }
  return std::string(tags->find(name).value_or(""));
}

void lint_sts(LintDesk& desk, const std::string& record) {
  const auto id = value_in(desk, "mta-sts", record, "id");
  if (!id) return;
  const bool is_id = !id->empty() && id->size() <= kStsIdOctetsMax &&
                     std::ranges::all_of(*id, [](char c) { return is_alpha(c) || is_digit(c); });
  if (is_id) return;
  desk.say(wrong, "mta-sts",
           id->empty() ? "the MTA-STS record has no id="
                       : fmt::format("the id= of the MTA-STS record is wrong: {}", *id),
           "senders then take the domain to have no policy (RFC 8461 §3.1)",
           "add id= with up to 32 letters and digits, another one each time the policy changes: "
           "\"v=STSv1; id=20261121T100000\"");
}

bool is_report_uri(std::string_view uri) {
  constexpr std::string_view kHttps = "https://";
  if (same_ascii(uri.substr(0, kHttps.size()), kHttps)) {
    uri.remove_prefix(kHttps.size());
    return !uri.empty() && uri.front() != '/' && uri.find(' ') == uri.npos;
  }
  return parse_dmarc_report_uri(uri).has_value();
}

void lint_report(LintDesk& desk, const std::string& record) {
  const auto uris = value_in(desk, "tls-rpt", record, "rua");
  if (!uris) return;
  if (uris->empty()) {
    return desk.say(wrong, "tls-rpt", "the TLS-RPT record has no rua=",
                    "it does not say where reports go to (RFC 8460 §3)", "add rua=mailto:...");
  }
  for (std::string_view rest = *uris;;) {
    const auto comma = rest.find(',');
    const auto uri = trimmed(rest.substr(0, comma));
    if (!is_report_uri(uri)) {
      desk.say(wrong, "tls-rpt", fmt::format("rua= names no place for reports: \"{}\"", uri),
               "reports go to mailto: and https: alone (RFC 8460 §3)",
               "write rua=mailto:reports@your.domain, or an https: address");
    }
    if (comma == rest.npos) return;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

void lint_transport(LintDesk& desk) {
  const auto is_sts = [](std::string_view text) { return text.starts_with("v=STSv1"); };
  const auto is_report = [](std::string_view text) { return text.starts_with("v=TLSRPTv1"); };
  const auto sts = desk.records("mta-sts", "_mta-sts." + desk.out.domain, is_sts);
  const auto report = desk.records("tls-rpt", "_smtp._tls." + desk.out.domain, is_report);
  if (!sts || !report) return;
  if (sts->size() > 1) {
    desk.say(wrong, "mta-sts", "there is more than one MTA-STS record",
             "then none counts (RFC 8461 §3.1)", "keep one");
  } else if (sts->size() == 1) {
    lint_sts(desk, sts->front());
  }
  if (report->size() > 1) {
    desk.say(wrong, "tls-rpt", fmt::format("there are {} TLS-RPT records", report->size()),
             "then none counts (RFC 8460 §3)", "keep one, with every address in its rua=");
  } else if (report->size() == 1) {
    lint_report(desk, report->front());
  } else if (sts->size() == 1) {
    desk.say(advice, "tls-rpt", "there is MTA-STS without TLS-RPT",
             "nobody tells you when mail does not come because of it",
             "publish at _smtp._tls a TXT record: \"v=TLSRPTv1; rua=mailto:...\" (RFC 8460 §3)");
  }
}

void lint_destinations(LintDesk& desk, const DmarcRecord& record) {
  const PublicSuffixes suffixes;
  for (const auto& [tag, uris] :
       {std::pair{"rua", &record.aggregate_uris}, std::pair{"ruf", &record.failure_uris}}) {
    const auto found = DmarcDestinations(desk.out.domain, *uris, suffixes).run(desk.lookups);
    if (!found) {
      desk.waits = true;
      continue;
    }
    for (const auto& each : *found) {
      if (each.may == DmarcDestination::May::send) continue;
      const bool later = each.may == DmarcDestination::May::later;
      desk.say(later ? unknown : wrong, "dmarc",
               fmt::format("{}= names {}, and no reports go there", tag, each.uri), each.why,
               later ? "look at the name servers of that domain"
                     : "name an address of your own domain, or have the other one publish its "
                       "consent: \"v=DMARC1\" (RFC 7489 §7.1)");
    }
  }
}

}  // namespace ph::mailauth
