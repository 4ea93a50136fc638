// A network in memory: seeded delays, segments cut anywhere, connections that break.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "rt/world.h"
#include "sim/random.h"
#include "sim/schedule.h"

namespace ph::sim {

/// Octets on their way or arrived and unread, in one direction of a connection.
inline constexpr std::size_t kPipeOctetsMax = 64 << 10;
/// Connections of a listener that wait to be accepted.
inline constexpr std::size_t kBacklogConnectionsMax = 1024;

struct NetFaults {
  /// One way; picked anew for each segment. Segments of a connection never overtake each other.
  std::chrono::microseconds delay_min{20};
  std::chrono::microseconds delay_max{400};
  /// Writes are cut into segments of 1 to this many octets.
  std::size_t segment_octets_max = 8192;
  /// Connections reset at a write, and connects refused: this many in a million.
  std::uint32_t resets_per_million = 0;
  std::uint32_t refusals_per_million = 0;
};

/// All calls on the simulation's thread. Outlives its streams.
class Net final : public rt::Net {
 public:
  Net(Clock& clock, Schedule& schedule, Random& random, NetFaults faults);
  ~Net() override;

  /// unavailable: somebody listens there, and not both are shared.
  Result<std::unique_ptr<rt::Acceptor>> listen(rt::Executor executor, rt::Endpoint at,
                                               bool shared) override;
  Task<Result<std::unique_ptr<rt::Stream>>> connect(rt::Endpoint to, rt::Instant deadline) override;

  /// From now on.
  void set_faults(NetFaults faults) { faults_ = faults; }
  /// Where connect() comes from; a port is picked for each.
  void set_client_ip(rt::IpAddress ip) { client_ip_ = ip; }
  /// Every open connection breaks: both sides see a reset.
  void reset_all();
  /// Nothing arrives until heal(); then everything does, in order.
  void cut() { cut_ = true; }
  void heal();
  /// A black hole: until speak(), connections to this host wait for an answer, and nothing arrives
  /// in those that are open, either way. Then everything does, in order.
  void silence(rt::IpAddress host) { silent_.insert(host); }
  void speak(rt::IpAddress host);

 private:
  friend class Stream;
  friend class Acceptor;
  struct Pipe;
  struct Backlog;

  void send_later(const std::shared_ptr<Pipe>& pipe, std::string octets, bool end);
  void arrive(const std::shared_ptr<Pipe>& pipe, const std::string& octets, bool end);
  bool quiet(const rt::IpAddress& host) const { return cut_ || silent_.contains(host); }
  void release_held();
  void reset(Pipe& pipe);
  std::shared_ptr<Backlog> find_listener(rt::Endpoint to);
  std::chrono::microseconds delay();

  Clock& clock_;
  Schedule& schedule_;
  Random& random_;
  NetFaults faults_;
  rt::IpAddress client_ip_;
  std::uint16_t next_port_ = 32768;
  std::map<rt::Endpoint, std::vector<std::shared_ptr<Backlog>>> listeners_;  // with their acceptors
  std::vector<std::weak_ptr<Pipe>> pipes_;                                   // for reset_all()
  struct Held {
    std::shared_ptr<Pipe> pipe;  // shared: with its streams
    std::string octets;
    bool end = false;
  };
  std::deque<Held> held_;  // arrivals at quiet hosts
  std::set<rt::IpAddress> silent_;
  bool cut_ = false;
};

}  // namespace ph::sim
