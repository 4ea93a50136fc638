// Leases and watches: who may go on, and who learns of what.
#include "store/lease.h"

#include <gtest/gtest.h>

#include "store/memory_engine.h"
#include "store/testing/lab.h"
#include "store/watch_board.h"

namespace ph::store::testing {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kTtl{1000};

class Leases : public ::testing::Test {
 protected:
  /// Asks for the lease; the answer comes when it is ours.
  void ask(std::string owner, std::unique_ptr<Lease>& into) {
    boost::asio::co_spawn(lab_.io.get_executor(),
                          lab_.store().acquire("p", "x", std::move(owner), kTtl),
                          [&into](std::exception_ptr, Result<std::unique_ptr<Lease>> lease) {
                            ASSERT_TRUE(lease);
                            into = *std::move(lease);
                          });
    poll();
  }
  void poll() {
    lab_.io.restart();
    lab_.io.poll();
  }
  void advance(milliseconds by) {
    for (milliseconds done{}; done < by; done += milliseconds(50)) {
      lab_.fake.timers.advance(milliseconds(50));
      poll();
    }
  }
  Lab lab_{"memory"};
};

TEST_F(Leases, OneAtATime) {
  std::unique_ptr<Lease> first, second;
  ask("first", first);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->state().held);
  EXPECT_EQ(first->state().owner, "first");
  ask("second", second);
  advance(kTtl * 10);
  EXPECT_FALSE(second) << "the heartbeats are seen";
  EXPECT_TRUE(first->state().held);
  Batch fenced = put("k", "1");
  fenced.fence = first->fence();
  EXPECT_TRUE(lab_.run(lab_.store().commit("p", fenced))) << "heartbeats do not break the fence";

  first.reset();
  poll();
  advance(kTtl / 2);
  ASSERT_TRUE(second) << "released: no need to wait for it";
  EXPECT_EQ(lab_.run(lab_.store().commit("p", fenced)).error().kind, Kind::refused);
}

TEST_F(Leases, AStalledOwnerIsReplacedAndFencedOff) {
  std::unique_ptr<Lease> first, second;
  ask("first", first);
  bool lost = false;
  first->on_lost([&] { lost = true; });
  const Fence fence = first->fence();
  // the owner stalls: its clock's alarms do not come, the rival's look happens by itself
  Batch steal;
  steal.puts.push_back({"!l/x", "someone else's record"});
  ASSERT_TRUE(lab_.run(lab_.store().commit("p", steal)));
  Batch fenced = put("k", "1");
  fenced.fence = fence;
  EXPECT_EQ(lab_.run(lab_.store().commit("p", fenced)).error().kind, Kind::refused);
  advance(kTtl);
  EXPECT_TRUE(lost);
  EXPECT_FALSE(first->state().held);
}

TEST_F(Leases, EndByThemselvesWithoutHeartbeats) {
  std::unique_ptr<Lease> first;
  ask("first", first);
  lab_.fake.clock.advance(kTtl);  // no timer goes off: the process was stopped
  EXPECT_FALSE(first->state().held) << "stop before a rival may start";
  EXPECT_LE(first->state().until - rt::Instant(), kTtl * 4 / 5 + milliseconds(1));
}

TEST_F(Leases, OfAnEarlierProcessAreTakenAtOnce) {
  FakeWorld& fake = lab_.fake;
  const auto take = [&](std::uint64_t incarnation) {
    LeaseRequest request{"p", "x", "owner", kTtl, incarnation};
    std::unique_ptr<Lease> lease;
    boost::asio::co_spawn(lab_.io.get_executor(),
                          acquire_lease(lab_.store(), fake.world, std::move(request)),
                          [&lease](std::exception_ptr, Result<std::unique_ptr<Lease>> taken) {
                            lease = *std::move(taken);
                          });
    poll();
    return lease;
  };
  const auto earlier = take(1);
  ASSERT_TRUE(earlier);
  const auto later = take(2);
  ASSERT_TRUE(later);
  bool lost = false;
  earlier->on_lost([&] { lost = true; });
  advance(kTtl);
  EXPECT_TRUE(lost);
}

TEST_F(Leases, OutliveATemporaryFailure) {
  const auto store = *open("memory:500", "", lab_.fake.world);
  std::unique_ptr<Lease> lease;
  boost::asio::co_spawn(
      lab_.io.get_executor(), store->acquire("p", "x", "me", kTtl),
      [&](std::exception_ptr, Result<std::unique_ptr<Lease>> taken) { lease = *std::move(taken); });
  poll();
  ASSERT_TRUE(lease);
  ASSERT_TRUE(lab_.run(store->commit("p", put("k", std::string(350, 'v')))));
  advance(kTtl / 2);
  EXPECT_TRUE(lease->state().held) << "no room for a heartbeat, time left";
  Batch remove;
  remove.puts.push_back({"k", std::nullopt});
  ASSERT_TRUE(lab_.run(store->commit("p", remove)));
  advance(kTtl * 3);
  EXPECT_TRUE(lease->state().held);
  lease.reset();
  poll();
}

TEST(WatchBoard, ManyRingsBecomeOneResync) {
  boost::asio::io_context io;
  WatchBoard board;
  std::vector<Ring> rings;
  const auto watch =
      board.watch("p", io.get_executor(), [&](Ring ring) { rings.push_back(std::move(ring)); });
  for (std::size_t i = 0; i < WatchBoard::kRingsWaitingMax; ++i) board.ring("p", std::to_string(i));
  io.poll();
  ASSERT_EQ(rings.size(), WatchBoard::kRingsWaitingMax);
  EXPECT_EQ(rings.back().hint, std::to_string(WatchBoard::kRingsWaitingMax - 1));
  rings.clear();
  for (int i = 0; i < 1000; ++i) board.ring("p", std::to_string(i));
  io.restart();
  io.poll();
  ASSERT_EQ(rings.size(), 1u);
  EXPECT_EQ(rings[0].what, Ring::What::resync);
}

TEST(WatchBoard, ADroppedWatchIsSilentAtOnce) {
  boost::asio::io_context io;
  std::unique_ptr<WatchBoard> board = std::make_unique<WatchBoard>();
  int rings = 0;
  auto watch = board->watch("p", io.get_executor(), [&](const Ring&) { ++rings; });
  board->ring("p", "x");
  watch.reset();
  io.poll();
  EXPECT_EQ(rings, 0);
  watch = board->watch("p", io.get_executor(), [&](const Ring&) { ++rings; });
  board.reset();
  watch.reset();
}

}  // namespace
}  // namespace ph::store::testing
