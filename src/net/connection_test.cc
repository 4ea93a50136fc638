// A small line protocol with STARTTLS, served by a Listener, on real sockets and in virtual time.
#include "net/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/listener.h"
#include "net/testing/line_session.h"
#include "net/testing/worlds.h"

namespace ph::net {
namespace {

using namespace std::chrono_literals;

using namespace net::testing;

template <class Worlds>
class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened =
        Listener::open(worlds_.world(), {worlds_.executor()}, *rt::parse_endpoint("127.0.0.1:0"),
                       [this](Connection& peer) { return serve_session(peer, server_); });
    ASSERT_TRUE(opened);
    listener_ = std::move(*opened);
  }
  void TearDown() override {
    listener_->drain();
    listener_->close_all();
    EXPECT_TRUE(worlds_.run_until([this] { return listener_->open_connections() == 0; }));
  }
  /// Runs a client to its end.
  Result<Done> run(Script script) {
    Result<Done> outcome = Done{};
    bool ended = false;
    worlds_.spawn(run_client(server_, listener_->local(), std::move(script), outcome, ended));
    EXPECT_TRUE(worlds_.run_until([&] { return ended; }));
    return outcome;
  }
  /// Waits until every session has ended, and tells how they did.
  std::vector<Kind> ends() {
    EXPECT_TRUE(worlds_.run_until([this] { return listener_->open_connections() == 0; }));
    return server_.seen.ended;
  }

  Worlds worlds_;
  Server server_{worlds_.world(), {}, {}};
  std::unique_ptr<Listener> listener_;
};

using BothWorlds = ::testing::Types<OsWorlds, SimWorlds>;
TYPED_TEST_SUITE(ConnectionTest, BothWorlds);

Task<Result<Done>> whole_session(Connection& peer, Server& server) {  // NOLINT: lent
  PH_CO_TRY(const std::string greeting, co_await read_line(peer, server.deadline()));
  EXPECT_EQ(greeting, "hello");
  // Pipelined, and the last one cut.
  PH_CO_TRY([[maybe_unused]] const Done first,
            co_await peer.send("SAY a\r\nSAY b\r\nSAY ", server.deadline()));
  PH_CO_TRY([[maybe_unused]] const Done second, co_await peer.send("c\r\n", server.deadline()));
  for (const char* expected : {"a", "b", "c"}) {
    PH_CO_TRY(const std::string answer, co_await read_line(peer, server.deadline()));
    EXPECT_EQ(answer, expected);
  }
  for (const bool tls : {false, true}) {
    if (tls) {
      PH_CO_TRY(const std::string go, co_await ask(peer, server, "STARTTLS"));
      EXPECT_EQ(go, "go");
      PH_CO_TRY(const auto info,
                co_await peer.start_tls_client(server.contexts.client, "mail.example.test",
                                               server.deadline()));
      EXPECT_EQ(info.version, "TLSv1.3");
    }
    EXPECT_EQ(peer.tls(), tls);
    const std::size_t octets = 700'000;
    PH_CO_TRY([[maybe_unused]] const Done take,
              co_await peer.send("TAKE 700000\r\n" + numbers(octets) + "GIVE 700000\r\n",
                                 server.deadline()));
    PH_CO_TRY(const std::string taken, co_await read_line(peer, server.deadline()));
    EXPECT_EQ(taken, "700000");
    PH_CO_TRY(const std::size_t right, co_await read_numbers(peer, octets, server.deadline()));
    EXPECT_EQ(right, octets);
  }
  PH_CO_TRY([[maybe_unused]] const std::string bye, co_await ask(peer, server, "QUIT"));
  const auto after = co_await peer.receive(server.deadline());
  EXPECT_EQ(after.error().kind, Kind::cancelled);
  co_return Done{};
}

TYPED_TEST(ConnectionTest, RunsASessionWithStarttls) {
  const auto outcome = this->run(whole_session);
  EXPECT_TRUE(outcome) << describe(outcome.error());
  EXPECT_THAT(this->ends(), ::testing::IsEmpty());
}

