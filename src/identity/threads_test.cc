// The directory is asked from every event loop while administrators change it. Run under TSan too.
#include <gtest/gtest.h>

#include <atomic>

#include "identity/testing/house.h"
#include "rt/os/event_loops.h"
#include "rt/os/world.h"
#include "sim/log.h"

namespace ph::identity {
namespace {

using testing::at;
using What = Resolved::What;

constexpr int kChanges = 300;

struct Threads {
  sim::Log log;
  rt::os::OsWorld world{log};
  std::unique_ptr<store::Store> store = *store::open("memory:", "", world);
  std::unique_ptr<Identity> identity = make_identity(*store, world, [](Event) {});
  std::atomic<bool> changing = true;
  std::atomic<int> running = 0;
  std::atomic<int> stale = 0, failed = 0, answered = 0;
  rt::os::EventLoops loops{3};

  rt::Instant soon() { return world.clock.now() + std::chrono::seconds(60); }
};

void end(Threads& in) {
  --in.running;
  in.running.notify_all();
}

// A change that was answered is seen by everybody who asks afterwards, whatever others read
// meanwhile.
Task<void> change(Threads& in) {
  Administration& admin = in.identity->administration();
  auto domain = co_await admin.add_domain("example.test");
  auto account = co_await admin.add_account("alice@example.test", "secret");
  if (!domain || !account) ++in.failed;
  for (int i = 0; i < kChanges; ++i) {
    auto added = co_await admin.add_alias("list@example.test", {"alice@example.test"});
    auto there = co_await in.identity->directory().resolve(at("list@example.test"), in.soon());
    auto removed = co_await admin.remove_alias("list@example.test");
    auto gone = co_await in.identity->directory().resolve(at("list@example.test"), in.soon());
    if (!added || !there || !removed || !gone) ++in.failed;
    if (there && there->what != What::alias) ++in.stale;
    if (gone && gone->what != What::unknown_user) ++in.stale;
  }
  in.changing = false;
  end(in);
}

Task<void> ask(Threads& in) {
  while (in.changing) {
    for (const char* address : {"list@example.test", "alice@example.test", "x@elsewhere.test"}) {
      auto found = co_await in.identity->directory().resolve(at(address), in.soon());
      if (!found) ++in.failed;
      ++in.answered;
    }
    // Gives way to the other coroutines of this loop.
    co_await boost::asio::post(boost::asio::use_awaitable_t<rt::Executor>());
  }
  end(in);
}

Task<void> log_in(Threads& in, int number) {
  for (int i = 0; i < 5; ++i) {
    auto result = co_await in.identity->authenticator().login(
        {"alice", "secret", "192.0.2." + std::to_string(number), "submission"}, in.soon());
    if (!result) ++in.failed;
  }
  end(in);
}

TEST(Threads, SeeEachChangeAtOnce) {
  Threads threads;
  const auto executors = threads.loops.executors();
  const auto start = [&](rt::Executor executor, Task<void> task) {
    ++threads.running;
    rt::spawn(std::move(executor), std::move(task));
  };
  start(executors[0], change(threads));
  for (int i = 0; i < 6; ++i)
    start(executors[static_cast<std::size_t>(i) % executors.size()], ask(threads));
  for (int i = 0; i < 6; ++i)
    start(executors[static_cast<std::size_t>(i) % executors.size()], log_in(threads, i));
  threads.loops.run();
  for (int left = threads.running; left > 0; left = threads.running) threads.running.wait(left);
  threads.loops.stop();
  threads.loops.join();
  EXPECT_EQ(threads.stale, 0);
  EXPECT_EQ(threads.failed, 0);
  EXPECT_GT(threads.answered, 0);
}

}  // namespace
}  // namespace ph::identity
