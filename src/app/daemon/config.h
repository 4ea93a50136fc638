// The configuration: one TOML file, every key optional (docs/operations.md has the whole table).
// Reading is pure: text in, values and every problem at once out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/sender_verdict.h"
#include "rt/endpoint.h"
#include "rt/log.h"
#include "rt/world.h"

namespace ph::daemon {

inline constexpr std::size_t kConfigOctetsMax = 1 << 20;
inline constexpr std::size_t kSyntaxErrorsMax = 20;  // lines left out before reading gives up
inline constexpr std::size_t kProblemsMax = 200;     // listed; enough for a screen or five
inline constexpr std::size_t kEndpointsPerListenerMax = 64;
inline constexpr std::size_t kThreadsMax = 64;
inline constexpr std::size_t kPerDestinationMax = 1000;   // more than it would ever be of use
inline constexpr std::size_t kSocketPathOctetsMax = 107;  // sockaddr_un on Linux, less its NUL

enum class Severity : std::uint8_t { error, warning, note };
std::string_view to_string(Severity severity);

/// Something wrong, where, and what would be right.
struct Problem {
  Severity severity = Severity::error;
  std::uint32_t line = 0, column = 0;  // 1-based; 0: not about a place in the file
  std::string key;                     // "listen.smtp"; "" when no key is concerned
  std::string problem;
  std::string fix;
  bool operator==(const Problem&) const = default;
};

/// Where in the file, and which key is concerned.
struct Place {
  std::uint32_t line = 0, column = 0;  // 1-based; 0: the file does not name the key
  std::string key;
};

/// "FILE:7:1: error: problem: fix"; without a line: "FILE: error: …".
std::string format_problem(const Problem& problem, std::string_view file);

enum class Protocol : std::uint8_t { smtp, submission, submissions, pop3, pop3s };
std::string_view to_string(Protocol protocol);

/// One key of [listen].
struct ListenerConfig {
  Protocol protocol = Protocol::smtp;
  std::vector<rt::Endpoint> at;
  bool implicit_tls = false;        // submissions, pop3s
  bool allow_plaintext = false;     // passwords without TLS: for tests
  bool strict_addresses = false;    // addresses without <> are refused; default: on smtp
  std::size_t connections_max = 0;  // on this listener; 0: [limits] connections alone
  std::uint32_t line = 0, column = 0;
};

struct RouteConfig {
  std::string domain;              // lower case A-labels; "*": all others
  std::optional<rt::Endpoint> to;  // nullopt: hold
};

struct Config {
  std::string file;  // "" when there is none: built-in defaults

  // [server]
  std::string hostname = "localhost";  // lower case A-labels
  std::string store;                   // URL with an absolute or process-relative DIR
  std::string blobs;                   // "": the store keeps them
  std::string folder;       // admin socket, self-made certificate; default: the store's DIR
  std::size_t threads = 0;  // event loops; 0: one a processor

  std::vector<ListenerConfig> listeners;

  // [tls]: paths; both "" when a self-signed certificate shall be made
  std::string certificate, key;

  std::vector<rt::Endpoint> dns_servers;  // empty: the system's

  // [delivery]
  std::uint16_t delivery_port = 25;
  std::size_t per_destination = 20;  // connections
  std::vector<RouteConfig> routes;
  std::vector<rt::Network> trusted_networks;

  struct Queue {
    std::chrono::milliseconds retry_first = std::chrono::minutes(5);
    std::chrono::milliseconds retry_max = std::chrono::hours(4);
    std::chrono::milliseconds expire = std::chrono::days(5);
    std::chrono::milliseconds warn = std::chrono::hours(4);
  } queue;

  struct Limits {
    std::uint64_t message_octets = 50 << 20;
    std::uint64_t free_octets = 256u << 20;   // kept free on the disk of the store: 452 below
    std::uint64_t memory_octets = 256 << 20;  // for messages on their way in
    std::size_t recipients = 1000;            // a message, RFC 5321 §4.5.3.1.8 asks for >= 100
    std::size_t connections = 2000;
    std::size_t connections_per_client = 100;
    std::size_t errors = 20;                                              // a session
    std::chrono::milliseconds command_timeout = std::chrono::minutes(5);  // RFC 5321 §4.5.3.2.7
    std::chrono::milliseconds data_timeout = std::chrono::minutes(5);
    std::chrono::milliseconds pop3_timeout = std::chrono::minutes(10);  // RFC 1939 §3
  } limits;

  struct Journal {
    std::chrono::milliseconds retention = std::chrono::days(90);
    std::uint64_t octets_max = 4ULL << 30;
  } journal;

  struct AuthenticationConfig {
    policy::Authentication mode = policy::Authentication::enforce;
    policy::Trusted trusted;
    std::optional<bool> reports;      // to domains that ask for them; nullopt: where it fits
    std::string report_contact;       // an address; "": postmaster
    std::string report_organization;  // "": the contact's domain
  } authentication;

  struct LogConfig {
    bool json = false;
    rt::Level level = rt::Level::info;
  } log;

  std::vector<Place> places;  // of the sections and keys that the file names and we know

  /// Of "server.store" and the like; line 0 where its default holds.
  Place place(std::string_view named) const;
};

struct ConfigRead {
  Config config;                  // usable only when no problem is an error
  std::vector<Problem> problems;  // by line
  bool ok() const;
};

/// Reads `toml`. `file` is its name (for Config::file), `folder` what relative paths count from
/// ("" : the process's folder). Never fails: what is wrong stands in `problems`, all of it.
ConfigRead read_config(std::string_view toml, std::string file, std::string folder);
/// Reads the file. Relative paths count from its folder. Fails when it cannot be read at all; what
/// is wrong in it stands in ConfigRead::problems.
Result<ConfigRead> load_config(rt::Disk& disk, const std::string& file);
/// What holds without a file: loopback listeners on unprivileged ports, store ./var/store.
Config default_config();

/// "<folder>/admin.sock" (docs/formats/admin.md). A folder whose name is too long for a Unix socket
/// (kSocketPathOctetsMax) is a problem that read_config reports; the way out is server.folder.
std::string admin_socket_path(const Config& config);

}  // namespace ph::daemon
