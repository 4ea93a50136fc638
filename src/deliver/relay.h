// Mail to other servers: work in a line per destination, a few connections to each, so that none
// can hold up another.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/errand.h"
#include "deliver/host_memory.h"
#include "route/mx.h"
#include "rt/resolver.h"

namespace ph::deliver {

/// Connections to one destination, unless configured otherwise. It begins with one and gets one
/// more for each that bears mail.
inline constexpr std::size_t kSessionsPerDestinationMax = 20;
/// Connections in all. Those that are still waiting for an answer count apart, so that dead hosts
/// do not take the places of living ones.
inline constexpr std::size_t kSessionsMax = 2000;
inline constexpr std::size_t kDialingMax = 2000;
inline constexpr std::size_t kRecipientsPerLetterMax = 100;  // RFC 5321 §4.5.3.1.8
inline constexpr std::size_t kLettersPerConnectionMax = 1000;
inline constexpr std::chrono::seconds kIdleConnectionMax{5};
inline constexpr std::chrono::seconds kLookUpMax{30};
inline constexpr std::chrono::seconds kRelayStopMax{10};

struct RelayOptions {
  std::string hostname;                                               // for EHLO
  std::uint16_t port = 25;                                            // where other servers listen
  route::MxSelf self;                                                 // whom not to send to
  std::size_t sessions_per_destination = kSessionsPerDestinationMax;  // >= 1
};

/// Where a recipient's mail goes.
struct Route {
  std::string domain;              // the recipients'
  std::optional<rt::Endpoint> to;  // nullopt: as the DNS says
};

class Relay {
 public:
  /// Runs on the queue's executor. All references outlive it.
  Relay(Ledger& ledger, queue::MailQueue& queue, store::Store& store, rt::Resolver& resolver,
        rt::World& world, RelayOptions options);
  ~Relay();

  /// Takes over jobs that were taken from the queue: recipients of one route, expanded from the
  /// same recipient or from none.
  void submit(std::shared_ptr<const queue::Message> message, std::vector<std::uint32_t> jobs,
              Route route);
  /// No new letters; those under way may end within kRelayStopMax, then their connections are
  /// closed. What was not begun stays in the queue.
  Task<void> finish();
  std::size_t sessions() const { return sessions_; }

 private:
  struct Work;
  struct Destination;
  using DestinationPtr = std::shared_ptr<Destination>;  // shared: by the map and its sessions
  using ErrandPtr = std::shared_ptr<Errand>;            // shared: by one session's coroutines

  void open_sessions(const DestinationPtr& destination);
  void open_waiting();
  void forget(const DestinationPtr& destination);
  Task<void> session(DestinationPtr destination);
  Task<bool> next_work(DestinationPtr destination, Outgoing& out);
  Task<void> carry(DestinationPtr destination, Outgoing& out, ErrandPtr errand);
  Task<void> find_targets(DestinationPtr destination, ErrandPtr errand);
  Task<bool> connect(DestinationPtr destination, Outgoing& out, ErrandPtr errand);
  Task<bool> one_letter(Outgoing& out, ErrandPtr errand);
  void read_report(const smtp::ClientReport& report, Outgoing& out, Errand& errand);
  bool again_with_less(const smtp::ClientReport& report, Outgoing& out, Errand& errand);
  Task<void> fail_line(DestinationPtr destination, Attempt attempt);
  smtp::Letter letter_of(const Errand& errand, const Content& content) const;
  Content content_of(const Errand& errand) const;

  Ledger& ledger_;
  queue::MailQueue& queue_;
  store::Store& store_;
  rt::Resolver& resolver_;
  rt::World& world_;
  RelayOptions options_;
  HostMemory hosts_;
  std::shared_ptr<const crypto::TlsContext> tls_;  // shared: by all connections
  std::map<std::string, DestinationPtr> destinations_;
  std::deque<DestinationPtr> waiting_;           // have work, and there was no place for a session
  std::map<std::uint64_t, Outgoing*> outgoing_;  // by number, to close them at the end
  std::uint64_t next_number_ = 0;
  std::size_t sessions_ = 0, dialing_ = 0;
  bool stopping_ = false;
};

}  // namespace ph::deliver
