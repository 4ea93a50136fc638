#include <fmt/format.h>

#include <set>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "mailauth/lint_desk.h"
#include "wire/dns/rdata.h"

namespace ph::mailauth {
namespace {

using enum LintSeverity;

void lint_host(LintDesk& desk, const std::string& host) {
  if (parse_ip_text(host)) {
    return desk.say(wrong, "mx", fmt::format("the MX record names an IP address: {}", host),
                    "it is looked up as a name, and there is none: no mail comes "
                    "(RFC 5321 §5.1)",
                    "give the host a name with an A or AAAA record, and name that in the MX");
  }
  const dns::Answer* four = desk.ask("mx", host, dns::kTypeA);
  const dns::Answer* six = desk.ask("mx", host, dns::kTypeAaaa);
  if (four == nullptr || six == nullptr) return;
  if (four->data.empty() && six->data.empty()) {
    return desk.say(wrong, "mx", fmt::format("the MX host {} has no address", host),
                    four->status == dns::Status::no_name
                        ? "the name does not exist: no mail can be brought there"
                        : "it has neither A nor AAAA records: no mail can be brought there",
                    "publish its address, or take it out of the MX records");
  }
  const auto& there = four->data.empty() ? *six : *four;
  if (!there.canonical.empty() && !same_ascii(there.canonical, host)) {
    desk.say(risk, "mx",
             fmt::format("the MX host {} is an alias (CNAME) of {}", host, there.canonical),
             "an MX must not name one (RFC 2181 §10.3), and some senders do not follow it",
             fmt::format("name {} in the MX record", there.canonical));
  }
}

}  // namespace

bool lint_mail_hosts(LintDesk& desk) {
  const std::string& domain = desk.out.domain;
  const dns::Answer* answer = desk.ask("mx", domain, dns::kTypeMx);
  if (answer == nullptr) return true;
  if (answer->status == dns::Status::no_name) {
    desk.say(wrong, "mx", fmt::format("{} does not exist", domain),
             "mail in the name of a domain that is not there is refused", "register or publish it");
    return true;
  }
  if (answer->data.empty()) {
    desk.say(advice, "mx", fmt::format("{} has no MX record", domain),
             "mail goes to its own address, and senders without a way back look suspicious",
             "publish an MX record, or \"MX 0 .\" where it takes no mail (RFC 7505 §3)");
    return true;
  }
  std::set<std::string> hosts;
  bool takes_none = false;
  for (const auto& rdata : answer->data) {
    const auto mx = dns::parse_mx(rdata);
    if (!mx) continue;
    desk.out.records.push_back({"mx", domain, fmt::format("{} {}", mx->preference, mx->exchange)});
    if (mx->exchange == ".") {
      takes_none = true;
    } else if (hosts.size() < kLintMailHostsMax) {
      hosts.insert(mx->exchange);
    }
  }
  if (takes_none && hosts.empty()) return false;
  if (takes_none) {
    desk.say(wrong, "mx", "an MX record with \".\" stands beside others",
             "it says that no mail is taken, and they say where to: it must stand alone "
             "(RFC 7505 §3)",
             "remove it, or the others where the domain takes no mail");
  }
  for (const auto& host : hosts) lint_host(desk, host);
  return true;
}

}  // namespace ph::mailauth
