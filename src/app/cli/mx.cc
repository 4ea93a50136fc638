// posthouse mx DOMAIN|ADDRESS
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/cli/world.h"
#include "app/daemon/own_addresses.h"
#include "codec/idna.h"
#include "deliver/mx_lookup.h"
#include "message/address.h"
#include "rt/os/addresses.h"
#include "rt/os/resolver.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using route::MxHost;
using route::MxProblem;
using route::MxResult;

/// By then libunbound has tried every server several times.
inline constexpr std::chrono::seconds kMxLookUpMax{20};

struct Args {
  std::string target, dns;
};

/// The domain of what was typed: "x.test", "x.test.", "user@x.test", "[192.0.2.1]"; as the
/// DNS knows it (RFC 5891 §4). nullopt: complained about.
std::optional<std::string> domain_of(std::string typed) {
  if (typed.ends_with('.')) typed.pop_back();
  std::string domain;
  if (typed.contains('@')) {
    if (auto address = message::parse_address(typed)) domain = std::move(address->domain);
  } else {
    std::string_view rest = typed;
    auto taken = message::take_domain(rest);
    if (taken && rest.empty()) domain = *std::move(taken);
  }
  if (domain.empty()) {
    complain(fmt::format("\"{}\" is neither a domain nor an address", typed),
             "write example.org, user@example.org or [192.0.2.1]");
    return std::nullopt;
  }
  if (domain.starts_with('[')) return domain;
  auto ascii = codec::to_ascii_domain(domain);
  if (!ascii) {
    complain(fmt::format("\"{}\" is no domain name: {}", printable(domain), ascii.error().what),
             "write it in lower case, as its owner does, or in its ASCII form (xn--...)");
    return std::nullopt;
  }
  return *std::move(ascii);
}

/// Servers of --dns, else of the configuration, else none: the system's. nullopt: complained about.
std::optional<std::vector<rt::Endpoint>> servers_of(const Args& args,
                                                    const daemon::Config& config) {
  if (args.dns.empty()) return config.dns_servers;
  if (const auto endpoint = rt::parse_endpoint(args.dns)) return std::vector{*endpoint};
  if (const auto ip = rt::parse_ip(args.dns)) return std::vector{rt::Endpoint{*ip, 53}};
  complain(fmt::format("--dns: \"{}\" is not the address of a server", args.dns),
           "write 127.0.0.1:53 or [::1]:53");
  return std::nullopt;
}

/// What the configuration's [delivery] routes say about the domain: they go before the DNS. "":
/// nothing.
std::string configured_route(const daemon::Config& config, const std::string& domain) {
  for (const std::string& name : {domain, std::string("*")}) {
    for (const auto& route : config.routes) {
      if (route.domain == name) return route.to ? rt::to_string(*route.to) : "hold";
    }
  }
  return "";
}

bool has_problems(const MxResult& result) {
  const auto host_has = [](const MxHost& host) { return !host.problems.empty(); };
  return !result.problems.empty() || std::ranges::any_of(result.left_out, host_has) ||
         std::ranges::any_of(result.groups, [&](const route::MxGroup& group) {
           return std::ranges::any_of(group.hosts, host_has);
         });
}

std::string_view name_of(MxResult::What what) {
  switch (what) {
    case MxResult::What::go: return "go";
    case MxResult::What::permanent: return "permanent";
    case MxResult::What::temporary: return "temporary";
  }
  return "";
}

std::string_view name_of(MxResult::By by) {
  switch (by) {
    case MxResult::By::mx: return "mx";
    case MxResult::By::address: return "address";
    case MxResult::By::literal: return "literal";
  }
  return "";
}

json::array facts(const std::vector<MxProblem>& problems) {
  json::array out;
  for (const auto& each : problems) out.push_back({{"problem", each.what}, {"fix", each.fix}});
  return out;
}

json::object facts(const MxHost& host) {
  json::array addresses;
  for (const auto& address : host.addresses) addresses.emplace_back(address);
  return {{"name", host.name},
          {"canonical", host.canonical},
          {"preference", host.preference},
          {"addresses", std::move(addresses)},
          {"secure", host.secure},
          {"left_out", host.left_out},
          {"problems", facts(host.problems)}};
}

/// As people read it: "bücher.test" for "xn--bcher-kva.test".
std::string in_letters(const std::string& domain) {
  return domain.starts_with('[') ? domain : codec::to_unicode_domain(domain);
}

json::object facts(const MxResult& result, const std::string& route) {
  json::array hosts;
  for (const auto& group : result.groups)
    for (const auto& host : group.hosts) hosts.push_back(facts(host));
  for (const auto& host : result.left_out) hosts.push_back(facts(host));
  return {{"domain", result.domain},
          {"unicode", in_letters(result.domain)},
          {"outcome", name_of(result.what)},
          {"by", name_of(result.by)},
          {"status", result.status},
          {"why", result.why},
          {"fix", result.fix},
          {"secure", result.secure},
          {"ttl", result.ttl},
          {"hosts", std::move(hosts)},
          {"problems", facts(result.problems)},
          {"route", route}};
}

