// The house's rules for guests: who may connect, log in, send as whom, and to whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "identity/port.h"
#include "policy/port.h"
#include "rt/endpoint.h"
#include "store/store.h"

namespace ph::policy {

inline constexpr std::size_t kConnectionsMax = 1000;
/// From one IPv4 address or one IPv6 /64. Loopback and trusted networks are exempt: web mail and
/// gateways there stand for many people.
inline constexpr std::size_t kConnectionsPerClientMax = 100;
inline constexpr std::uint64_t kMessageOctetsMax = 50u << 20;

/// All references outlive the policy.
struct Services {
  identity::Directory& directory;
  identity::Authenticator& authenticator;
  store::Store& store;
  /// Octets that an account's mail takes now; asked only where there is a quota.
  std::function<Task<Result<std::uint64_t>>(std::string account, rt::Instant deadline)> octets_used;
  rt::World& world;
  std::function<void(Event)> note;  // refusals; thread-safe
};

struct Options {
  std::string hostname;
  /// May relay without a login; empty: nobody.
  std::vector<rt::Network> trusted_networks{};
  std::size_t connections_max = kConnectionsMax;
  std::size_t connections_per_client_max = kConnectionsPerClientMax;
  std::uint64_t message_octets_max = kMessageOctetsMax;
  /// Where we listen: mail for user@[one of these] would come back to us, so it is not relayed.
  std::vector<rt::IpAddress> own_addresses{};
};

/// Any executor. Each refusal is noted as an event; the password of a login never is.
///
/// Never an open relay: a recipient in a domain that is not ours is accepted from an authenticated
/// account or a trusted network and from nobody else. What stands before the last '@' is never read
/// as another address ("user%other@ours", "\"user@other\"@ours" are local parts like any).
std::unique_ptr<Policy> make_policy(Services services, Options options);

}  // namespace ph::policy
