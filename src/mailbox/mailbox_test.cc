// What the door promises, one thing at a time.
#include "mailbox/mailbox.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "mailbox/names.h"
#include "mailbox/testing/house.h"

namespace ph::mailbox {
namespace {

using testing::House;

struct Mailbox : ::testing::Test {
  House house{1};
  std::unique_ptr<Mailboxes> mailboxes = make_mailboxes(house.store(), house.world());

  Result<Maildrop> lock(const std::string& account = "alice") {
    return house.run(mailboxes->lock_maildrop(account, house.soon()));
  }
  Result<Done> expunge(const std::string& token, std::vector<Uid> uids) {
    return house.run(mailboxes->expunge(token, std::move(uids), house.soon()));
  }
  Usage usage(const std::string& account = "alice") {
    return house.run(mailboxes->usage(account, house.soon())).value();
  }
  void expect_sound(const std::string& account = "alice") {
    const auto audit = house.audit(account);
    EXPECT_EQ(audit.faults, std::vector<std::string>{});
    EXPECT_EQ(usage(account).octets, audit.octets);
    EXPECT_EQ(usage(account).messages, audit.messages.size());
  }
};

TEST_F(Mailbox, GivesBackWhatWasDelivered) {
  const std::string body = "Subject: hello\r\n\r\n" + std::string(5000, 'x') + "\r\n";
  const auto done = house.deliver(*mailboxes, "alice", "Q1.0", body);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(done->uid, Uid{1});
  EXPECT_FALSE(done->before);
  const auto drop = lock();
  ASSERT_TRUE(drop);
  ASSERT_EQ(drop->messages.size(), 1u);
  EXPECT_EQ(drop->messages[0].uid, Uid{1});
  EXPECT_EQ(drop->messages[0].email_id, done->email_id);
  EXPECT_EQ(drop->messages[0].queue_id, "qQ1.0");
  const std::string whole = House::kPrefix + body;
  EXPECT_EQ(drop->messages[0].octets, whole.size());
  for (const std::size_t piece : {1000u, 31u, 1u << 20})
    EXPECT_EQ(house.read_all(*mailboxes, drop->token, Uid{1}, piece).value(), whole);
  EXPECT_EQ(usage().octets, whole.size());
  EXPECT_TRUE(drop->unique_prefix.starts_with(done->mailbox_id + "."));
  EXPECT_LE(drop->unique_prefix.size() + 11, 70u);  // RFC 1939 §7: UIDL takes 70 characters
  expect_sound();
}

TEST_F(Mailbox, TakesARepeatedDeliveryOnce) {
  const auto first = house.deliver(*mailboxes, "alice", "Q1.0");
  const auto again = house.deliver(*mailboxes, "alice", "Q1.0");
  ASSERT_TRUE(first && again);
  EXPECT_TRUE(again->before);
  EXPECT_EQ(again->uid, first->uid);
  EXPECT_EQ(again->email_id, first->email_id);
  mailboxes = make_mailboxes(house.store(), house.world());
  const auto later = house.deliver(*mailboxes, "alice", "Q1.0");
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->before);
  EXPECT_EQ(usage().messages, 1u);
  expect_sound();
}

TEST_F(Mailbox, SaysBeforeAlsoWhenTheMailboxIsFullOrTheMessageWasExpunged) {
  const std::string body = "12345";
  const std::string blob = house.make_blob(body);
  auto delivery = house.delivery("alice", "Q1.0", blob, body.size());
  delivery.quota_octets = body.size() + delivery.prefix.size();
  ASSERT_TRUE(house.run(mailboxes->deliver(delivery, house.soon())));
  auto again = house.run(mailboxes->deliver(delivery, house.soon()));
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_TRUE(again->before);
  const auto drop = lock();
  ASSERT_TRUE(expunge(drop->token, {Uid{1}}));
  again = house.run(mailboxes->deliver(delivery, house.soon()));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->before);
  EXPECT_EQ(usage().messages, 0u);
}

