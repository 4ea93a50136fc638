// Calls from several event loops at once: no UID twice, nothing lost, many deliveries in one
// commit.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "mailbox/mailbox.h"
#include "mailbox/testing/faulty_store.h"
#include "mailbox/testing/house.h"

namespace ph::mailbox {
namespace {

using testing::FaultyStore;
using testing::House;

constexpr int kThreads = 4, kCallers = 16, kDeliveries = 8, kAccounts = 3;

struct Shared {
  Mailboxes& mailboxes;
  rt::Instant deadline;
  std::mutex mutex;
  std::map<std::string, std::set<std::uint32_t>> uids;  // guarded by the mutex
  std::atomic<int> failures{0}, locks{0};
};

Task<void> call(Shared* shared, std::vector<Delivery> deliveries) {
  for (auto& delivery : deliveries) {
    const std::string account = delivery.account;
    const auto done = co_await shared->mailboxes.deliver(delivery, shared->deadline);
    if (!done) ++shared->failures;
    const auto again = co_await shared->mailboxes.deliver(delivery, shared->deadline);
    if (!again || !again->before) ++shared->failures;
    if (done) {
      const std::lock_guard lock(shared->mutex);
      if (!shared->uids[account].insert(done->uid.value).second) ++shared->failures;
    }
    const auto usage = co_await shared->mailboxes.usage(account, shared->deadline);
    if (!usage || usage->messages == 0) ++shared->failures;
    auto drop = co_await shared->mailboxes.lock_maildrop(account, shared->deadline);
    if (!drop) continue;
    ++shared->locks;
    std::vector<Uid> last;
    last.push_back(drop->messages.back().uid);
    const auto gone = co_await shared->mailboxes.expunge(drop->token, last, shared->deadline);
    if (!gone) ++shared->failures;
    shared->mailboxes.unlock(drop->token);
  }
}

TEST(MailboxThreads, ServesManyEventLoops) {
  House house(5);
  FaultyStore store(house.store());
  const auto mailboxes = make_mailboxes(store, house.world());
  Shared shared{*mailboxes, house.soon(), {}, {}, {}, {}};
  const std::string blob = house.make_blob("body");
  int once = 0;
  std::vector<std::unique_ptr<boost::asio::io_context>> loops;
  for (int t = 0; t < kThreads; ++t) {
    loops.push_back(std::make_unique<boost::asio::io_context>(1));
    for (int c = 0; c < kCallers; ++c) {
      std::vector<Delivery> deliveries;
      for (int d = 0; d < kDeliveries; ++d, ++once)
        deliveries.push_back(house.delivery("a" + std::to_string(once % kAccounts),
                                            "Q" + std::to_string(once), blob, 4));
      rt::spawn(loops.back()->get_executor(), call(&shared, std::move(deliveries)));
    }
  }
  std::vector<std::thread> threads;
  for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(shared.failures, 0);
  EXPECT_GT(shared.locks, 0);
  std::size_t delivered = 0, there = 0;
  for (int a = 0; a < kAccounts; ++a) {
    const auto audit = house.audit("a" + std::to_string(a));
    EXPECT_EQ(audit.faults, std::vector<std::string>{});
    there += audit.messages.size();
    delivered += shared.uids["a" + std::to_string(a)].size();
  }
  EXPECT_EQ(delivered, static_cast<std::size_t>(kThreads * kCallers * kDeliveries));
  house.release_blob(blob);
  EXPECT_EQ(house.sweep().alive.size(), there);
  EXPECT_LT(store.commits(), 2u * kThreads * kCallers * kDeliveries);
}

}  // namespace
}  // namespace ph::mailbox
