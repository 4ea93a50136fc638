#include "route/mx.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "base/ip_text.h"
#include "wire/dns/name.h"
#include "wire/dns/rdata.h"

namespace ph::route {
namespace {

using dns::Status;

/// Of an address as text in any form; "" if it is none.
std::string usual_ip(std::string_view text) {
  const auto octets = parse_ip_text(text);
  return octets ? format_ip(*octets) : std::string();
}

/// The address that stands where a host name should: "192.0.2.1", "[192.0.2.1]"; "" for a name.
std::string address_as_name(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return usual_ip(name);
}

/// "This host": a connection to it would reach ourselves, RFC 1122 §3.2.1.3.
bool is_this_host(std::string_view address) { return address == "::" || address.starts_with("0."); }

/// Why a question has no definite answer, as the end of a sentence.
std::string reason(const dns::Answer& answer) {
  switch (answer.status) {
    case Status::timed_out: return "the DNS gives no answer in time";
    case Status::bogus: return "DNSSEC validation fails: " + answer.why;
    default: return answer.why.empty() ? "the DNS fails" : answer.why;
  }
}

constexpr std::string_view kFixDns =
    "ask the domain's DNS servers directly; the message is tried again until it expires";

}  // namespace

MxPlanner::MxPlanner(std::string domain, MxSelf self) : self_(std::move(self)) {
  for (auto& name : self_.names) {
    auto normal = dns::normal_name(name);
    name = normal ? *std::move(normal) : ascii_lower(name);
  }
  result_.domain = std::move(domain);
  begin(result_.domain);
}

void MxPlanner::begin(const std::string& domain) {
  if (domain.starts_with('[') && domain.ends_with(']'))
    return plan_literal(std::string_view(domain).substr(1, domain.size() - 2));
  const bool ascii =
      std::ranges::all_of(domain, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const auto name = dns::normal_name(domain);
  if (!ascii || !name || *name == ".") {
    return end(MxResult::What::permanent, "5.1.2",
               fmt::format("\"{}\" is no domain name in the DNS", domain),
               "look at the address: the part after the @ is mistyped");
  }
  ask(*name, dns::kTypeMx);
}

/// RFC 5321 §4.1.3, §5.1: an address literal is where the mail goes, nothing is looked up.
void MxPlanner::plan_literal(std::string_view inside) {
  constexpr std::string_view kIpv6Tag = "ipv6:";
  if (same_ascii(inside.substr(0, kIpv6Tag.size()), kIpv6Tag))
    inside.remove_prefix(kIpv6Tag.size());
  result_.by = MxResult::By::literal;
  Host host;
  host.literal = true;
  host.found.name = host.found.canonical = result_.domain;
  if (auto ip = usual_ip(inside); !ip.empty()) host.found.addresses.push_back(std::move(ip));
  if (host.found.addresses.empty() || is_this_host(host.found.addresses.front())) {
    return end(MxResult::What::permanent, "5.1.2",
               fmt::format("{} is no address of a host", result_.domain),
               "look at the address: the part in brackets is mistyped");
  }
  hosts_.push_back(std::move(host));
  decide();
}

void MxPlanner::ask(std::string name, std::uint16_t type) {
  dns::Question question{std::move(name), type};
  if (waiting_.insert(question).second) to_ask_.push_back(std::move(question));
}

std::vector<dns::Question> MxPlanner::take_questions() { return std::exchange(to_ask_, {}); }

MxResult MxPlanner::take_result() {
  PH_CHECK(done_);
  return std::move(result_);
}

void MxPlanner::answer(const dns::Question& question, const dns::Answer& answer) {
  PH_CHECK(waiting_.erase(question) == 1);
  if (question.type == dns::kTypeMx) return on_mx(answer);
  for (Host& host : hosts_) {
    if (host.literal || host.found.name != question.name) continue;
    (question.type == dns::kTypeA ? host.a : host.aaaa) = answer;
  }
  if (waiting_.empty()) decide();
}

void MxPlanner::on_mx(const dns::Answer& answer) {
  const std::string& domain = result_.domain;
  result_.secure = answer.secure;
  result_.ttl = answer.ttl;
  switch (answer.status) {
    case Status::ok: return take_hosts(answer);
    case Status::no_data:
      // RFC 5321 §5.1: no MX at all; the domain is its own mail host, with preference 0.
      result_.by = MxResult::By::address;
      take_host(0, *dns::normal_name(domain));
      leave_out_ourselves_by_name();
      return ask_addresses();
    case Status::no_name:
      return end(MxResult::What::permanent, "5.1.2",
                 fmt::format("the domain {} does not exist (NXDOMAIN)", domain),
                 "look at the address: it is mistyped, or the domain is no longer registered");
    default:
      // Never the implicit MX: that the MX cannot be had does not say that there is none.
      return end(
          MxResult::What::temporary, "4.4.3",
          fmt::format("the MX records of {} cannot be looked up: {}", domain, reason(answer)),
          std::string(kFixDns));
  }
}

void MxPlanner::take_hosts(const dns::Answer& answer) {
  const std::string& domain = result_.domain;
  bool null_mx = false, more = false;
  std::vector<dns::Mx> records;
  for (const auto& rdata : answer.data) {
    auto mx = dns::parse_mx(rdata);
    if (!mx) {
      result_.problems.push_back({"an MX record cannot be read and is not used", "write it anew"});
    } else if (mx->exchange == ".") {
      null_mx = true;
    } else {
      records.push_back(*std::move(mx));
    }
  }
  if (null_mx && records.empty()) {  // RFC 7505 §4.1
    return end(MxResult::What::permanent, "5.1.10",
               fmt::format("the domain {} takes no mail: it says so with a null MX record", domain),
               "reach the recipient at another domain");
  }
  if (null_mx) {  // RFC 7505 §3
    result_.problems.push_back({"a null MX record stands beside others, and is not used",
                                "remove it, or remove the others if the domain takes no mail"});
  }
  std::ranges::sort(records, {}, [](const dns::Mx& mx) {
    return std::pair(mx.preference, std::string_view(mx.exchange));
  });
  for (dns::Mx& mx : records) {
    const auto same = [&](const Host& host) { return host.found.name == mx.exchange; };
    if (const auto first = std::ranges::find_if(hosts_, same); first != hosts_.end()) {
      first->found.problems.push_back(
          {fmt::format("it is named twice, again with preference {}", mx.preference),
           "remove one of the two MX records"});
    } else if (hosts_.size() < kMxHostsMax) {
      take_host(mx.preference, std::move(mx.exchange));
    } else {
      more = true;
    }
  }
  if (more) {
    result_.problems.push_back(
        {fmt::format("there are more than {} MX records; the rest is not used", kMxHostsMax),
         "publish fewer; several addresses of one host do the same"});
  }
  leave_out_ourselves_by_name();
  ask_addresses();
}

void MxPlanner::take_host(std::uint16_t preference, std::string name) {
  Host host;
  host.found.preference = preference;
  if (auto ip = address_as_name(name); !ip.empty()) {
    host.literal = true;
    host.found.addresses.push_back(std::move(ip));
    host.found.problems.push_back(
        {"the MX record names an IP address where a host name belongs (RFC 5321 §5.1); many "
         "servers will not send there",
         "give the host a name with an address record, and name that in the MX record"});
  }
  host.found.name = host.found.canonical = std::move(name);
  hosts_.push_back(std::move(host));
}

bool MxPlanner::is_our_name(std::string_view name) const {
  return std::ranges::find(self_.names, name) != self_.names.end();
}

bool MxPlanner::is_our_address(const MxHost& host) const {
  return std::ranges::any_of(host.addresses, [&](const std::string& address) {
    return std::ranges::find(self_.addresses, address) != self_.addresses.end();
  });
}

void MxPlanner::leave_out_ourselves_by_name() {
  const auto us =
      std::ranges::find_if(hosts_, [&](const Host& host) { return is_our_name(host.found.name); });
  if (us != hosts_.end()) leave_out_from(us->found.preference, std::string(us->found.name));
}

/// RFC 5321 §5.1: with ourselves in the list, only hosts that are preferred to us; else mail would
/// go in circles between those that cannot deliver it.
void MxPlanner::leave_out_from(std::uint16_t preference, const std::string& ourselves) {
  ourselves_ = ourselves;
  const auto first = std::ranges::find_if(
      hosts_, [&](const Host& host) { return host.found.preference >= preference; });
  for (Host& host : std::ranges::subrange(first, hosts_.end())) {
    host.found.left_out =
        host.found.name == ourselves
            ? "this is ourselves"
            : fmt::format("it is not preferred to ourselves ({} {})", preference, ourselves);
    result_.left_out.push_back(std::move(host.found));
  }
  hosts_.erase(first, hosts_.end());
}

void MxPlanner::ask_addresses() {
  for (const Host& host : hosts_) {
    if (host.literal) continue;
    ask(host.found.name, dns::kTypeAaaa);
    ask(host.found.name, dns::kTypeA);
  }
  if (waiting_.empty()) decide();
}

void MxPlanner::find_addresses(Host& host) {
  MxHost& found = host.found;
  std::vector<std::string> v6, v4;
  bool too_many = false, this_host = false;
  const auto take = [&](const dns::Answer& from, auto parse, std::vector<std::string>& into) {
    for (const auto& rdata : from.data) {
      auto address = parse(rdata);
      if (!address) continue;
      if (is_this_host(*address)) {
        this_host = true;
      } else if (into.size() < kAddressesPerHostMax) {
        into.push_back(*std::move(address));
      } else {
        too_many = true;
      }
    }
  };
  if (host.aaaa.status == Status::ok) take(host.aaaa, dns::parse_aaaa, v6);
  if (host.a.status == Status::ok) take(host.a, dns::parse_a, v4);
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) found.addresses.push_back(std::move(v6[i]));
    if (i < v4.size()) found.addresses.push_back(std::move(v4[i]));
  }
  found.secure = host.a.secure && host.aaaa.secure;
  for (const dns::Answer* from : {&host.aaaa, &host.a}) {
    if (dns::is_definite(from->status)) {
      if (!from->canonical.empty()) found.canonical = from->canonical;
      continue;
    }
    host.temporary = true;
    found.problems.push_back({fmt::format("its {} addresses cannot be looked up: {}",
                                          from == &host.a ? "IPv4" : "IPv6", reason(*from)),
                              std::string(kFixDns)});
  }
  if (too_many) {
    found.problems.push_back(
        {fmt::format("it has more than {} addresses; the rest is not used", kAddressesPerHostMax),
         "publish fewer"});
  }
  if (this_host) {
    found.problems.push_back({"an address of it is that of no host (0.0.0.0 or ::), and not used",
                              "publish its real address, or a null MX where no mail is taken"});
  }
}