TEST_F(Mailbox, RefusesWhatTheQuotaDoesNotHold) {
  const std::string body(1000, 'x');
  const std::string blob = house.make_blob(body);
  auto delivery = house.delivery("alice", "Q1.0", blob, body.size());
  const std::uint64_t octets = body.size() + delivery.prefix.size();
  delivery.quota_octets = 2 * octets;
  for (const char* once : {"Q1.0", "Q2.0"}) {
    delivery.once = once;
    EXPECT_TRUE(house.run(mailboxes->deliver(delivery, house.soon())));
  }
  delivery.once = "Q3.0";
  EXPECT_EQ(house.run(mailboxes->deliver(delivery, house.soon())).error().kind, Kind::over_limit);
  EXPECT_EQ(usage().octets, 2 * octets);
  // Room again as soon as something is expunged, also for a server that has just started.
  const auto drop = lock();
  ASSERT_TRUE(expunge(drop->token, {Uid{1}}));
  mailboxes = make_mailboxes(house.store(), house.world());
  EXPECT_TRUE(house.run(mailboxes->deliver(delivery, house.soon())));
  EXPECT_EQ(house.run(mailboxes->deliver(house.delivery("alice", "Q4.0", blob, 1), house.soon()))
                .value()
                .uid,
            Uid{4});
  expect_sound();
}

TEST_F(Mailbox, LocksTheMaildropForOne) {
  ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q1.0"));
  auto drop = lock();
  ASSERT_TRUE(drop);
  EXPECT_EQ(lock().error().kind, Kind::conflict);
  EXPECT_TRUE(lock("bob"));
  // New mail arrives meanwhile, and is seen by the next session only.
  ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q2.0"));
  EXPECT_EQ(drop->messages.size(), 1u);
  mailboxes->unlock(drop->token);
  EXPECT_EQ(expunge(drop->token, {Uid{1}}).error().kind, Kind::not_found);
  const auto next = lock();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->messages.size(), 2u);
  EXPECT_EQ(next->unique_prefix, drop->unique_prefix);
  EXPECT_NE(next->token, drop->token);
}

TEST_F(Mailbox, MakesAnEmptyInboxAtTheFirstLock) {
  const auto drop = lock();
  ASSERT_TRUE(drop);
  EXPECT_TRUE(drop->messages.empty());
  mailboxes->unlock(drop->token);
  EXPECT_EQ(house.deliver(*mailboxes, "alice", "Q1.0").value().mailbox_id + ".",
            drop->unique_prefix.substr(0, 27));
}

TEST_F(Mailbox, AsksForUsageWithoutMakingAnything) {
  EXPECT_EQ(usage().octets, 0u);
  EXPECT_TRUE(house.run(house.store().list("", "", 10)).value().empty());
}

TEST_F(Mailbox, SharesOneBlobAmongRecipientsUntilTheLastLetsGo) {
  const std::string body = "to many";
  const std::string blob = house.make_blob(body);
  std::vector<std::string> accounts;
  for (int i = 0; i < 40; ++i) accounts.push_back("r" + std::to_string(i));
  for (const auto& account : accounts)
    ASSERT_TRUE(house.run(mailboxes->deliver(
        house.delivery(account, "Q1." + account, blob, body.size()), house.soon())));
  house.release_blob(blob);
  EXPECT_EQ(house.sweep().alive.size(), accounts.size());
  for (const auto& account : accounts) {
    ASSERT_TRUE(house.has_blob(blob));
    const auto drop = lock(account);
    EXPECT_EQ(house.read_all(*mailboxes, drop->token, Uid{1}).value(), House::kPrefix + body);
    ASSERT_TRUE(expunge(drop->token, {Uid{1}}));
    house.sweep();
  }
  EXPECT_FALSE(house.has_blob(blob));
}

TEST_F(Mailbox, ExpungesWhatItIsToldAndNothingElse) {
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)));
  auto drop = lock();
  std::vector<Uid> uids;
  for (std::uint32_t uid = 1; uid <= 300; uid += 3) uids.push_back(Uid{uid});
  uids.push_back(Uid{9999});  // not there: ignored
  ASSERT_TRUE(expunge(drop->token, uids));
  EXPECT_EQ(house.run(mailboxes->read(drop->token, Uid{1}, 0, 10, house.soon())).error().kind,
            Kind::not_found);
  EXPECT_TRUE(house.run(mailboxes->read(drop->token, Uid{2}, 0, 10, house.soon())));
  ASSERT_TRUE(expunge(drop->token, uids));  // again: without effect
  EXPECT_EQ(usage().messages, 200u);
  mailboxes->unlock(drop->token);
  EXPECT_EQ(lock()->messages.size(), 200u);
  const auto audit = house.audit("alice");
  EXPECT_EQ(audit.faults, std::vector<std::string>{});
  EXPECT_EQ(audit.expunged.ranges().size(), 100u);
  const auto holders = house.sweep();
  EXPECT_EQ(holders.alive.size(), 200u);
  EXPECT_TRUE(holders.dead.empty());
  EXPECT_EQ(house.deliver(*mailboxes, "alice", "Q300").value().uid, Uid{301});
}