// RFC 3207 §4.2, CVE-2011-0411: what a man in the middle put in before the handshake is not obeyed.
TYPED_TEST(ConnectionTest, ForgetsPlaintextFromBeforeTheHandshake) {
  const auto outcome = this->run([](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const auto hello, co_await read_line(peer, server.deadline()));
    PH_CO_TRY([[maybe_unused]] const auto go, co_await ask(peer, server, "STARTTLS\r\nSAY evil"));
    const auto info = co_await peer.start_tls_client(server.contexts.client, "mail.example.test",
                                                     server.deadline());
    if (!info)
      co_return Done{};  // where the network cut it in two, it broke the handshake: as good
    PH_CO_TRY(const std::string answer, co_await ask(peer, server, "SAY good"));
    EXPECT_EQ(answer, "good");
    co_return Done{};
  });
  EXPECT_TRUE(outcome) << describe(outcome.error());
  EXPECT_THAT(this->server_.seen.lines, ::testing::Not(::testing::Contains("SAY evil")));
}

// The first command comes in the same flight as the end of the handshake: it is in TLS already when
// the server waits, and no more octets come to wake it.
TYPED_TEST(ConnectionTest, SeesPlaintextThatCameWithTheHandshake) {
  const auto outcome = this->run([](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const auto hello, co_await read_line(peer, server.deadline()));
    PH_CO_TRY([[maybe_unused]] const auto go, co_await ask(peer, server, "STARTTLS"));
    const auto tls = crypto::TlsMachine::client(server.contexts.client, "mail.example.test");
    for (;;) {
      PH_CO_TRY(const bool done, tls->handshake());
      if (done) break;
      PH_CO_TRY([[maybe_unused]] const Done out,
                co_await peer.send(tls->take_output(), server.deadline()));
      PH_CO_TRY([[maybe_unused]] const Done in, co_await peer.receive(server.deadline()));
      tls->feed(peer.input());
      peer.consume(peer.input().size());
    }
    PH_CO_TRY([[maybe_unused]] const Done written, tls->write(std::string_view("SAY x\r\n")));
    PH_CO_TRY([[maybe_unused]] const Done out,
              co_await peer.send(tls->take_output(), server.deadline()));
    std::string answer;
    while (answer.size() < 3) {
      PH_CO_TRY([[maybe_unused]] const Done in, co_await peer.receive(server.deadline()));
      tls->feed(peer.input());
      peer.consume(peer.input().size());
      PH_CO_TRY([[maybe_unused]] const std::size_t octets, tls->read(answer));
    }
    EXPECT_EQ(answer, "x\r\n");
    co_return Done{};
  });
  EXPECT_TRUE(outcome) << describe(outcome.error());
}

TYPED_TEST(ConnectionTest, RefusesGarbageInsteadOfAHandshake) {
  const auto outcome = this->run([](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const auto hello, co_await read_line(peer, server.deadline()));
    PH_CO_TRY([[maybe_unused]] const auto go, co_await ask(peer, server, "STARTTLS"));
    PH_CO_TRY([[maybe_unused]] const Done sent,
              co_await peer.send("SAY it in plaintext\r\n", server.deadline()));
    for (;;) {  // an alert, then the end
      PH_CO_TRY([[maybe_unused]] const Done in, co_await peer.receive(server.deadline()));
    }
  });
  EXPECT_EQ(outcome.error().kind, Kind::cancelled);
  EXPECT_THAT(this->ends(), ::testing::ElementsAre(Kind::refused));
}

TYPED_TEST(ConnectionTest, GivesUpOnASilentPeer) {
  this->server_.patience = 300ms;
  const auto began = this->worlds_.world().clock.now();
  const auto outcome = this->run([](Connection& peer, Server& server) -> Task<Result<Done>> {
    for (int i = 0; i < 3; ++i) {  // each answer moves the server's deadline on
      const auto timer = server.world.timers.timer(co_await boost::asio::this_coro::executor);
      PH_CO_TRY([[maybe_unused]] const Done slept,
                co_await timer->wait_until(server.world.clock.now() + 150ms));
      PH_CO_TRY([[maybe_unused]] const auto answer, co_await ask(peer, server, "SAY x"));
    }
    for (;;) {
      PH_CO_TRY([[maybe_unused]] const Done in,
                co_await peer.receive(server.world.clock.now() + 10s));
    }
  });
  EXPECT_EQ(outcome.error().kind, Kind::cancelled);
  EXPECT_THAT(this->ends(), ::testing::ElementsAre(Kind::timed_out));
  EXPECT_GE(this->worlds_.world().clock.now() - began, 3 * 150ms + 300ms);
}