void show(const std::vector<MxProblem>& problems, std::string_view indent) {
  for (const auto& each : problems) {
    fmt::print("{}wrong: {}\n{}  do: {}\n", indent, printable(each.what), indent,
               printable(each.fix));
  }
}

void show(const MxHost& host) {
  std::string line = fmt::format("  {:>5}  {}", host.preference, printable(host.name));
  for (const auto& address : host.addresses)
    if (address != host.name) line += "  " + address;
  if (!host.left_out.empty()) line += fmt::format("  ({})", printable(host.left_out));
  fmt::print("{}\n", line);
  show(host.problems, "         ");
}

void show(const MxResult& result, const std::string& route) {
  std::string domain = printable(result.domain);
  if (const auto letters = in_letters(result.domain); letters != result.domain)
    domain = fmt::format("{} ({})", printable(letters), domain);
  if (!route.empty()) {
    fmt::print("{}\n", route == "hold"
                           ? fmt::format("[delivery] routes: mail for {} is held here", domain)
                           : fmt::format("[delivery] routes: mail for {} goes to {}, whatever "
                                         "the DNS says",
                                         domain, route));
  }
  if (result.what == MxResult::What::go) {
    fmt::print("Mail for {} goes to, lowest preference first:\n", domain);
    for (const auto& group : result.groups)
      for (const auto& host : group.hosts) show(host);
    if (result.by == MxResult::By::address)
      fmt::print("There is no MX record: the domain's own address is used (RFC 5321 §5.1).\n");
  } else {
    fmt::print("Mail for {} {} ({}): {}.\n  do: {}\n", domain,
               result.what == MxResult::What::permanent ? "cannot be sent" : "waits", result.status,
               printable(result.why), printable(result.fix));
  }
  if (!result.left_out.empty()) fmt::print("Not used:\n");
  for (const auto& host : result.left_out) show(host);
  show(result.problems, "");
}

Task<MxResult> look_up(rt::Resolver& resolver, std::string domain,  // NOLINT: outlives the task
                       route::MxSelf self, rt::World& world) {      // NOLINT
  const rt::Instant deadline = world.clock.now() + kMxLookUpMax;
  co_return co_await deliver::look_up_mx(resolver, std::move(domain), std::move(self), deadline);
}

int mx(const Common& common, const Args& args) {
  const auto domain = domain_of(args.target);
  if (!domain) return kCouldNotRun;
  const auto config = find_config(common);
  if (!config) return kCouldNotRun;
  const auto servers = servers_of(args, *config);
  if (!servers) return kCouldNotRun;
  route::MxSelf self;
  if (!config->file.empty()) {  // else nobody said who we are
    self.names.push_back(config->hostname);
    self.addresses = daemon::own_mail_addresses(*config, rt::os::local_addresses());
  }

  auto resolver = rt::os::make_resolver({.servers = *servers});
  if (!resolver) {
    complain(resolver.error(), "is /etc/resolv.conf readable? --dns names a server in its place");
    return kCouldNotRun;
  }
  CommandWorld world;
  const auto result = world.run(look_up(**resolver, *domain, std::move(self), *world));
  const auto route = configured_route(*config, *domain);
  if (common.json) {
    print_json(facts(result, route));
  } else {
    show(result, route);
  }
  switch (result.what) {
    case MxResult::What::go: return has_problems(result) ? kFoundWrong : kFine;
    case MxResult::What::permanent: return kFoundWrong;
    case MxResult::What::temporary: return kCouldNotRun;
  }
  return kCouldNotRun;
}

}  // namespace

void add_mx(Command program, Common& common) {
  auto command =
      program.add("mx", "where mail for a domain goes, and what is wrong in its records");
  const auto args = std::make_shared<Args>();
  command.text("DOMAIN", args->target, "a domain, an address, or [192.0.2.1]").required();
  command.text("--dns", args->dns,
               "the server to ask, as 127.0.0.1:53; default: [dns] servers, else the system's");
  command.notes(
      "Works without a server and without a configuration.\n"
      "Exit 0: mail can go there; 1: something is wrong, or mail cannot go there; 2: the DNS does "
      "not say.\n\n"
      "Examples:\n"
      "  posthouse mx example.org\n"
      "  posthouse mx bob@example.org --json\n"
      "  posthouse mx example.org --dns 127.0.0.1:5300\n");
  command.on_run(common, [&common, args] { return mx(common, *args); });
}

}  // namespace ph::cli
