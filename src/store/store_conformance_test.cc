// What every engine promises, run over each of them.
#include <gtest/gtest.h>

#include "store/crc32c.h"
#include "store/testing/lab.h"

namespace ph::store::testing {
namespace {

using What = Check::What;

class Conformance : public ::testing::TestWithParam<const char*> {
 protected:
  Result<Committed> commit(const Partition& partition, Batch batch) {
    return lab_.run(store().commit(partition, std::move(batch)));
  }
  Kind commit_kind(const Partition& partition, Batch batch) {
    const auto done = commit(partition, std::move(batch));
    EXPECT_FALSE(done);
    return done ? Kind::unknown : done.error().kind;
  }
  /// The value; nullopt: no such row.
  std::optional<std::string> value(const Partition& partition, const std::string& key) {
    const auto rows = lab_.run(store().get(partition, {key}));
    EXPECT_TRUE(rows);
    if (!rows || rows->empty()) return std::nullopt;
    return rows->front().value;
  }
  std::vector<std::string> keys(const Partition& partition, Range range = {}) {
    std::vector<std::string> found;
    const auto page = lab_.run(store().scan(partition, std::move(range), 1000));
    EXPECT_TRUE(page);
    for (const Record& record : page->records) found.push_back(record.key);
    return found;
  }
  BlobId blob(const std::string& body, const std::string& holder) {
    auto id = lab_.run(write_blob(store(), body, holder));
    EXPECT_TRUE(id);
    return *id;
  }
  Store& store() { return lab_.store(); }
  Lab lab_{GetParam()};
};

TEST_P(Conformance, KeepsWhatIsPutAndDeletesWhatIsDeleted) {
  const auto first = commit("a/1", put("k", "v1"));
  ASSERT_TRUE(first);
  const auto rows = lab_.run(store().get("a/1", {"absent", "k"}));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().value, "v1");
  EXPECT_EQ(rows->front().version, first->version);
  EXPECT_EQ(value("a/2", "k"), std::nullopt);

  const auto second = commit("a/1", put("k", std::string("\0\xff", 2)));
  ASSERT_TRUE(second);
  EXPECT_NE(first->version, second->version);
  EXPECT_EQ(value("a/1", "k"), std::string("\0\xff", 2));

  Batch remove;
  remove.puts.push_back({"k", std::nullopt});
  ASSERT_TRUE(commit("a/1", remove));
  EXPECT_EQ(value("a/1", "k"), std::nullopt);
  ASSERT_TRUE(commit("a/1", remove)) << "deleting twice is harmless";
}

TEST_P(Conformance, GetKeepsTheOrderOfItsKeys) {
  for (const char* key : {"1", "2", "3"}) ASSERT_TRUE(commit("p", put(key, key)));
  const auto rows = lab_.run(store().get("p", {"3", "none", "1", "2"}));
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0].key, "3");
  EXPECT_EQ((*rows)[1].key, "1");
  EXPECT_EQ((*rows)[2].key, "2");
}

TEST_P(Conformance, ChecksDecideTheWholeBatch) {
  const auto first = commit("p", put_checked({"k", What::absent, {}}, "k", "1"));
  ASSERT_TRUE(first);
  EXPECT_EQ(commit_kind("p", put_checked({"k", What::absent, {}}, "x", "1")), Kind::conflict);
  EXPECT_EQ(value("p", "x"), std::nullopt);
  ASSERT_TRUE(commit("p", put_checked({"k", What::present, {}}, "k", "2")));
  EXPECT_EQ(commit_kind("p", put_checked({"k", What::version, first->version}, "k", "3")),
            Kind::conflict);
  EXPECT_EQ(commit_kind("p", put_checked({"none", What::present, {}}, "k", "3")), Kind::conflict);
  EXPECT_EQ(commit_kind("p", put_checked({"none", What::version, first->version}, "k", "3")),
            Kind::conflict);
  EXPECT_EQ(value("p", "k"), "2");
}

TEST_P(Conformance, FencesAreRefusedWhenTheLeaseRowChanged) {
  const auto epoch = commit("p", put("!l/x", "me"));
  Batch fenced = put("k", "1");
  fenced.fence = {"!l/x", epoch->version};
  ASSERT_TRUE(commit("p", fenced));
  ASSERT_TRUE(commit("p", put("!l/x", "you")));
  EXPECT_EQ(commit_kind("p", fenced), Kind::refused);
  EXPECT_EQ(lab_.run(store().drop("p", fenced.fence)).error().kind, Kind::refused);
  EXPECT_EQ(value("p", "k"), "1");
}

