#include "app/daemon/config_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"
#include "mailauth/dmarc.h"
#include "message/address.h"

namespace ph::daemon {
namespace {

struct ProtocolRow {
  Protocol protocol;
  std::string_view name;
  bool implicit_tls;
  bool strict_addresses;
  std::string_view at_default;  // in [listen]'s absence
};
constexpr std::array<ProtocolRow, 5> kProtocols{{
    {Protocol::smtp, "smtp", false, true, "127.0.0.1:2525"},
    {Protocol::submission, "submission", false, false, "127.0.0.1:2587"},
    {Protocol::submissions, "submissions", true, false, "127.0.0.1:2465"},
    {Protocol::pop3, "pop3", false, false, "127.0.0.1:2110"},
    {Protocol::pop3s, "pop3s", true, false, "127.0.0.1:2995"},
}};

constexpr std::array<std::string_view, 8> kLaterProtocols{
    "imap", "imaps", "http", "https", "jmap", "lmtp", "managesieve", "metrics"};

/// RFC 5321 §2.3.5: letters, digits and hyphens between dots; UTF-8 labels as they are.
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  std::size_t label_octets = 0;
  char before = '.';
  for (const char c : name) {
    const bool other = static_cast<unsigned char>(c) >= 0x80;
    if (c == '.') {
      if (label_octets == 0 || before == '-') return false;
      label_octets = 0;
    } else {
      if (!(is_alpha(c) || is_digit(c) || other || (c == '-' && label_octets > 0))) return false;
      if (++label_octets > 63) return false;
    }
    before = c;
  }
  return label_octets > 0 && before != '-';
}

/// A host name in A-labels and lower case: greetings, trace fields and signatures know no others,
/// and mail is routed by them. RFC 5321 §2.3.5.
std::optional<std::string> host_name_in_dns(std::string_view name, const Place& at,
                                            Problems& problems) {
  if (codec::is_ascii(name)) return ascii_lower(name);
  auto ascii = codec::to_ascii_typed_domain(name);
  if (ascii && is_host_name(*ascii)) return *std::move(ascii);
  problems.error(at,
                 fmt::format("\"{}\" has no name in the DNS: {}", name,
                             ascii ? "it is too long" : ascii.error().what),
                 "write the name that the DNS knows, such as \"mail.example.test\" or "
                 "\"mail.xn--bcher-kva.test\"");
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  std::unreachable();
}

std::string_view to_string(Protocol protocol) {
  return kProtocols[std::to_underlying(protocol)].name;
}

std::string format_problem(const Problem& problem, std::string_view file) {
  std::string out;
  if (!file.empty()) out = fmt::format("{}:", file);
  if (problem.line > 0) out += fmt::format("{}:{}:", problem.line, problem.column);
  if (!out.empty()) out += ' ';
  out += fmt::format("{}: {}", to_string(problem.severity), problem.problem);
  if (!problem.fix.empty()) out += ": " + problem.fix;
  return out;
}

void Problems::add(Severity severity, const Place& at, std::string problem, std::string fix) {
  if (all_.size() > kProblemsMax) return;
  if (all_.size() == kProblemsMax) {
    problem = "too many problems";
    fix = "mend these first; the rest is not listed";
  }
  all_.push_back({severity, at.line, at.column, at.key, std::move(problem), std::move(fix)});
}

std::vector<Problem> Problems::take() {
  std::ranges::sort(all_, {},
                    [](const Problem& p) { return std::tie(p.line, p.column, p.key, p.problem); });
  return std::exchange(all_, {});
}

std::optional<std::string> read_hostname(std::string_view text, const Place& at,
                                         Problems& problems) {
  if (is_host_name(text)) return host_name_in_dns(text, at, problems);
  problems.error(at, fmt::format("\"{}\" is not a host name", text),
                 "write the name this server is known by, such as \"mail.example.test\"");
  return std::nullopt;
}

std::optional<rt::Endpoint> read_endpoint(std::string_view text, const Place& at,
                                          Problems& problems) {
  if (auto endpoint = rt::parse_endpoint(text)) return *endpoint;
  problems.error(at, fmt::format("\"{}\" is not an address with a port", text),
                 "write \"127.0.0.1:2525\", \"[::1]:2525\", or \"0.0.0.0:25\" for every address");
  return std::nullopt;
}

std::optional<std::string> read_store_url(std::string_view text, std::string_view folder,
                                          const Place& at, Problems& problems) {
  if (text == "memory:") return std::string(text);
  if (text.starts_with("file:") && text.size() > 5) return "file:" + below(folder, text.substr(5));
  if (text.starts_with("rados:") || text.starts_with("pg:")) {
    problems.error(at, fmt::format("the store \"{}\" is not served by this version", text),
                   "use \"file:DIR\"");
  } else {
    problems.error(at, fmt::format("\"{}\" is not a store", text),
                   "write \"file:./var/store\", or \"memory:\" for a store that forgets");
  }
  return std::nullopt;
}

std::optional<RouteConfig> read_route(std::string_view domain, std::string_view to, const Place& at,
                                      Problems& problems) {
  if (domain != "*" && !is_host_name(domain)) {
    problems.error(at, fmt::format("\"{}\" is not a domain", domain),
                   "write a domain such as \"sink.test\", or \"*\" for all others");
    return std::nullopt;
  }
  auto name = host_name_in_dns(domain, at, problems);
  if (!name) return std::nullopt;
  RouteConfig route{*std::move(name), std::nullopt};
  if (to == "hold") return route;
  if (auto endpoint = rt::parse_endpoint(to)) {
    route.to = *endpoint;
    return route;
  }
  problems.error(at, fmt::format("\"{}\" is not a next hop", to),
                 "write \"192.0.2.1:25\", or \"hold\" to keep the mail in the queue");
  return std::nullopt;
}

std::optional<rt::Level> read_level(std::string_view text, const Place& at, Problems& problems) {
  if (text == "debug") return rt::Level::debug;
  if (text == "info") return rt::Level::info;
  if (text == "warning") return rt::Level::warning;
  if (text == "error") return rt::Level::error;
  problems.error(at, fmt::format("\"{}\" is not a log level", text),
                 "write \"debug\", \"info\", \"warning\" or \"error\"");
  return std::nullopt;
}

std::optional<policy::Authentication> read_authentication(std::string_view text, const Place& at,
                                                          Problems& problems) {
  if (text == "off") return policy::Authentication::off;
  if (text == "monitor") return policy::Authentication::monitor;
  if (text == "enforce") return policy::Authentication::enforce;
  problems.error(at, fmt::format("\"{}\" is no mode of authentication", text),
                 "write \"off\", \"monitor\" or \"enforce\"");
  return std::nullopt;
}

std::optional<std::string> read_trusted_domain(std::string_view text, const Place& at,
                                               Problems& problems) {
  std::string name = codec::dns_spelling(text);
  if (codec::is_ascii(name) && is_host_name(name)) {
    static const mailauth::PublicSuffixes suffixes;
    if (!suffixes.organizational_domain(name).empty()) return name;
    problems.error(at, fmt::format("\"{}\" is a public suffix", text),
                   "everybody may have a domain below it: name the domain of one server or list");
    return std::nullopt;
  }
  problems.error(
      at, fmt::format("\"{}\" is not a domain", text),
      "write what stands behind d= in the ARC-Seal or DKIM-Signature fields of that server, "
      "such as \"lists.example.test\"");
  return std::nullopt;
}

void read_reports(std::string_view text, const Place& at, std::optional<bool>& into,
                  Problems& problems) {
  if (text == "auto") {
    into.reset();
  } else if (text == "on" || text == "off") {
    into = text == "on";
  } else {
    problems.error(at, fmt::format("\"{}\" does not say whether reports are sent", text),
                   "write \"auto\", \"on\" or \"off\"");
  }
}

std::string read_contact(std::string_view text, const Place& at, Problems& problems) {
  const auto address = message::parse_address(text);
  if (address && message::is_ascii(*address) && !address->domain.empty()) return std::string(text);
  problems.error(at, fmt::format("\"{}\" is not an address that all servers take", text),
                 "write an address in a domain of this server, such as \"dmarc@example.test\"");
  return {};
}

std::string read_organization(std::string_view text, const Place& at, Problems& problems) {
  const bool printable = std::ranges::all_of(
      text, [](char c) { return c == ' ' || static_cast<unsigned char>(c) > ' '; });
  if (!text.empty() && text.size() <= kOrganizationOctetsMax && printable) return std::string(text);
  problems.error(at, "report_organization is no name",
                 fmt::format("write at most {} octets on one line", kOrganizationOctetsMax));
  return {};
}

std::optional<Protocol> protocol_of(std::string_view key) {
  const auto found = std::ranges::find(kProtocols, key, &ProtocolRow::name);
  if (found == kProtocols.end()) return std::nullopt;
  return found->protocol;
}

bool is_later_protocol(std::string_view key) {
  return std::ranges::find(kLaterProtocols, key) != kLaterProtocols.end();
}

ListenerConfig default_listener(Protocol protocol) {
  const auto& row = kProtocols[std::to_underlying(protocol)];
  ListenerConfig listener;
  listener.protocol = protocol;
  listener.implicit_tls = row.implicit_tls;
  listener.strict_addresses = row.strict_addresses;
  return listener;
}

std::string below(std::string_view folder, std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  if (path.empty()) path = ".";
  if (path.starts_with('/') || folder.empty() || folder == ".") return std::string(path);
  return fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", path);
}

namespace {

void check_endpoints(const Config& config, Problems& problems) {
  std::set<rt::Endpoint> seen;
  for (const auto& listener : config.listeners) {
    const Place at{listener.line, listener.column,
                   fmt::format("listen.{}", to_string(listener.protocol))};
    for (const auto& endpoint : listener.at) {
      if (endpoint.port != 0 && !seen.insert(endpoint).second) {
        problems.error(at, fmt::format("{} is listened on twice", rt::to_string(endpoint)),
                       "give each listener a port of its own");
      }
      if (listener.allow_plaintext && !listener.implicit_tls && !endpoint.ip.is_loopback()) {
        problems.warning(at,
                         fmt::format("passwords may cross the network in clear text on {}",
                                     rt::to_string(endpoint)),
                         "leave allow_plaintext to loopback addresses");
      }
    }
  }
}

}  // namespace

void complete(Config& config, bool has_listen, std::string_view folder, Problems& problems) {
  if (config.store.empty()) config.store = "file:" + below(folder, "var/store");
  if (config.folder.empty()) {
    config.folder =
        config.store.starts_with("file:") ? config.store.substr(5) : below(folder, "var");
  }
  if (admin_socket_path(config).size() > kSocketPathOctetsMax) {
    const auto folder_key = config.place("server.folder");
    problems.error(folder_key.line > 0 ? folder_key : config.place("server.store"),
                   fmt::format("the admin socket's name \"{}\" is longer than {} octets",
                               admin_socket_path(config), kSocketPathOctetsMax),
                   "set folder in [server] to a folder with a shorter name");
  }
  if (!has_listen) {
    for (const auto& row : kProtocols) {
      auto listener = default_listener(row.protocol);
      listener.at.push_back(*rt::parse_endpoint(row.at_default));
      config.listeners.push_back(std::move(listener));
    }
  }
  check_endpoints(config, problems);

  if (config.certificate.empty() != config.key.empty()) {
    problems.error(config.place("tls"), "certificate and key belong together, and one is missing",
                   "name both, or neither: then a self-signed certificate is made");
  }
  if (config.queue.retry_first.count() == 0 || config.queue.retry_first > config.queue.retry_max) {
    problems.error(config.place("queue.retry_first"),
                   "retry_first is zero or longer than retry_max",
                   "the first wait doubles up to retry_max: make it the shorter one");
  }
  if (config.queue.expire < config.queue.retry_first) {
    problems.error(config.place("queue.expire"), "expire is shorter than retry_first",
                   "a message would be given up before its second try; \"5d\" is usual");
  }
}

Place Config::place(std::string_view named) const {
  const auto found = std::ranges::find(places, named, &Place::key);
  return found != places.end() ? *found : Place{0, 0, std::string(named)};
}

std::string admin_socket_path(const Config& config) { return config.folder + "/admin.sock"; }

bool ConfigRead::ok() const {
  return std::ranges::none_of(problems,
                              [](const Problem& p) { return p.severity == Severity::error; });
}

Result<ConfigRead> load_config(rt::Disk& disk, const std::string& file) {
  PH_TRY(const auto toml, disk.read(file));
  const auto slash = file.rfind('/');
  const auto folder = slash == std::string::npos ? std::string() : file.substr(0, slash + 1);
  return read_config(toml, file, folder);
}

Config default_config() {
  Config config;
  Problems ignored;  // the defaults have none: config_test.cc
  complete(config, false, "", ignored);
  return config;
}

}  // namespace ph::daemon