// The peer takes nothing: a large answer does not wait for it forever.
TYPED_TEST(ConnectionTest, GivesUpOnAPeerThatDoesNotRead) {
  this->server_.patience = 200ms;
  const auto outcome = this->run([](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const Done sent,
              co_await peer.send("GIVE 16000000\r\n", server.deadline()));
    const auto timer = server.world.timers.timer(co_await boost::asio::this_coro::executor);
    while (server.seen.ended.empty()) {
      PH_CO_TRY([[maybe_unused]] const Done slept,
                co_await timer->wait_until(server.world.clock.now() + 50ms));
    }
    co_return Done{};
  });
  EXPECT_TRUE(outcome);
  EXPECT_THAT(this->ends(), ::testing::ElementsAre(Kind::timed_out));
}

TYPED_TEST(ConnectionTest, DrainsBetweenCommandsAndNotInsideData) {
  bool asked = false;
  this->server_.patience = 5s;
  const auto outcome = this->run([&](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const auto hello, co_await read_line(peer, server.deadline()));
    PH_CO_TRY([[maybe_unused]] const auto answer, co_await ask(peer, server, "SAY x"));
    PH_CO_TRY([[maybe_unused]] const Done sent,
              co_await peer.send("TAKE 10\r\n" + numbers(5), server.deadline()));
    const auto timer = server.world.timers.timer(co_await boost::asio::this_coro::executor);
    PH_CO_TRY([[maybe_unused]] const Done slept,
              co_await timer->wait_until(server.world.clock.now() + 50ms));
    this->listener_->drain();
    PH_CO_TRY([[maybe_unused]] const Done more_sleep,
              co_await timer->wait_until(server.world.clock.now() + 50ms));
    PH_CO_TRY([[maybe_unused]] const Done rest,
              co_await peer.send(numbers(10).substr(5), server.deadline()));
    PH_CO_TRY(const std::string taken, co_await read_line(peer, server.deadline()));
    EXPECT_EQ(taken, "10");
    PH_CO_TRY(const std::string last, co_await read_line(peer, server.deadline()));
    EXPECT_EQ(last, "going down");
    asked = true;
    co_return Done{};
  });
  EXPECT_TRUE(outcome) << describe(outcome.error());
  EXPECT_TRUE(asked);
  EXPECT_THAT(this->ends(), ::testing::ElementsAre(Kind::unavailable));
  // And nobody comes in any more.
  EXPECT_FALSE(this->run(whole_session));
}

TYPED_TEST(ConnectionTest, DrainWakesAnIdleConnectionAndCloseAllABusyOne) {
  std::vector<std::string> last_words;
  const auto idle = [&](Connection& peer, Server& server) -> Task<Result<Done>> {
    for (;;) {
      PH_CO_TRY(const std::string line, co_await read_line(peer, server.deadline()));
      last_words.push_back(line);
    }
  };
  const auto busy = [&](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const Done sent,
              co_await peer.send("TAKE 9\r\n", server.deadline()));
    co_return co_await idle(peer, server);
  };
  Result<Done> outcomes[2] = {Done{}, Done{}};
  bool ended[2] = {};
  const auto to = this->listener_->local();
  this->worlds_.spawn(run_client(this->server_, to, idle, outcomes[0], ended[0]));
  this->worlds_.spawn(run_client(this->server_, to, busy, outcomes[1], ended[1]));
  ASSERT_TRUE(this->worlds_.run_until(
      [&] { return last_words.size() == 2 && this->server_.seen.lines.size() == 1; }));
  EXPECT_EQ(this->listener_->open_connections(), 2U);
  this->listener_->drain();
  ASSERT_TRUE(this->worlds_.run_until([&] { return ended[0]; }));
  EXPECT_EQ(last_words.back(), "going down");
  EXPECT_EQ(this->listener_->open_connections(), 1U);
  this->listener_->close_all();
  ASSERT_TRUE(this->worlds_.run_until([&] { return ended[1]; }));
  EXPECT_THAT(this->ends(), ::testing::ElementsAre(Kind::unavailable, Kind::cancelled));
}

