// "It is in the mailbox" is a promise: the store fails at every call, in every way, and what was
// answered stays true for a server that starts afterwards. Rows of docs/states/mailbox.md.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "mailbox/mailbox.h"
#include "mailbox/names.h"
#include "mailbox/testing/faulty_store.h"
#include "mailbox/testing/house.h"

namespace ph::mailbox {
namespace {

using testing::Fault;
using testing::FaultyStore;
using testing::House;

constexpr Fault kFaults[] = {Fault::unavailable, Fault::unknown_done, Fault::unknown_not_done,
                             Fault::conflict,    Fault::stop_before,  Fault::stop_after};

// The store's own contract, on the one double that ends a commit as `unknown`: its caller can learn
// what became of it.
TEST(MailboxStore, AnUnknownCommitCanBeSettled) {
  for (const bool done : {true, false}) {
    House house{7};
    FaultyStore store{house.store()};
    std::optional<store::Ticket> ticket;
    store::Batch batch;
    batch.puts.push_back({"k", "v"});
    batch.on_unknown = [&ticket](store::Ticket of) { ticket = std::move(of); };
    store.fail_at(1, done ? Fault::unknown_done : Fault::unknown_not_done);
    const auto committed = house.run(store.commit("p", std::move(batch), {}));
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().kind, Kind::unknown);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->partition, "p");
    const auto settled = house.run(store.settle(*ticket, {}));
    EXPECT_EQ(settled.has_value(), done);
    if (!settled) EXPECT_EQ(settled.error().kind, Kind::conflict);
    EXPECT_EQ(house.run(store.get("p", {"k"}, {}))->size(), done ? 1u : 0u);
  }
}

/// What was asked and what was answered.
struct History {
  std::map<std::string, Delivery> asked;  // by once
  std::map<std::string, Delivered> answered;
  std::set<std::string> forgotten;  // asked so long ago that nobody repeats it
  std::set<std::uint32_t> expunge_asked, expunge_answered;
};

/// One run over a store that fails once.
struct FailingRun {
  House house{7};
  FaultyStore store{house.store()};
  std::unique_ptr<Mailboxes> mailboxes;
  History history;
  std::string blob = house.make_blob("body\r\n");

  void start(Options options) { mailboxes = make_mailboxes(store, house.world(), options); }
  void deliver(int from, int to, std::size_t prefix_octets = 40) {
    std::vector<Delivery> deliveries;
    for (int i = from; i < to; ++i) {
      auto delivery = house.delivery("alice", "Q" + std::to_string(i), blob, 6);
      delivery.prefix = "X: " + std::string(prefix_octets, 'x') + "\r\n";
      history.asked[delivery.once] = delivery;
      deliveries.push_back(std::move(delivery));
    }
    const auto asked = deliveries;
    const auto results = house.deliver_all(*mailboxes, std::move(deliveries));
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) history.answered[asked[i].once] = *results[i];
      if (!results[i]) EXPECT_TRUE(is_temporary(results[i].error().kind));
    }
  }
  void expunge(const std::function<bool(std::uint32_t)>& which) {
    auto drop = house.run(mailboxes->lock_maildrop("alice", house.soon()));
    if (!drop) return;
    std::vector<Uid> uids;
    for (const auto& message : drop->messages)
      if (which(message.uid.value)) uids.push_back(message.uid);
    for (const Uid uid : uids) history.expunge_asked.insert(uid.value);
    if (house.run(mailboxes->expunge(drop->token, uids, house.soon())))
      for (const Uid uid : uids) history.expunge_answered.insert(uid.value);
    mailboxes->unlock(drop->token);
  }
};

/// What must hold for whoever comes after the failure.
void check(FailingRun& run, Options options) {
  House& house = run.house;
  const auto before = house.audit("alice");
  EXPECT_EQ(before.faults, std::vector<std::string>{});
  for (const auto& row : before.messages) {
    EXPECT_FALSE(run.history.expunge_answered.contains(row.uid.value)) << "it came back";
    const std::string once = row.queue_id.substr(1);
    EXPECT_TRUE(run.history.asked.contains(once) || run.history.forgotten.contains(once));
  }
  // A new server; the queue repeats what it got no answer for (and all the rest: no effect).
  run.mailboxes = make_mailboxes(house.store(), house.world(), options);
  std::vector<Delivery> repeats;
  for (const auto& [once, delivery] : run.history.asked) repeats.push_back(delivery);
  const auto results = house.deliver_all(*run.mailboxes, repeats);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& again = results[i];
    ASSERT_TRUE(again) << describe(again.error());
    const auto was = run.history.answered.find(repeats[i].once);
    if (was == run.history.answered.end()) continue;
    EXPECT_TRUE(again->before);
    EXPECT_EQ(again->uid, was->second.uid);
    EXPECT_EQ(again->email_id, was->second.email_id);
    EXPECT_EQ(again->mailbox_id, was->second.mailbox_id);
  }
  const auto after = house.audit("alice");
  EXPECT_EQ(after.faults, std::vector<std::string>{});
  EXPECT_EQ(house.run(run.mailboxes->usage("alice", house.soon()))->octets, after.octets);
  std::set<std::string> there;
  for (const auto& row : after.messages) EXPECT_TRUE(there.insert(row.queue_id).second) << "twice";
  for (const auto& [once, delivered] : run.history.answered)
    EXPECT_TRUE(there.contains("q" + once) ||
                run.history.expunge_asked.contains(delivered.uid.value))
        << "lost " << once;
  EXPECT_GE(after.messages.size() + run.history.expunge_asked.size(), run.history.asked.size());
  EXPECT_GE(after.uidnext, before.uidnext);
  if (before.uidvalidity != 0) EXPECT_EQ(after.uidvalidity, before.uidvalidity);
  if (before.uidvalidity != 0) EXPECT_EQ(after.mailbox_id, before.mailbox_id);
  // Every row holds its blob, and after the sweep nothing else does.
  house.release_blob(run.blob);
  const auto holders = house.sweep();
  EXPECT_EQ(holders.alive.size(), after.messages.size());
  EXPECT_EQ(house.has_blob(run.blob), !after.messages.empty());
  EXPECT_TRUE(house.sweep().dead.empty());
}

