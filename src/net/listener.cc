#include "net/listener.h"

#include <atomic>
#include <map>

namespace ph::net {
namespace {

/// What all accept loops and sessions of a listener share; each of them owns it, so that a session
/// may end after its listener.
struct Shared {
  explicit Shared(rt::World& in, Listener::Serve with) : world(in), serve(std::move(with)) {}
  rt::World& world;
  const Listener::Serve serve;
  std::atomic<std::size_t> open{0};
  std::atomic<bool> draining{false};
  std::atomic<bool> closing{false};
};

/// The part of a listener on one executor. Touched there only.
struct Lane {
  std::shared_ptr<Shared> shared;
  rt::Executor executor;
  std::unique_ptr<rt::Acceptor> acceptor;
  std::map<std::uint64_t, Connection*> connections;  // by number: an order that a run repeats
  std::uint64_t last_number = 0;
};

/// Present in its lane for as long as it lives, also when its coroutine is destroyed instead of
/// ended.
class Presence {
 public:
  Presence(Lane& lane, Connection& connection) : lane_(lane), number_(++lane.last_number) {
    lane_.connections.emplace(number_, &connection);
    if (lane_.shared->draining) connection.interrupt();
    if (lane_.shared->closing) connection.close();
  }
  Presence(const Presence&) = delete;
  ~Presence() { lane_.connections.erase(number_); }

 private:
  Lane& lane_;
  const std::uint64_t number_;
};

/// One of the open connections, from its accept to its end.
class Counted {
 public:
  explicit Counted(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) { ++shared_->open; }
  Counted(Counted&& other) noexcept = default;
  ~Counted() {
    if (shared_) --shared_->open;
  }

 private:
  std::shared_ptr<Shared> shared_;  // see Shared
};

Task<void> run_session(std::shared_ptr<Lane> lane, std::unique_ptr<rt::Stream> stream,
                       Counted counted) {
  [[maybe_unused]] const Counted one = std::move(counted);
  Connection connection(std::move(stream));
  const Presence present(*lane, connection);
  co_await lane->shared->serve(connection);
}

Task<void> accept_connections(std::shared_ptr<Lane> lane) {
  const std::shared_ptr<Shared> shared = lane->shared;
  bool in_trouble = false;  // one line in the log for each time of trouble
  while (!shared->draining) {
    auto stream = co_await lane->acceptor->accept();
    if (!stream && stream.error().kind == Kind::cancelled) co_return;
    const bool full = stream && shared->open >= kConnectionsMax;
    if (stream && !full) {
      in_trouble = false;
      if (shared->draining) co_return;
      rt::spawn(lane->executor, run_session(lane, std::move(*stream), Counted(shared)));
      continue;
    }
    if (std::exchange(in_trouble, true)) continue;
    const auto error = full ? fail(Kind::over_limit, "too many open connections").error()
                            : std::move(stream).error();
    shared->world.log.error("accept.failed", error);
  }
}

class LanedListener final : public Listener {
 public:
  LanedListener(std::shared_ptr<Shared> shared, rt::Endpoint local)
      : shared_(std::move(shared)), local_(local) {}
  ~LanedListener() override {
    drain();
    close_all();
  }

  void add(std::shared_ptr<Lane> lane) { lanes_.push_back(std::move(lane)); }
  void start() {
    for (const auto& lane : lanes_) rt::spawn(lane->executor, accept_connections(lane));
  }

  rt::Endpoint local() const override { return local_; }
  void drain() override {
    if (shared_->draining.exchange(true)) return;
    on_every_lane([](Lane& lane) {
      lane.acceptor->close();
      for (const auto& [number, connection] : lane.connections) connection->interrupt();
    });
  }
  void close_all() override {
    if (shared_->closing.exchange(true)) return;
    on_every_lane([](Lane& lane) {
      for (const auto& [number, connection] : lane.connections) connection->close();
    });
  }
  std::size_t open_connections() const override { return shared_->open; }

 private:
  void on_every_lane(void (*act)(Lane&)) {
    for (const auto& lane : lanes_) boost::asio::post(lane->executor, [lane, act] { act(*lane); });
  }

  std::shared_ptr<Shared> shared_;
  rt::Endpoint local_;
  std::vector<std::shared_ptr<Lane>> lanes_;  // shared with their accept loops and sessions
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(rt::World& world,
                                                 std::vector<rt::Executor> executors,
                                                 rt::Endpoint at, Serve serve) {
  PH_CHECK(!executors.empty());
  const bool many = executors.size() > 1;
  auto shared = std::make_shared<Shared>(world, std::move(serve));
  std::vector<std::shared_ptr<Lane>> lanes;
  for (const auto& executor : executors) {
    PH_TRY(auto acceptor, world.net.listen(executor, at, many));
    at = acceptor->local();  // port 0: the first picks, the others follow
    auto lane = std::make_shared<Lane>();
    lane->shared = shared;
    lane->executor = executor;
    lane->acceptor = std::move(acceptor);
    lanes.push_back(std::move(lane));
  }
  auto listener = std::make_unique<LanedListener>(shared, at);
  for (auto& lane : lanes) listener->add(std::move(lane));
  listener->start();
  return listener;
}

}  // namespace ph::net