TYPED_TEST(ConnectionTest, BoundsInputThatNobodyConsumes) {
  std::optional<Kind> ended;
  std::size_t kept = 0;
  const auto outcome = this->run([&](Connection& peer, Server& server) -> Task<Result<Done>> {
    PH_CO_TRY([[maybe_unused]] const Done sent,
              co_await peer.send("GIVE 2000000\r\n", server.deadline()));
    for (;;) {
      const auto more = co_await peer.receive(server.deadline());
      kept = peer.input().size();
      if (more) continue;
      ended = more.error().kind;
      co_return Done{};
    }
  });
  EXPECT_TRUE(outcome);
  EXPECT_EQ(ended, Kind::over_limit);
  EXPECT_LT(kept, kInputOctetsMax + kReadOctetsMax);
}

TYPED_TEST(ConnectionTest, SaysThatNobodyListens) {
  auto acceptor = this->worlds_.world().net.listen(this->worlds_.executor(),
                                                   *rt::parse_endpoint("127.0.0.1:0"), false);
  const auto free = (*acceptor)->local();
  (*acceptor)->close();
  Result<Done> outcome = Done{};
  bool ended = false;
  this->worlds_.spawn(run_client(this->server_, free, whole_session, outcome, ended));
  ASSERT_TRUE(this->worlds_.run_until([&] { return ended; }));
  EXPECT_EQ(outcome.error().kind, Kind::unavailable);
}

TYPED_TEST(ConnectionTest, SaysThatAnEndpointIsInUse) {
  const auto second =
      Listener::open(this->worlds_.world(), {this->worlds_.executor()}, this->listener_->local(),
                     [this](Connection& peer) { return serve_session(peer, this->server_); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::unavailable);
  EXPECT_THAT(second.error().detail, ::testing::HasSubstr(to_string(this->listener_->local())));
}

// Whatever the network does, every session ends, and none hangs or crashes.
TEST(ConnectionSim, EndsEverySessionUnderFaults) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    SimWorlds worlds(seed, {.net = {.delay_max = 20ms,
                                    .segment_octets_max = 1 + seed * 97,
                                    .resets_per_million = seed % 2 == 0 ? 3000U : 0U}});
    Server server{worlds.world(), {}, {}};
    auto listener =
        *Listener::open(worlds.world(), {worlds.executor()}, *rt::parse_endpoint("127.0.0.1:25"),
                        [&server](Connection& peer) { return serve_session(peer, server); });
    server.patience = 1h;
    Result<Done> outcome = Done{};
    bool ended = false;
    const auto talk = [](Connection& peer, Server& with) -> Task<Result<Done>> {
      PH_CO_TRY([[maybe_unused]] const auto hello, co_await read_line(peer, with.deadline()));
      PH_CO_TRY([[maybe_unused]] const auto go, co_await ask(peer, with, "STARTTLS"));
      PH_CO_TRY([[maybe_unused]] const auto info,
                co_await peer.start_tls_client(with.contexts.client, "mail.example.test",
                                               with.deadline()));
      PH_CO_TRY([[maybe_unused]] const Done asked,
                co_await peer.send("TAKE 5000\r\n" + numbers(5000), with.deadline()));
      PH_CO_TRY(const std::string taken, co_await read_line(peer, with.deadline()));
      EXPECT_EQ(taken, "5000");
      PH_CO_TRY([[maybe_unused]] const auto bye, co_await ask(peer, with, "QUIT"));
      co_return Done{};
    };
    worlds.spawn(run_client(server, listener->local(), talk, outcome, ended));
    EXPECT_TRUE(worlds.run_until([&] { return ended && listener->open_connections() == 0; }));
    if (seed % 2 == 1) EXPECT_TRUE(outcome) << describe(outcome.error());
  }
}

}  // namespace
}  // namespace ph::net