void fail_everywhere(const std::function<void(FailingRun&)>& prepare,
                     const std::function<void(FailingRun&)>& act, Options options = {}) {
  for (const Fault fault : kFaults) {
    bool ended = false;
    for (std::uint64_t call = 1; !ended; ++call) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)) + " at call " +
                   std::to_string(call));
      FailingRun run;
      run.start(options);
      prepare(run);
      run.store.fail_at(call, fault);
      act(run);
      ended = !run.store.failed();
      check(run, options);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(MailboxCrash, FirstDeliveriesAndOnesThatFold) {
  fail_everywhere([](FailingRun&) {},
                  [](FailingRun& run) {
                    run.deliver(0, 1);
                    for (int i = 1; i < 10; i += 3) run.deliver(i, i + 3, 8000);  // 7 fill a block
                    run.expunge([](std::uint32_t uid) { return uid % 2 == 0; });
                    run.deliver(10, 12);
                  });
}

TEST(MailboxCrash, WithoutTheOldWriterInMemory) {
  // The first writer goes on after the fault, then a second one starts in the middle.
  fail_everywhere([](FailingRun& run) { run.deliver(0, 3); },
                  [](FailingRun& run) {
                    run.start({});
                    run.deliver(3, 5);
                    run.deliver(3, 7);  // what failed is repeated at once
                    run.expunge([](std::uint32_t uid) { return uid < 3; });
                    run.expunge([](std::uint32_t uid) { return uid < 3; });
                  });
}

TEST(MailboxCrash, AnExpungeTooLargeForOneBatch) {
  // Twelve full blocks that each lose one message: more octets than one batch rewrites.
  fail_everywhere(
      [](FailingRun& run) {
        for (int i = 0; i < 80; i += 40) run.deliver(i, i + 40, 8000);
      },
      [](FailingRun& run) {
        run.expunge([](std::uint32_t uid) { return uid % 7 == 0; });
        run.deliver(80, 81);
      });
}

TEST(MailboxCrash, GoingOnInTheNextPartition) {
  const Options small{.open_mailboxes_max = 4, .partition_keys_max = 6};
  fail_everywhere([](FailingRun& run) { run.deliver(0, 4); },
                  [](FailingRun& run) {
                    for (int i = 4; i < 9; ++i) run.deliver(i, i + 1);
                    run.expunge([](std::uint32_t uid) { return uid != 5; });
                    run.house.world().run(std::chrono::hours(24 * 8));
                    for (int i = 20; i < 22; ++i) run.deliver(i, i + 1);
                    // What is older than the markers is repeated by nobody any more.
                    for (int old = 0; old < 9; ++old) {
                      run.history.forgotten.insert("Q" + std::to_string(old));
                      run.history.asked.erase("Q" + std::to_string(old));
                    }
                  },
                  small);
}

TEST(MailboxCrash, ErasingAnAccount) {
  for (const Fault fault : kFaults) {
    bool ended = false;
    for (std::uint64_t call = 1; !ended; ++call) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)) + " at call " +
                   std::to_string(call));
      const Options small{.open_mailboxes_max = 4, .partition_keys_max = 6};
      FailingRun run;
      run.start(small);
      for (int i = 0; i < 12; ++i) run.deliver(i, i + 1);
      const auto before = run.house.audit("alice");
      run.store.fail_at(call, fault);
      const auto erased = run.house.run(run.mailboxes->erase("alice", run.house.soon()));
      ended = !run.store.failed();
      // Whole or gone, never a part: who opens the account ends what had begun.
      run.mailboxes = make_mailboxes(run.house.store(), run.house.world(), small);
      const auto usage = run.house.run(run.mailboxes->usage("alice", run.house.soon()));
      ASSERT_TRUE(usage);
      EXPECT_TRUE(usage->messages == 0 || usage->messages == 12);
      if (erased) EXPECT_EQ(usage->messages, 0u);
      ASSERT_TRUE(run.house.run(run.mailboxes->erase("alice", run.house.soon())));
      const auto anew = run.house.deliver(*run.mailboxes, "alice", "Q0");
      ASSERT_TRUE(anew);
      EXPECT_FALSE(anew->before);
      EXPECT_NE(anew->mailbox_id, before.mailbox_id);
      run.house.release_blob(run.blob);
      run.house.sweep();
      EXPECT_FALSE(run.house.has_blob(run.blob));
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace ph::mailbox
