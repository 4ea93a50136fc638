// The questions: how much memory does an idle connection own (budget: 24 KiB, with TLS too), and
// how many round trips of a short line does one thread make (both ends on it)?
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>

#include "net/connection.h"
#include "net/listener.h"
#include "net/testing/worlds.h"

namespace ph::net {
namespace {

using namespace std::chrono_literals;

struct Contexts {
  std::shared_ptr<const crypto::TlsContext> server, client;
};

Contexts make_contexts() {
  const std::string names[] = {"mail.example.test"};
  const auto made = *crypto::make_self_signed(names, 1767225600);
  return {*crypto::TlsContext::server(made.certificate_pem, made.key_pem),
          *crypto::TlsContext::client(false)};
}

struct Service {
  rt::World& world;
  Contexts contexts = make_contexts();
  bool tls = false;
  std::size_t idle = 0;  // sessions that have answered once
};

Task<void> echo(Connection& peer, Service& service) {  // NOLINT: lent
  if (service.tls &&
      !co_await peer.start_tls_server(service.contexts.server, service.world.clock.now() + 30s))
    co_return;
  for (bool first = true;; first = false) {
    if (!co_await peer.receive(service.world.clock.now() + 300s)) co_return;
    std::string octets(peer.input());
    peer.consume(octets.size());
    if (!co_await peer.send(std::move(octets), service.world.clock.now() + 300s)) co_return;
    if (first) ++service.idle;
  }
}

Task<void> ask(Connection& peer, Service& service, int times, bool& done) {  // NOLINT: lent
  for (int i = 0; i < times; ++i) {
    static_cast<void>(co_await peer.send("NOOP\r\n", service.world.clock.now() + 30s));
    static_cast<void>(co_await peer.receive(service.world.clock.now() + 30s));
    peer.consume(peer.input().size());
  }
  done = true;
}

Task<void> open(Service& service, rt::Endpoint to, std::unique_ptr<Connection>& out) {  // NOLINT
  auto stream = co_await service.world.net.connect(to, service.world.clock.now() + 30s);
  auto peer = std::make_unique<Connection>(std::move(*stream));
  if (service.tls) {
    static_cast<void>(co_await peer->start_tls_client(service.contexts.client, "",
                                                      service.world.clock.now() + 30s));
  }
  out = std::move(peer);
}

struct Setup {
  explicit Setup(bool tls) {
    service.tls = tls;
    listener =
        *Listener::open(worlds.world(), {worlds.executor()}, *rt::parse_endpoint("127.0.0.1:0"),
                        [this](Connection& peer) { return echo(peer, service); });
  }
  ~Setup() {
    listener->close_all();
    worlds.run_until([this] { return listener->open_connections() == 0; });
  }
  std::unique_ptr<Connection> connect() {
    std::unique_ptr<Connection> peer;
    worlds.spawn(open(service, listener->local(), peer));
    worlds.run_until([&] { return peer != nullptr; });
    return peer;
  }
  void talk(Connection& peer, int times) {
    bool done = false;
    worlds.spawn(ask(peer, service, times, done));
    worlds.run_until([&] { return done; });
  }
  testing::OsWorlds worlds;
  Service service{worlds.world()};
  std::unique_ptr<Listener> listener;
};

void idle_memory(benchmark::State& state) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto connections = static_cast<std::size_t>(state.range(1));
  for (auto _ : state) {
    Setup setup(state.range(0) != 0);
    std::vector<std::unique_ptr<Connection>> peers;
    peers.push_back(setup.connect());
    setup.talk(*peers.back(), 2);
    const auto before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    for (std::size_t i = 0; i < connections; ++i) {
      peers.push_back(setup.connect());
      setup.talk(*peers.back(), 2);
    }
    const auto after = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    // Both ends are in here; the client's has no session around it and no wait.
    state.counters["octets_per_pair"] =
        static_cast<double>(after - before) / static_cast<double>(connections);
  }
}
BENCHMARK(idle_memory)
    ->ArgNames({"tls", "connections"})
    ->Args({0, 5000})
    ->Args({1, 1000})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void round_trip(benchmark::State& state) {
  Setup setup(state.range(0) != 0);
  const auto peer = setup.connect();
  constexpr int kTimes = 1000;
  for (auto _ : state) setup.talk(*peer, kTimes);
  state.SetItemsProcessed(state.iterations() * kTimes);
}
BENCHMARK(round_trip)->ArgName("tls")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ph::net
