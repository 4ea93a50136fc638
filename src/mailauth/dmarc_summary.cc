#include "mailauth/dmarc_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/ascii.h"

namespace ph::mailauth {
namespace {

void add(std::uint64_t& sum, std::uint64_t count) {  // reporters may write any number
  sum = count > std::numeric_limits<std::uint64_t>::max() - sum
            ? std::numeric_limits<std::uint64_t>::max()
            : sum + count;
}

void note(std::vector<std::string>& names, std::string name) {
  if (name.empty() || names.size() >= kDmarcSourceNamesMax) return;
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// What is known of one source beside its sums.
struct Signs {
  bool own_signature_fails = false;  // one in the domain's own name, or below it
  std::string failing;               // its domain and selector
};

bool is_same_or_below(std::string_view name, std::string_view domain) {
  if (domain.empty() || name.size() < domain.size()) return false;
  if (!same_ascii(name.substr(name.size() - domain.size()), domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

void look_at_results(const DmarcReport::Row& row, std::string_view domain, bool dkim_aligned,
                     bool spf_aligned, DmarcSource& source, Signs& signs) {
  for (const auto& dkim : row.dkim_results) {
    const bool own =
        is_same_or_below(dkim.domain, domain) || is_same_or_below(dkim.domain, row.header_from);
    if (same_ascii(dkim.result, "pass")) {
      if (!dkim_aligned) note(source.vouched_by, ascii_lower(dkim.domain));
    } else if (own && !dkim_aligned && !same_ascii(dkim.result, "none")) {
      signs.own_signature_fails = true;
      signs.failing = dkim.selector.empty()
                          ? dkim.domain
                          : fmt::format("{} (selector {})", dkim.domain, dkim.selector);
    }
  }
  for (const auto& spf : row.spf_results)
    if (!spf_aligned && same_ascii(spf.result, "pass"))
      note(source.vouched_by, ascii_lower(spf.domain));
}

void advise(const DmarcReport::Policy& policy, const Signs& signs, DmarcSource& source) {
  const std::uint64_t failed = source.messages - source.aligned;
  if (failed == 0) {
    source.why = source.dkim_aligned == source.messages
                     ? "all of it is signed in your name"
                     : "SPF vouches for all of it, a signature in your name only for some";
    if (source.dkim_aligned < source.messages)
      source.fix = "sign it with DKIM, too: SPF breaks where mail is forwarded";
    return;
  }
  const std::string domain = policy.domain.empty() ? "your domain" : policy.domain;
  const std::string open = same_ascii(policy.p, "none")
                               ? "; until the policy is p=quarantine or p=reject it is delivered"
                               : "";
  const std::string some = source.aligned == 0 ? "" : fmt::format("{} of it: ", failed);
  if (signs.own_signature_fails) {
    source.why = fmt::format("{}a signature of {} does not verify", some, signs.failing);
    source.fix =
        "if it is your server: look at the key's record with 'posthouse auth lint', and for "
        "something that changes mail after it was signed; a few of many are forwarders' doing";
  } else if (!source.vouched_by.empty()) {
    source.why = fmt::format("{}sent by {}, in your name", some, joined(source.vouched_by));
    source.fix = fmt::format(
        "if that service sends for you: have it sign with d={0}, or use an envelope sender below "
        "{0}; if it is a forwarder or a mailing list: nothing; if you do not know it: nothing{1}",
        domain, open);
  } else {
    source.why = fmt::format("{}nothing vouches for it", some);
    source.fix = fmt::format(
        "if it is a server of yours: have it sign with DKIM, and put its address into the SPF "
        "record of {}; if you do not know it, somebody forges your name: nothing{}",
        domain, open);
  }
}

}  // namespace

DmarcSummary summarise(const DmarcReport& report) {
  std::map<std::string_view, std::pair<DmarcSource, Signs>> by_ip;
  for (const auto& row : report.rows) {
    auto& [source, signs] = by_ip[row.source_ip];
    source.ip = row.source_ip;
    const bool dkim = same_ascii(row.dkim, "pass"), spf = same_ascii(row.spf, "pass");
    add(source.messages, row.count);
    if (dkim || spf) add(source.aligned, row.count);
    if (dkim) add(source.dkim_aligned, row.count);
    if (spf) add(source.spf_aligned, row.count);
    if (same_ascii(row.disposition, "quarantine")) add(source.quarantined, row.count);
    if (same_ascii(row.disposition, "reject")) add(source.rejected, row.count);
    note(source.header_from, ascii_lower(row.header_from));
    look_at_results(row, report.policy.domain, dkim, spf, source, signs);
    for (const auto& reason : row.reasons)
      note(source.reasons, reason.comment.empty()
                               ? reason.type
                               : fmt::format("{}: {}", reason.type, reason.comment));
  }
  DmarcSummary summary;
  for (auto& [ip, found] : by_ip) {
    auto& [source, signs] = found;
    advise(report.policy, signs, source);
    add(summary.messages, source.messages);
    add(summary.aligned, source.aligned);
    add(summary.quarantined, source.quarantined);
    add(summary.rejected, source.rejected);
    summary.sources.push_back(std::move(source));
  }
  std::ranges::sort(summary.sources, [](const DmarcSource& a, const DmarcSource& b) {
    if (a.messages - a.aligned != b.messages - b.aligned)
      return a.messages - a.aligned > b.messages - b.aligned;
    if (a.messages != b.messages) return a.messages > b.messages;
    return a.ip < b.ip;
  });
  return summary;
}

}  // namespace ph::mailauth