void MxPlanner::find_problems(Host& host) const {
  if (result_.by != MxResult::By::mx) return;
  MxHost& found = host.found;
  if (found.canonical != found.name) {
    found.problems.push_back(
        {fmt::format("it is an alias (CNAME) of {}; an MX record names a host that has addresses "
                     "itself (RFC 2181 §10.3), and some servers will not send there",
                     found.canonical),
         fmt::format("name {} in the MX record", found.canonical)});
  }
  if (found.addresses.empty() && !host.temporary) {
    const bool exists = host.a.status != Status::no_name && host.aaaa.status != Status::no_name;
    found.problems.push_back({exists ? "it has no address" : "it does not exist (NXDOMAIN)",
                              "give it an address record, or remove the MX record"});
  }
}

void MxPlanner::decide() {
  for (Host& host : hosts_) {
    if (host.literal) continue;
    find_addresses(host);
    find_problems(host);
  }
  const auto us =
      std::ranges::find_if(hosts_, [&](const Host& host) { return is_our_address(host.found); });
  if (us != hosts_.end()) leave_out_from(us->found.preference, std::string(us->found.name));

  bool temporary = false;
  for (Host& host : hosts_) {
    MxHost& found = host.found;
    if (found.addresses.empty()) {
      temporary |= host.temporary;
      found.left_out =
          host.temporary ? "its addresses cannot be looked up for now" : "it has no address";
      result_.left_out.push_back(std::move(found));
      continue;
    }
    for (const dns::Answer* from : {&host.a, &host.aaaa})
      if (from->status == Status::ok) result_.ttl = std::min(result_.ttl, from->ttl);
    if (result_.groups.empty() || result_.groups.back().preference != found.preference)
      result_.groups.push_back({found.preference, {}});
    result_.groups.back().hosts.push_back(std::move(found));
  }
  hosts_.clear();
  if (result_.groups.empty()) return end_without_hosts(temporary);
  end(MxResult::What::go, "", "", "");
}

