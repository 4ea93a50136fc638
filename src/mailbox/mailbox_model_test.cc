// Random calls, restarts and failures from a seed, against a model of three lines.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "mailbox/mailbox.h"
#include "mailbox/testing/faulty_store.h"
#include "mailbox/testing/house.h"

namespace ph::mailbox {
namespace {

using testing::Fault;
using testing::FaultyStore;
using testing::House;

struct Model {
  std::map<std::uint32_t, std::string> bodies;     // by uid
  std::map<std::string, std::uint32_t> delivered;  // by once
  std::uint32_t uid_max = 0;
};

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed) : house_(seed), store_(house_.store()) {
    for (auto& server : servers_) restart(server);
  }

  void step() {
    auto& random = house_.world().sim_random();
    mailboxes_ = servers_[random.below(std::size(servers_))].get();
    if (random.chance(100'000))
      store_.fail_at(1 + random.below(12), static_cast<Fault>(random.below(4)));
    const std::string account = "a" + std::to_string(random.below(3));
    switch (random.below(10)) {
      case 0: compare(account); break;
      case 1: expunge(account); break;
      case 2: restart(servers_[random.below(std::size(servers_))]); break;
      case 3: house_.world().run(std::chrono::hours(random.below(30))); break;
      default: deliver(account); break;
    }
  }

  void compare(const std::string& account) {
    auto drop = house_.run(mailboxes_->lock_maildrop(account, house_.soon()));
    if (!drop) return;
    Model& model = models_[account];
    std::map<std::uint32_t, std::string> found;
    for (const auto& message : drop->messages) {
      auto body = house_.read_all(*mailboxes_, drop->token, message.uid, 3000);
      if (!body) return mailboxes_->unlock(drop->token);  // a made fault
      found[message.uid.value] = body->substr(std::string_view(House::kPrefix).size());
    }
    EXPECT_EQ(found, model.bodies);
    mailboxes_->unlock(drop->token);
    const auto audit = house_.audit(account);
    EXPECT_EQ(audit.faults, std::vector<std::string>{});
    EXPECT_EQ(audit.messages.size(), model.bodies.size());
  }

  void end() {
    store_.fail_at(0, Fault::unavailable);
    std::size_t messages = 0;
    for (const auto& [account, model] : models_) {
      compare(account);
      messages += model.bodies.size();
    }
    EXPECT_EQ(house_.sweep().alive.size(), messages);
    EXPECT_GT(messages, 0u);
  }

 private:
  void restart(std::unique_ptr<Mailboxes>& server) {
    server = make_mailboxes(store_, house_.world(),
                            {.open_mailboxes_max = 2, .partition_keys_max = 150});
    mailboxes_ = server.get();
  }

  void deliver(const std::string& account) {
    auto& random = house_.world().sim_random();
    Model& model = models_[account];
    std::vector<Delivery> batch;
    std::vector<std::string> bodies;
    const auto count = 1 + random.below(random.chance(200'000) ? 150 : 8);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string once = "Q" + std::to_string(++last_once_);
      bodies.push_back(once + std::string(random.below(2000), 'b'));
      batch.push_back(
          house_.delivery(account, once, house_.make_blob(bodies.back()), bodies.back().size()));
    }
    const auto kept = batch;
    auto results = house_.deliver_all(*mailboxes_, std::move(batch));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      // The queue repeats until it gets an answer.
      for (int tries = 0; !results[i] && tries < 5; ++tries)
        results[i] = house_.run(mailboxes_->deliver(kept[i], house_.soon()));
      ASSERT_TRUE(results[i]) << describe(results[i].error());
      const auto uid = results[i]->uid.value;
      EXPECT_TRUE(model.bodies.emplace(uid, bodies[i]).second) << "a UID twice";
      model.delivered[kept[i].once] = uid;
      house_.release_blob(kept[i].blob);
    }
    std::uint32_t max = 0;
    for (const auto& [uid, body] : model.bodies) max = std::max(max, uid);
    EXPECT_GT(max, model.uid_max);
    model.uid_max = max;
    if (random.chance(300'000)) {  // a repeat, perhaps of something long expunged
      const auto& some = kept[random.below(kept.size())];
      const auto again = house_.run(mailboxes_->deliver(some, house_.soon()));
      if (again) EXPECT_EQ(again->uid.value, model.delivered[some.once]);
      if (again) EXPECT_TRUE(again->before);
    }
  }

  void expunge(const std::string& account) {
    auto& random = house_.world().sim_random();
    Model& model = models_[account];
    auto drop = house_.run(mailboxes_->lock_maildrop(account, house_.soon()));
    if (!drop) return;
    const std::uint64_t share = random.below(4);
    std::vector<Uid> uids;
    for (const auto& message : drop->messages)
      if (random.below(4) < share) uids.push_back(message.uid);
    Result<Done> done = house_.run(mailboxes_->expunge(drop->token, uids, house_.soon()));
    for (int tries = 0; !done && tries < 5; ++tries)
      done = house_.run(mailboxes_->expunge(drop->token, uids, house_.soon()));
    ASSERT_TRUE(done) << describe(done.error());
    for (const Uid uid : uids) model.bodies.erase(uid.value);
    mailboxes_->unlock(drop->token);
  }

  House house_;
  FaultyStore store_;
  std::unique_ptr<Mailboxes> servers_[2];  // on one store, each with its own view of it
  Mailboxes* mailboxes_ = nullptr;         // the one that this step uses
  std::map<std::string, Model> models_;
  std::uint64_t last_once_ = 0;
};

TEST(MailboxModel, AgreesWithAMap) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    ModelRun run(seed);
    for (int i = 0; i < 120; ++i) run.step();
    run.end();
    if (HasFailure()) return;
  }
}

// A delivery costs a bounded number of octets, keys and commits however full the mailbox is.
TEST(MailboxModel, WritesEachMessageAboutTwice) {
  House house(3);
  FaultyStore store(house.store());
  const auto mailboxes = make_mailboxes(store, house.world());
  const std::string blob = house.make_blob("body");
  constexpr int kMessages = 10000;
  int sent = 0;
  while (sent < kMessages) {
    std::vector<Delivery> burst;
    const int octets = 200 + sent % 300;
    for (int i = 0; i < 1 + sent % 7 && sent < kMessages; ++i, ++sent) {
      burst.push_back(house.delivery("alice", "Q" + std::to_string(sent), blob, 4));
      burst.back().prefix.assign(static_cast<std::size_t>(octets), 'x');
    }
    for (const auto& done : house.deliver_all(*mailboxes, std::move(burst))) ASSERT_TRUE(done);
  }
  const auto audit = house.audit("alice");
  EXPECT_EQ(audit.faults, std::vector<std::string>{});
  EXPECT_EQ(audit.messages.size(), static_cast<std::size_t>(kMessages));
  std::uint64_t row_octets = 0;
  for (const auto& row : audit.messages) row_octets += format_message(row).size();
  // 350 octets of prefix and 200 of the rest: about 100 rows in a block, and a tail of small ones.
  EXPECT_LE(audit.blocks, kMessages / 80 + kBlockMessagesMax);
  EXPECT_EQ(audit.keys, 1 + audit.blocks + audit.markers);
  // Each row in a small block and in a full one, and what the blocks add to it.
  EXPECT_LE(store.block_octets_put(), 2 * (row_octets + 8 * kMessages));
  // With them the meta row for each batch and a marker for each message.
  EXPECT_LE(store.octets_put(), store.block_octets_put() + 100 * store.commits() + 50 * kMessages);
  EXPECT_LE(store.commits(), static_cast<std::uint64_t>(kMessages));
  RecordProperty("octets_put_per_message", static_cast<int>(store.octets_put() / kMessages));
  RecordProperty("row_octets_per_message", static_cast<int>(row_octets / kMessages));
}

}  // namespace
}  // namespace ph::mailbox
