// What a value of the configuration means, apart from the file's syntax: names, addresses, URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/daemon/config.h"

namespace ph::daemon {

/// Gathers problems, at most kProblemsMax and a last one that says so.
class Problems {
 public:
  void error(const Place& at, std::string problem, std::string fix) {
    add(Severity::error, at, std::move(problem), std::move(fix));
  }
  void warning(const Place& at, std::string problem, std::string fix) {
    add(Severity::warning, at, std::move(problem), std::move(fix));
  }
  /// Sorted by place.
  std::vector<Problem> take();

 private:
  void add(Severity severity, const Place& at, std::string problem, std::string fix);
  std::vector<Problem> all_;
};

// Each reads one value; nullopt: reported to `problems`.
/// A-labels, lower case.
std::optional<std::string> read_hostname(std::string_view text, const Place& at,
                                         Problems& problems);
std::optional<rt::Endpoint> read_endpoint(std::string_view text, const Place& at,
                                          Problems& problems);
/// "file:DIR" with DIR made absolute from `folder`, or "memory:".
std::optional<std::string> read_store_url(std::string_view text, std::string_view folder,
                                          const Place& at, Problems& problems);
/// "192.0.2.1:25" or "hold", for mail to `domain` ("*": all others).
std::optional<RouteConfig> read_route(std::string_view domain, std::string_view to, const Place& at,
                                      Problems& problems);
std::optional<rt::Level> read_level(std::string_view text, const Place& at, Problems& problems);
std::optional<policy::Authentication> read_authentication(std::string_view text, const Place& at,
                                                          Problems& problems);
/// Octets of [authentication] report_organization.
inline constexpr std::size_t kOrganizationOctetsMax = 200;
/// A domain of [authentication] trusted_sealers or trusted_lists, as the DNS knows it.
std::optional<std::string> read_trusted_domain(std::string_view text, const Place& at,
                                               Problems& problems);
void read_reports(std::string_view text, const Place& at, std::optional<bool>& into,
                  Problems& problems);
std::string read_contact(std::string_view text, const Place& at, Problems& problems);
std::string read_organization(std::string_view text, const Place& at, Problems& problems);
std::optional<Protocol> protocol_of(std::string_view key);
/// Names of [listen] that a later version will serve.
bool is_later_protocol(std::string_view key);

/// What a listener is unless its table says otherwise.
ListenerConfig default_listener(Protocol protocol);
/// `path` unless it is relative: then below `folder`.
std::string below(std::string_view folder, std::string_view path);
/// What only shows once the whole file is read: contradictions between keys, and the defaults that
/// depend on others (folder, listeners). `has_listen`: the file has that section.
void complete(Config& config, bool has_listen, std::string_view folder, Problems& problems);

}  // namespace ph::daemon