TEST_P(Conformance, ScansInOrderByPages) {
  ASSERT_TRUE(commit("p", put("z", "other ends")));
  ASSERT_TRUE(commit("p!", put("a", "neighbour")));
  Batch batch;
  for (int i = 0; i < 25; ++i)
    batch.puts.push_back({"k" + ordered(static_cast<unsigned>(i) * 7), std::to_string(i)});
  ASSERT_TRUE(commit("p", batch));
  std::string begin = "k";
  int seen = 0;
  for (bool more = true; more;) {
    const auto page = lab_.run(store().scan("p", {begin, "l"}, 10));
    ASSERT_TRUE(page);
    ASSERT_LE(page->records.size(), 10u);
    for (const Record& record : page->records) EXPECT_EQ(record.value, std::to_string(seen++));
    more = page->next.has_value();
    begin = page->next.value_or("");
  }
  EXPECT_EQ(seen, 25);
  EXPECT_EQ(keys("p").size(), 26u);
  EXPECT_EQ(keys("p", {"k", "k"}).size(), 0u);
  EXPECT_EQ(keys("p", {"z", ""}), std::vector<std::string>{"z"});
  EXPECT_EQ(keys("none").size(), 0u);
}

TEST_P(Conformance, APageIsBoundedInOctets) {
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(commit("p", put(ordered(static_cast<unsigned>(i)), std::string(60000, 'x'))));
  const auto page = lab_.run(store().scan("p", {}, 1000));
  ASSERT_TRUE(page);
  EXPECT_LT(page->records.size(), 20u);
  EXPECT_GT(page->records.size(), 15u);
  EXPECT_EQ(page->next, ordered(page->records.size()));
}

TEST_P(Conformance, OrderedNumbersSortAsNumbers) {
  EXPECT_EQ(ordered(0x1f), "000000000000001f");
  EXPECT_LT(ordered(255), ordered(256));
  EXPECT_GT(inverted(255), inverted(256));
}

TEST_P(Conformance, RefusesWhatIsOverItsLimits) {
  EXPECT_EQ(commit_kind("p", put(std::string(Limits::key_octets + 1, 'k'), "")), Kind::over_limit);
  EXPECT_EQ(commit_kind("p", put("k", std::string(Limits::value_octets + 1, 'v'))),
            Kind::over_limit);
  EXPECT_EQ(commit_kind("p", put("", "v")), Kind::malformed);
  EXPECT_EQ(commit_kind("p q", put("k", "v")), Kind::malformed);
  EXPECT_EQ(commit_kind("", put("k", "v")), Kind::malformed);
  EXPECT_EQ(commit_kind(std::string(201, 'p'), put("k", "v")), Kind::malformed);
  Batch twice = put("k", "1");
  twice.puts.push_back({"k", "2"});
  EXPECT_EQ(commit_kind("p", twice), Kind::malformed);
  Batch hinted = put("k", "v");
  hinted.hint = std::string(Limits::hint_octets + 1, 'h');
  EXPECT_EQ(commit_kind("p", hinted), Kind::over_limit);
  Batch many, big, checks;
  for (std::size_t i = 0; i <= Limits::mutations; ++i) many.puts.push_back({ordered(i), "v"});
  for (std::size_t i = 0; i < 17; ++i)
    big.puts.push_back({ordered(i), std::string(Limits::value_octets, 'v')});
  for (std::size_t i = 0; i <= Limits::checks; ++i)
    checks.checks.push_back({ordered(i), What::absent, {}});
  EXPECT_EQ(commit_kind("p", many), Kind::over_limit);
  EXPECT_EQ(commit_kind("p", big), Kind::over_limit);
  EXPECT_EQ(commit_kind("p", checks), Kind::over_limit);

  many.puts.pop_back();
  checks.checks.pop_back();
  EXPECT_TRUE(commit("p", many));
  EXPECT_TRUE(commit("q", checks));
  EXPECT_TRUE(commit(std::string(200, '~'), put(std::string(Limits::key_octets, '\xff'),
                                                std::string(Limits::value_octets, 'v'))));
}

TEST_P(Conformance, DropsPartitionsAndListsTheRest) {
  Batch many;
  for (std::size_t i = 0; i < 900; ++i) many.puts.push_back({"1" + ordered(i), "v"});
  ASSERT_TRUE(commit("q/1", many));
  for (Put& one : many.puts) one.key[0] = '2';
  ASSERT_TRUE(commit("q/1", many));
  const auto epoch = commit("q/1", put("!l/x", "me"));
  for (const char* name : {"q/", "q/1/2", "q/2", "q0"}) ASSERT_TRUE(commit(name, put("k", "v")));
  EXPECT_EQ(*lab_.run(store().list("q/", "", 10)),
            (std::vector<Partition>{"q/", "q/1", "q/1/2", "q/2"}));
  EXPECT_EQ(*lab_.run(store().list("q/", "q/1", 1)), (std::vector<Partition>{"q/1/2"}));

  ASSERT_TRUE(lab_.run(store().drop("q/1", Fence{"!l/x", epoch->version})));
  ASSERT_TRUE(lab_.run(store().drop("q/1", std::nullopt)));
  EXPECT_EQ(*lab_.run(store().list("q", "", 10)),
            (std::vector<Partition>{"q/", "q/1/2", "q/2", "q0"}));
}

