// What the real world adds to the contracts of rt/world.h: the system's own troubles.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "rt/os/event_loops.h"
#include "rt/os/signals.h"
#include "rt/os/socket.h"
#include "rt/os/unix_socket.h"
#include "rt/os/world.h"

namespace ph::rt::os {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class NoLog final : public Log {
  void write(Level, std::string_view, std::vector<LogField>) override {}
};

class OsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "posthouse-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Runs `task` to its end on this thread.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    spawn(executor(), keep(std::move(task), out));
    context_.restart();
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!out && std::chrono::steady_clock::now() < end) {
      context_.restart();
      context_.run_one_for(100ms);
    }
    return std::move(out).value();
  }
  Executor executor() { return context_.get_executor(); }
  Instant in(std::chrono::nanoseconds span) { return world_.clock.now() + span; }
  std::string path(const char* name) const { return folder_ + "/" + name; }

  std::string folder_;
  NoLog log_;
  OsWorld world_{log_};
  boost::asio::io_context context_{1};

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& out) {  // NOLINT: lives in run()
    out.emplace(co_await std::move(task));
  }
};

Endpoint loopback() { return *parse_endpoint("127.0.0.1:0"); }

TEST_F(OsTest, ClockRunsAndRandomDiffers) {
  const auto before = world_.clock.now();
  while (world_.clock.now() == before) std::this_thread::yield();  // a clock that stands is a hang
  EXPECT_GT(world_.clock.now(), before);
  EXPECT_GT(world_.clock.wall(), Wall(std::chrono::milliseconds(1'700'000'000'000)));
  std::string a(32, '\0'), b(32, '\0');
  world_.random.fill(a);
  world_.random.fill(b);
  EXPECT_NE(a, b);
  std::set<std::uint64_t> drawn;
  for (int i = 0; i < 500; ++i) drawn.insert(world_.random.below(7));
  EXPECT_THAT(drawn, ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_EQ(world_.random.below(1), 0U);
}

TEST_F(OsTest, DiskReplacesAFileAndGivesItItsRights) {
  ::umask(077);
  const auto file = path("new/deeper/key.pem");
  ASSERT_TRUE(world_.disk.replace(file, "one", 0600));
  ASSERT_TRUE(world_.disk.replace(file, "two", 0644));
  EXPECT_EQ(*world_.disk.read(file), "two");
  struct stat found{};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0644U);
  ASSERT_EQ(::stat(path("new").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
  const auto inside = std::filesystem::directory_iterator(path("new/deeper"));
  EXPECT_EQ(std::distance(begin(inside), end(inside)), 1) << "a draft was left behind";
  EXPECT_GT(*world_.disk.free_octets(folder_), 0U);
}

TEST_F(OsTest, DiskSaysWhatIsWrong) {
  EXPECT_EQ(world_.disk.read(path("none")).error().kind, Kind::not_found);
  EXPECT_EQ(world_.disk.read(folder_).error().kind, Kind::unavailable);
  EXPECT_EQ(world_.disk.replace(folder_, "x", 0600).error().kind, Kind::unavailable);
  ASSERT_TRUE(world_.disk.replace(path("file"), "x", 0600));
  EXPECT_FALSE(world_.disk.replace(path("file/below"), "x", 0600));
  EXPECT_FALSE(world_.disk.free_octets(path("none")));
  std::ofstream(path("huge")).seekp(kFileOctetsMax + 1).write("x", 1);
  EXPECT_EQ(world_.disk.read(path("huge")).error().kind, Kind::over_limit);
}

Task<Result<Done>> wait_until(World& world, Instant at) {  // NOLINT: lent
  const auto timer = world.timers.timer(co_await boost::asio::this_coro::executor);
  co_return co_await timer->wait_until(at);
}

Task<void> cancel_later(World& world, Timer& timer) {  // NOLINT: lent
  [[maybe_unused]] const auto slept = co_await wait_until(world, world.clock.now() + 10ms);
  timer.cancel();
}

TEST_F(OsTest, TimersWait) {
  const auto at = in(30ms);
  EXPECT_TRUE(run(wait_until(world_, at)));
  EXPECT_GE(world_.clock.now(), at);
  const auto timer = world_.timers.timer(executor());
  spawn(executor(), cancel_later(world_, *timer));
  EXPECT_EQ(run(timer->wait_until(Instant::max())).error().kind, Kind::cancelled);
}

TEST_F(OsTest, WorkersDoEverythingPosted) {
  EXPECT_NE(
      run(offload<std::thread::id>(world_.workers, [] { return std::this_thread::get_id(); })),
      std::this_thread::get_id());
  std::atomic<int> done = 0;
  {
    OsWorld other(log_, 3);
    for (std::size_t i = 0; i < kWorkPiecesMax + 1000; ++i) other.workers.post([&] { ++done; });
  }
  EXPECT_EQ(done, static_cast<int>(kWorkPiecesMax) + 1000);
}

Task<Result<Done>> connect_and_accept(World& world, Acceptor& acceptor, Endpoint to) {  // NOLINT
  PH_CO_TRY(const auto client, co_await world.net.connect(to, world.clock.now() + 5s));
  PH_CO_TRY(const auto server, co_await acceptor.accept());
  EXPECT_EQ(client->peer(), to);
  EXPECT_EQ(server->peer(), client->local());
  EXPECT_EQ(client->peer(), server->local());
  co_return Done{};
}

TEST_F(OsTest, ListensOnIpv6Too) {
  auto acceptor = world_.net.listen(executor(), *parse_endpoint("[::1]:0"), false);
  ASSERT_TRUE(acceptor);
  EXPECT_TRUE(run(connect_and_accept(world_, **acceptor, (*acceptor)->local())));
  // The same port of the other family is free.
  auto four = loopback();
  four.port = (*acceptor)->local().port;
  EXPECT_TRUE(world_.net.listen(executor(), four, false));
}

// A second server of the same user must not slip in beside the first through SO_REUSEPORT.
TEST_F(OsTest, SharesAnEndpointInsideOneWorldOnly) {
  OsWorld other(log_);
  auto first = world_.net.listen(executor(), loopback(), true);
  ASSERT_TRUE(first);
  const auto at = (*first)->local();
  auto second = world_.net.listen(executor(), at, true);
  EXPECT_TRUE(second);
  EXPECT_EQ(world_.net.listen(executor(), at, false).error().kind, Kind::unavailable);
  const auto intruder = other.net.listen(executor(), at, true);
  ASSERT_FALSE(intruder);
  EXPECT_EQ(intruder.error().kind, Kind::unavailable);
  EXPECT_THAT(intruder.error().detail, ::testing::HasSubstr("in use"));
  (*first)->close();
  (*second)->close();
  EXPECT_TRUE(other.net.listen(executor(), at, true));
}

TEST_F(OsTest, AcceptSurvivesHavingNoDescriptors) {
  auto acceptor = world_.net.listen(executor(), loopback(), false);
  const auto to = (*acceptor)->local();
  auto client = run(world_.net.connect(to, in(5s)));
  ASSERT_TRUE(client);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Fd lowest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest.get());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto began = world_.clock.now();
  const auto refused = run((*acceptor)->accept());
  EXPECT_EQ(refused.error().kind, Kind::unavailable);
  EXPECT_GE(world_.clock.now() - began, 90ms) << "it must not spin";
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(run((*acceptor)->accept()));
}

TEST_F(OsTest, ConnectGivesUpInTime) {
  // A full backlog of one: the kernel drops further handshakes, as a silent host would.
  const Fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening.get(), 0), 0);
  const auto to = local_of(listening.get());
  std::vector<Result<std::unique_ptr<Stream>>> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(run(world_.net.connect(to, in(100ms))));
  ASSERT_FALSE(streams.back());
  EXPECT_EQ(streams.back().error().kind, Kind::timed_out);
}

