// The real DNS: libunbound, which caches and validates DNSSEC.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rt/endpoint.h"
#include "rt/resolver.h"

namespace ph::rt::os {

/// Questions that libunbound works on at a time. A queue that starts anew asks for every domain of
/// the mail in it; each costs some 10 KiB and a socket of its own.
inline constexpr std::size_t kDnsUnderWayMax = 4096;
/// Questions that wait for their turn; further ones are answered `failed` at once.
inline constexpr std::size_t kDnsWaitingMax = 16384;
/// Seconds that "there is no such name" is believed, whatever the zone says: a domain that was just
/// set up shall not bounce mail for hours.
inline constexpr unsigned kDnsNegativeSecondsMax = 300;

/// Answers that are kept, half of it for records and half for messages made of them.
inline constexpr std::size_t kDnsCacheOctetsMax = 16 << 20;
/// How long the first question waits to learn whether answers can be validated.
inline constexpr std::chrono::seconds kDnsTrialMax{5};

struct ResolverOptions {
  /// Where questions go, with ports; empty: the servers of `resolv_conf`.
  std::vector<Endpoint> servers;
  std::string resolv_conf = "/etc/resolv.conf";
  /// The root's keys: with them answers are validated. Used where the file exists, no `servers` are
  /// named, and the root itself validates at the start (tried within kDnsTrialMax): servers that
  /// strip signatures, as many home routers do, would else make every answer bogus.
  std::string root_keys = "/usr/share/dns/root.key";
};

struct ResolverParts;

/// Questions from any thread; one thread of its own. Destroyed before the event loops whose
/// coroutines ask, and after they have stopped, or after close().
class OsResolver final : public Resolver {
 public:
  explicit OsResolver(std::unique_ptr<ResolverParts> parts);
  ~OsResolver() override;  // close()
  Task<dns::Answer> query(dns::Question question, Instant deadline) override;
  std::optional<dns::Answer> remembered(const dns::Question& question) override;
  /// Whoever waits is answered `failed`, and so is every later question. Waits for the thread,
  /// which takes no time. Thread-safe.
  void close();

 private:
  std::unique_ptr<ResolverParts> parts_;
};

/// unavailable: libunbound took a setting amiss (detail: which).
Result<std::unique_ptr<OsResolver>> make_resolver(ResolverOptions options);

}  // namespace ph::rt::os