TEST_P(Conformance, SettlesWhatWasAcknowledged) {
  const auto done = commit("p", put("k", "v"));
  EXPECT_TRUE(lab_.run(store().settle(done->ticket)));
  Ticket other = done->ticket;
  other.attempt.b[25] = 'v';
  EXPECT_EQ(lab_.run(store().settle(other)).error().kind, Kind::conflict);
}

TEST_P(Conformance, BlobsReadBackAsWritten) {
  std::string body;
  for (unsigned i = 0; i < 700000; ++i) body.push_back(static_cast<char>(i * i >> 7));
  const auto writer = *store().blob(std::nullopt);
  for (std::size_t at = 0; at < body.size(); at += 70001)
    ASSERT_TRUE(lab_.run(writer->write(body.substr(at, 70001))));
  EXPECT_EQ(lab_.run(store().stat(writer->id())).error().kind, Kind::not_found) << "not sealed";
  const auto info = lab_.run(writer->seal("p\tk"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->octets, body.size());
  EXPECT_EQ(info->crc32c, crc32c(body));
  EXPECT_EQ(lab_.run(store().stat(writer->id()))->crc32c, info->crc32c);
  const auto read = [&](std::uint64_t offset, std::size_t octets) {
    return *lab_.run(store().read(writer->id(), offset, octets));
  };
  EXPECT_EQ(read(0, SIZE_MAX), body);
  ASSERT_TRUE(commit("p", put("k", writer->id())));
  EXPECT_EQ(read(0, 700000), body);
  EXPECT_EQ(read(262143, 2), body.substr(262143, 2)) << "over a chunk's end";
  EXPECT_EQ(read(262144, 262144), body.substr(262144, 262144));
  EXPECT_EQ(read(699990, 100), body.substr(699990));
  EXPECT_EQ(read(700000, 100), "");
  EXPECT_EQ(read(std::uint64_t{1} << 60, 100), "");
}

TEST_P(Conformance, EmptyBlobsAndBlobsThatAreNone) {
  const BlobId empty = blob("", "p\tk");
  EXPECT_EQ(lab_.run(store().stat(empty))->octets, 0u);
  EXPECT_EQ(*lab_.run(store().read(empty, 0, 10)), "");
  EXPECT_EQ(lab_.run(store().read("nonsense", 0, 1)).error().kind, Kind::malformed);
  const BlobId none(26, '0');
  EXPECT_EQ(lab_.run(store().read(none, 0, 1)).error().kind, Kind::not_found);
  EXPECT_EQ(lab_.run(store().link(none, "p\tk")).error().kind, Kind::not_found);
  EXPECT_EQ(lab_.run(store().link(empty, "no tab")).error().kind, Kind::malformed);
  EXPECT_EQ(store().blob(Limits::blob_octets + 1).error().kind, Kind::over_limit);
}

Task<Result<bool>> none_alive(std::string) { co_return false; }
Task<Result<bool>> all_alive(std::string) { co_return true; }

TEST_P(Conformance, SweepsWhatNobodyHolds) {
  const std::uint32_t today = day_of(lab_.fake.clock.wall());
  const BlobId held = blob("held", "p\theld");
  const BlobId freed = blob(std::string(300000, 'f'), "p\tfreed");
  const BlobId moved = blob("moved", "p\tmoved");
  const BlobId stale = blob("stale", "p\tstale");
  ASSERT_TRUE(lab_.run(store().unlink(freed, "p\tfreed")));
  ASSERT_TRUE(lab_.run(store().unlink(freed, "p\tfreed"))) << "may be repeated";
  ASSERT_TRUE(lab_.run(store().link(moved, "q\tmoved")));
  ASSERT_TRUE(lab_.run(store().link(moved, "q\tmoved")));
  ASSERT_TRUE(lab_.run(store().unlink(moved, "p\tmoved")));
  EXPECT_EQ(*lab_.run(store().sweep(today, all_alive)), 0u) << "all of today";

  lab_.fake.clock.advance(std::chrono::hours(24));
  const BlobId young = blob("young", "p\tyoung");
  const auto stale_is_dead = [](std::string holder) -> Task<Result<bool>> {
    co_return holder != "p\tstale";
  };
  const auto octets = lab_.run(store().sweep(today + 1, stale_is_dead));
  ASSERT_TRUE(octets);
  EXPECT_EQ(*octets, 300005u);
  EXPECT_EQ(lab_.run(store().stat(freed)).error().kind, Kind::not_found);
  EXPECT_EQ(lab_.run(store().stat(stale)).error().kind, Kind::not_found);
  for (const BlobId& id : {held, moved, young}) EXPECT_TRUE(lab_.run(store().stat(id)));

  ASSERT_TRUE(lab_.run(store().link(held, "p\tagain"))) << "linked today: stays";
  EXPECT_EQ(*lab_.run(store().sweep(today + 1, none_alive)), 5u);
  EXPECT_TRUE(lab_.run(store().stat(held)));
  EXPECT_EQ(lab_.run(store().stat(moved)).error().kind, Kind::not_found);
}

TEST_P(Conformance, AWatchRingsWithTheHint) {
  std::vector<Ring> rings;
  auto watch = store().watch("p", lab_.io.get_executor(),
                             [&](Ring ring) { rings.push_back(std::move(ring)); });
  Batch hinted = put("k", "1");
  hinted.hint = "here";
  ASSERT_TRUE(commit("q", hinted));
  ASSERT_TRUE(commit("p", put("k", "no hint")));
  ASSERT_TRUE(commit("p", hinted));
  lab_.settle();
  ASSERT_EQ(rings.size(), 1u);
  EXPECT_EQ(rings[0].partition, "p");
  EXPECT_EQ(rings[0].hint, "here");
  EXPECT_EQ(rings[0].what, Ring::What::changed);
  watch.reset();
  ASSERT_TRUE(commit("p", hinted));
  lab_.settle();
  EXPECT_EQ(rings.size(), 1u);
}

TEST_P(Conformance, TransfersOnce) {
  ASSERT_TRUE(commit("from", put("job", "mail")));
  const Record job = lab_.run(store().get("from", {"job"}))->front();
  Move move{.from = "from", .to = "to", .key = job, .id = "id1", .day = "20000"};
  move.deliver = put("copy", "mail");
  EXPECT_EQ(*lab_.run(transfer(store(), move)), Moved::now);
  EXPECT_EQ(value("from", "job"), std::nullopt);
  EXPECT_EQ(value("to", "copy"), "mail");
  EXPECT_EQ(*lab_.run(transfer(store(), move)), Moved::before) << "a repeat has no effect";

  // a crash between the two commits: the job is still there, the marker too
  const auto again = commit("from", put("job", "mail"));
  move.key.version = again->version;
  ASSERT_TRUE(commit("to", put("copy", "read since")));
  EXPECT_EQ(*lab_.run(transfer(store(), move)), Moved::before);
  EXPECT_EQ(value("to", "copy"), "read since");
  EXPECT_EQ(value("from", "job"), std::nullopt);
}

TEST_P(Conformance, ATransferReportsConflictsThatAreNotItsOwn) {
  ASSERT_TRUE(commit("from", put("job", "mail")));
  const Record job = lab_.run(store().get("from", {"job"}))->front();
  Move move{.from = "from", .to = "to", .key = job, .id = "id1", .day = "20000"};
  move.deliver = put_checked({"mailbox", What::present, {}}, "copy", "mail");
  EXPECT_EQ(lab_.run(transfer(store(), move)).error().kind, Kind::conflict);
  EXPECT_EQ(value("from", "job"), "mail");
  ASSERT_TRUE(commit("from", put("job", "changed")));
  move.deliver.checks.clear();
  EXPECT_EQ(lab_.run(transfer(store(), move)).error().kind, Kind::conflict) << "changed since";
}

TEST_P(Conformance, KeepsEverythingOverARestart) {
  if (!lab_.survives_close()) return;
  const BlobId id = blob(std::string(300000, 'b'), "p\tk");
  const auto before = commit("p", put("k", id));
  lab_.close();
  lab_.open();
  EXPECT_EQ(value("p", "k"), id);
  EXPECT_EQ(lab_.run(store().read(id, 0, SIZE_MAX)), std::string(300000, 'b'));
  const auto after = commit("p", put("k", id));
  EXPECT_NE(before->version, after->version) << "versions are never given twice";
  EXPECT_NE(blob("x", "p\tk"), id);
}

INSTANTIATE_TEST_SUITE_P(Engines, Conformance,
                         ::testing::Values("memory", "file", "split", "split_files"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ph::store::testing