void MxPlanner::end_without_hosts(bool temporary) {
  const std::string& domain = result_.domain;
  const bool by_mx = result_.by == MxResult::By::mx;
  if (temporary) {
    return end(
        MxResult::What::temporary, "4.4.3",
        by_mx
            ? fmt::format("no mail host of {} has an address that can be looked up for now", domain)
            : fmt::format("the addresses of {} cannot be looked up for now", domain),
        std::string(kFixDns));
  }
  if (!ourselves_.empty()) {
    return end(MxResult::What::permanent, "5.4.6",
               fmt::format("mail for {} loops back to us: we ({}) are its best mail host, and do "
                           "not take mail for it",
                           domain, ourselves_),
               "add the domain here, or a route for it, or point its MX records to the right host");
  }
  if (!by_mx) {
    return end(MxResult::What::permanent, "5.1.2",
               fmt::format("the domain {} has neither an MX record nor an address", domain),
               "look at the address; if it is right, the domain takes no mail");
  }
  end(MxResult::What::permanent, "5.4.4",
      fmt::format("no mail host of {} has an address, though it has MX records", domain),
      "the domain's administrator gives its mail hosts addresses, or names the right ones");
}

void MxPlanner::end(MxResult::What what, std::string_view status, std::string why,
                    std::string fix) {
  result_.what = what;
  result_.status = status;
  result_.why = std::move(why);
  result_.fix = std::move(fix);
  if (what != MxResult::What::go) result_.ttl = 0;
  std::ranges::sort(result_.left_out, {}, [](const MxHost& host) {
    return std::pair(host.preference, std::string_view(host.name));
  });
  done_ = true;
}

std::vector<MxTarget> try_order(const MxResult& result,
                                const std::function<std::uint64_t(std::uint64_t)>& below) {
  std::vector<MxTarget> order;
  for (const MxGroup& group : result.groups) {
    std::vector<const MxHost*> hosts;
    for (const MxHost& host : group.hosts) hosts.push_back(&host);
    while (!hosts.empty()) {
      const auto at = static_cast<std::ptrdiff_t>(below(hosts.size()));
      const MxHost& host = **(hosts.begin() + at);
      for (const auto& address : host.addresses)
        order.push_back({host.name, address, host.preference});
      hosts.erase(hosts.begin() + at);
    }
  }
  return order;
}

}  // namespace ph::route