Task<Result<std::string>> greet(std::string to, World& world) {  // NOLINT: lent
  PH_CO_TRY(const auto stream, co_await connect_unix(to, world.clock.now() + 5s));
  PH_CO_TRY([[maybe_unused]] const auto put, stream->write_now(std::string_view("hello")));
  std::array<char, 10> buffer;
  PH_CO_TRY([[maybe_unused]] const Done ready,
            co_await stream->wait_readable(world.clock.now() + 5s));
  PH_CO_TRY(const auto got, stream->read_now(buffer));
  co_return std::string(buffer.data(), got);
}

Task<void> answer_in_capitals(Acceptor& acceptor, World& world) {  // NOLINT: lent
  auto stream = co_await acceptor.accept();
  std::array<char, 10> buffer;
  [[maybe_unused]] const auto ready = co_await (*stream)->wait_readable(world.clock.now() + 5s);
  if ((*stream)->read_now(buffer) == 5U) [[maybe_unused]]
    const auto put = (*stream)->write_now(std::string_view("HELLO"));
}

TEST_F(OsTest, UnixSocketIsForItsOwnerAndLeavesNothingBehind) {
  ::umask(0);
  const auto at = path("admin.sock");
  auto acceptor = listen_unix(executor(), at);
  ASSERT_TRUE(acceptor) << describe(acceptor.error());
  struct stat found{};
  ASSERT_EQ(::stat(at.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  spawn(executor(), answer_in_capitals(**acceptor, world_));
  EXPECT_EQ(*run(greet(at, world_)), "HELLO");
  (*acceptor)->close();
  EXPECT_NE(::stat(at.c_str(), &found), 0);
  EXPECT_EQ(run(greet(at, world_)).error().kind, Kind::not_found);
}

TEST_F(OsTest, UnixSocketRemovesOnlyWhatIsStale) {
  const auto at = path("admin.sock");
  auto living = listen_unix(executor(), at);
  ASSERT_TRUE(living);
  EXPECT_EQ(listen_unix(executor(), at).error().kind, Kind::unavailable);
  // As after a crash: the file is there, nobody listens.
  const auto kept = path("kept.sock");
  std::filesystem::create_hard_link(at, kept);
  (*living)->close();
  std::filesystem::rename(kept, at);
  EXPECT_EQ(run(greet(at, world_)).error().kind, Kind::unavailable);
  EXPECT_TRUE(listen_unix(executor(), at));

  std::ofstream(path("file")) << "precious";
  EXPECT_EQ(listen_unix(executor(), path("file")).error().kind, Kind::unavailable);
  EXPECT_EQ(*world_.disk.read(path("file")), "precious");
  EXPECT_EQ(listen_unix(executor(), path(std::string(200, 'x').c_str())).error().kind,
            Kind::over_limit);
  EXPECT_EQ(listen_unix(executor(), path("no/such/folder")).error().kind, Kind::unavailable);
}

Task<void> tell_thread(std::mutex& mutex, std::multiset<std::thread::id>& seen,  // NOLINT: lent
                       std::latch& left) {
  {
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  }
  left.count_down();
  co_return;
}

TEST_F(OsTest, EventLoopsAreOneThreadEach) {
  std::mutex mutex;
  std::multiset<std::thread::id> seen;
  std::latch left(6);
  EventLoops loops(3);
  for (int i = 0; i < 2; ++i)
    for (const auto& executor : loops.executors()) spawn(executor, tell_thread(mutex, seen, left));
  loops.run();
  left.wait();
  loops.stop();
  loops.join();
  EXPECT_EQ(seen.size(), 6U);
  for (const auto& id : seen) EXPECT_EQ(seen.count(id), 2U);
}

// Coroutines that wait when the loops go are destroyed, and all that they own (the leak checker
// looks).
TEST_F(OsTest, EventLoopsEndWhileCoroutinesWait) {
  std::latch waiting(2);
  EventLoops loops(2);
  loops.run();
  for (const auto& executor : loops.executors()) {
    spawn(executor, [](World& world) -> Task<void> {
      static_cast<void>(co_await wait_until(world, Instant::max()));
    }(world_));
    // Comes after the coroutine on its loop, so that one waits by then.
    boost::asio::post(executor, [&waiting] { waiting.count_down(); });
  }
  waiting.wait();
}

TEST_F(OsTest, SignalsBecomeCalls) {
  std::vector<Signal> seen;
  {
    const Signals signals(executor(), [&](Signal signal) { seen.push_back(signal); });
    for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGHUP}) {
      const auto before = seen.size();
      ::raise(number);
      while (seen.size() == before) {
        context_.restart();
        context_.run_one_for(100ms);
      }
    }
  }
  EXPECT_THAT(seen, ElementsAre(Signal::reload, Signal::stop, Signal::stop, Signal::reload));
  context_.restart();
  context_.poll();
}

}  // namespace
}  // namespace ph::rt::os