TEST_F(Mailbox, NeverReusesAUidOfAnEmptiedMailbox) {
  ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q1.0"));
  const auto drop = lock();
  ASSERT_TRUE(expunge(drop->token, {Uid{1}}));
  mailboxes = make_mailboxes(house.store(), house.world());
  EXPECT_EQ(house.deliver(*mailboxes, "alice", "Q2.0").value().uid, Uid{2});
  expect_sound();
}

TEST_F(Mailbox, ErasesAnAccountWithItsBlobs) {
  const std::string blob = house.make_blob("x");
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(house.run(mailboxes->deliver(
        house.delivery("alice", "Q" + std::to_string(i), blob, 1), house.soon())));
  ASSERT_TRUE(house.deliver(*mailboxes, "bob", "Q1.1"));
  house.release_blob(blob);
  ASSERT_TRUE(house.run(mailboxes->erase("alice", house.soon())));
  ASSERT_TRUE(house.run(mailboxes->erase("alice", house.soon())));
  EXPECT_EQ(usage().messages, 0u);
  EXPECT_EQ(usage("bob").messages, 1u);
  EXPECT_TRUE(house.run(house.store().list("a/alice", "", 10)).value().empty());
  EXPECT_EQ(house.sweep().alive.size(), 1u);
  EXPECT_FALSE(house.has_blob(blob));
}

TEST_F(Mailbox, RefusesNamesThatCannotBeKeys) {
  const std::string blob = house.make_blob("x");
  for (const char* account : {"", "a b", "a/b", "a\tb", "\xc3\xa4"}) {
    const auto done =
        house.run(mailboxes->deliver(house.delivery(account, "Q1.0", blob, 1), house.soon()));
    EXPECT_EQ(done.error().kind, Kind::malformed) << account;
  }
  auto delivery = house.delivery("alice", "Q1.0", blob, 1);
  delivery.prefix.assign(kPrefixOctetsMax + 1, 'x');
  EXPECT_EQ(house.run(mailboxes->deliver(delivery, house.soon())).error().kind, Kind::malformed);
}

TEST_F(Mailbox, SaysTimedOutBeforeItDoesAnything) {
  const std::string blob = house.make_blob("x");
  const auto done = house.run(
      mailboxes->deliver(house.delivery("alice", "Q1.0", blob, 1), house.world().clock.now()));
  EXPECT_EQ(done.error().kind, Kind::timed_out);
  EXPECT_TRUE(house.run(house.store().list("", "", 10)).value().empty());
}

TEST_F(Mailbox, KeepsABoundOnOpenMailboxes) {
  mailboxes = make_mailboxes(house.store(), house.world(), {.open_mailboxes_max = 4});
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(house.deliver(*mailboxes, "r" + std::to_string(i),
                                std::to_string(round) + "." + std::to_string(i)));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(usage("r" + std::to_string(i)).messages, 3u);
    expect_sound("r" + std::to_string(i));
  }
}

TEST_F(Mailbox, GoesOnInFurtherPartitions) {
  const Options small{.open_mailboxes_max = 4, .partition_keys_max = 20};
  mailboxes = make_mailboxes(house.store(), house.world(), small);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)));
  EXPECT_GT(house.audit("alice").partitions, 5u);
  expect_sound();
  mailboxes = make_mailboxes(house.store(), house.world(), small);
  // A repeat is found in whichever partition it lies.
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)).value().before) << i;
  const auto drop = lock();
  ASSERT_EQ(drop->messages.size(), 100u);
  std::vector<Uid> uids;
  for (const auto& message : drop->messages) {
    EXPECT_EQ(house.read_all(*mailboxes, drop->token, message.uid).value().size(), message.octets);
    if (message.uid.value % 2 == 0) uids.push_back(message.uid);
  }
  ASSERT_TRUE(expunge(drop->token, uids));
  expect_sound();
  EXPECT_EQ(usage().messages, 50u);
  ASSERT_TRUE(house.run(mailboxes->erase("alice", house.soon())));
  EXPECT_TRUE(house.run(house.store().list("", "", 10)).value().empty());
}

// Octets that somebody else has written: the damaged block is fenced off, all the rest goes on.
TEST_F(Mailbox, GoesOnBesideADamagedBlock) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)));
  const auto partition = mailbox_partition(house.audit("alice").mailbox_id, 0);
  store::Batch damage;
  damage.puts.push_back({block_key(Uid{2}), "\xff not a block"});
  ASSERT_TRUE(house.run(house.store().commit(partition, std::move(damage))));
  for (int i = 3; i < 300; ++i)  // past the fold
    ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)));
  const auto drop = lock();
  ASSERT_TRUE(drop);
  EXPECT_EQ(drop->messages.size(), 299u);
  std::vector<Uid> uids;
  for (std::uint32_t uid = 1; uid <= 300; ++uid) uids.push_back(Uid{uid});
  ASSERT_TRUE(expunge(drop->token, uids));
  mailboxes->unlock(drop->token);
  EXPECT_TRUE(lock()->messages.empty());
  EXPECT_EQ(usage().messages, 1u);  // it is still counted: the scrub may find it again
  const auto holder = format_holder(partition, Uid{2}, "blob");
  EXPECT_EQ(house.run(holder_alive(house.store(), holder)).error().kind, Kind::corrupt);
}

TEST_F(Mailbox, SweepsOldMarkersInEveryPartition) {
  const Options small{.open_mailboxes_max = 4, .partition_keys_max = 50};
  mailboxes = make_mailboxes(house.store(), house.world(), small);
  for (int i = 0; i < 150; ++i)
    ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)));
  EXPECT_EQ(house.audit("alice").markers, 150u);
  house.world().run(std::chrono::hours(24 * (kMarkerAgeDaysMax + 1)));
  for (int i = 150; i < 153; ++i)
    ASSERT_TRUE(house.deliver(*mailboxes, "alice", "Q" + std::to_string(i)));
  EXPECT_EQ(house.audit("alice").markers, 3u);
  expect_sound();
}

TEST(MailboxOnDisk, KnowsEverythingAfterARestart) {
  const std::string folder = ::testing::TempDir() + "posthouse-mailbox-on-disk";
  std::filesystem::remove_all(folder);
  {
    House house(2, "file:" + folder);
    auto mailboxes = make_mailboxes(house.store(), house.world());
    const std::string blob = house.make_blob("body\r\n");
    std::vector<Delivery> deliveries;
    for (int i = 0; i < 300; ++i)
      deliveries.push_back(house.delivery("alice", "Q" + std::to_string(i), blob, 6));
    for (const auto& done : house.deliver_all(*mailboxes, deliveries)) ASSERT_TRUE(done);
    auto drop = house.run(mailboxes->lock_maildrop("alice", house.soon())).value();
    ASSERT_TRUE(house.run(mailboxes->expunge(drop.token, {Uid{1}, Uid{200}}, house.soon())));
    const std::uint64_t octets = house.audit("alice").octets;
    mailboxes.reset();
    house.reopen_store();

    mailboxes = make_mailboxes(house.store(), house.world());
    const auto audit = house.audit("alice");
    EXPECT_EQ(audit.faults, std::vector<std::string>{});
    EXPECT_EQ(audit.messages.size(), 298u);
    EXPECT_EQ(house.run(mailboxes->usage("alice", house.soon()))->octets, octets);
    EXPECT_TRUE(house.run(mailboxes->deliver(deliveries[7], house.soon()))->before);
    const auto again = house.run(mailboxes->lock_maildrop("alice", house.soon())).value();
    EXPECT_EQ(again.unique_prefix, drop.unique_prefix);
    EXPECT_EQ(house.read_all(*mailboxes, again.token, Uid{300}).value(),
              House::kPrefix + std::string("body\r\n"));
    house.release_blob(blob);
    EXPECT_EQ(house.sweep().alive.size(), 298u);
    EXPECT_TRUE(house.has_blob(blob));
    house.store().close();
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ph::mailbox
