// Damage, full disks, second openers, and limits of the embedded engine.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "store/file_engine.h"
#include "store/testing/lab.h"
#include "store/testing/power_fs.h"

namespace ph::store::testing {
namespace {

/// Changes one stored record behind the store's back.
void damage(const std::string& folder, std::size_t family, const std::string& key) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, folder, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, folder, families, &handles, &raw).ok());
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::string octets;
  ASSERT_TRUE(db->Get({}, handles[family], key, &octets).ok());
  octets.back() ^= 0x20;
  ASSERT_TRUE(db->Put({}, handles[family], key, octets).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) delete handle;
}

class Fault : public ::testing::Test {
 protected:
  std::string rows_folder() const { return lab_.folder() + "/rows"; }
  Lab lab_{"file"};
};

TEST_F(Fault, ADamagedRowIsFencedOffAlone) {
  Batch three = put("a", "1");
  three.puts.push_back({"b", "2"});
  three.puts.push_back({"c", "3"});
  ASSERT_TRUE(lab_.run(lab_.store().commit("p", three)));
  lab_.close();
  damage(rows_folder(), 1, row_key("p", "b"));
  lab_.open();
  EXPECT_EQ(lab_.run(lab_.store().get("p", {"b"})).error().kind, Kind::corrupt);
  EXPECT_EQ(lab_.run(lab_.store().get("p", {"a", "c"}))->size(), 2u);
  const auto page = lab_.run(lab_.store().scan("p", {}, 10));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), 2u) << "left out";
  EXPECT_FALSE(lab_.fake.log.lines().empty()) << "and logged";
  const Check check{"b", Check::What::present, {}};
  EXPECT_EQ(lab_.run(lab_.store().commit("p", put_checked(check, "d", "4"))).error().kind,
            Kind::corrupt)
      << "a batch that depends on it does not guess";
  ASSERT_TRUE(lab_.run(lab_.store().commit("p", put("b", "whole again"))));
  EXPECT_EQ(lab_.run(lab_.store().get("p", {"b"}))->front().value, "whole again");
}

TEST_F(Fault, ADamagedBlobIsFencedOffAlone) {
  const BlobId whole = *lab_.run(write_blob(lab_.store(), "whole", "p\tk"));
  const BlobId broken = *lab_.run(write_blob(lab_.store(), std::string(300000, 'x'), "p\tk"));
  lab_.close();
  damage(rows_folder(), 2, chunk_key(broken, 1));
  lab_.open();
  EXPECT_EQ(lab_.run(lab_.store().read(broken, 0, SIZE_MAX)).error().kind, Kind::corrupt);
  EXPECT_EQ(lab_.run(lab_.store().read(broken, 0, 1000)), std::string(1000, 'x'));
  EXPECT_EQ(lab_.run(lab_.store().read(whole, 0, SIZE_MAX)), "whole");
}

TEST_F(Fault, NoRoomIsUnavailableAndPasses) {
  ASSERT_TRUE(lab_.run(lab_.store().commit("p", put("k", "1"))));
  const auto writer = *lab_.store().blob(std::nullopt);
  ASSERT_TRUE(lab_.run(writer->write("body")));
  lab_.fake.disk.free = Space::kReserveOctets - 1;
  lab_.fake.clock.advance(Space::kAnswerAgeMax);
  EXPECT_FALSE(lab_.store().has_room(0));
  EXPECT_TRUE(lab_.run(lab_.store().commit("p", put("k", "2")))) << "rows may use the reserve";
  lab_.fake.disk.free = Space::kFloorOctets - 1;
  lab_.fake.clock.advance(Space::kAnswerAgeMax);
  EXPECT_EQ(lab_.run(lab_.store().commit("p", put("k", "2"))).error().kind, Kind::unavailable);
  EXPECT_EQ(lab_.store().blob(1).error().kind, Kind::unavailable);
  EXPECT_EQ(lab_.run(writer->seal("p\tk")).error().kind, Kind::unavailable);
  Batch remove;
  remove.puts.push_back({"k", std::nullopt});
  EXPECT_TRUE(lab_.run(lab_.store().commit("p", remove))) << "what makes room is not refused";

  lab_.fake.disk.free = Space::kReserveOctets + 1000;
  lab_.fake.clock.advance(Space::kAnswerAgeMax);
  EXPECT_TRUE(lab_.store().has_room(1000));
  EXPECT_FALSE(lab_.store().has_room(1001));
  EXPECT_TRUE(lab_.run(lab_.store().commit("p", put("k", "2"))));
  EXPECT_TRUE(lab_.run(writer->seal("p\tk"))) << "a refused seal may be tried again";
  EXPECT_EQ(lab_.run(lab_.store().read(writer->id(), 0, 100)), "body");
}

TEST(MemoryStore, NoRoomIsUnavailableAndPasses) {
  FakeWorld fake;
  boost::asio::io_context io;
  const auto store = *open("memory:100", "", fake.world);
  EXPECT_TRUE(run(io, store->commit("p", put("k", std::string(50, 'v')))));
  EXPECT_EQ(run(io, store->commit("p", put("l", std::string(50, 'v')))).error().kind,
            Kind::unavailable);
  Batch remove;
  remove.puts.push_back({"k", std::nullopt});
  EXPECT_TRUE(run(io, store->commit("p", remove)));
  EXPECT_TRUE(run(io, store->commit("p", put("l", std::string(50, 'v')))));
}

TEST_F(Fault, ASecondOpenerIsTurnedAway) {
  FakeWorld other;
  const auto second = open("file:" + rows_folder(), "", other.world);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::refused);
  EXPECT_NE(second.error().detail.find(rows_folder()), std::string::npos);
  lab_.close();
  EXPECT_TRUE(open("file:" + rows_folder(), "", other.world));
}

TEST(Open, KnowsItsUrls) {
  FakeWorld fake;
  for (const char* url : {"", "memory", "file:", "rados:x", "memory:x", "file:/tmp/x?reserve=x"})
    EXPECT_EQ(open(url, "", fake.world).error().kind, Kind::malformed) << url;
  EXPECT_EQ(open("file:/proc/nothing/store", "", fake.world).error().kind, Kind::unavailable);
}

TEST_F(Fault, AQueuedCommitMeetsItsDeadline) {
  Opt none{.deadline = std::chrono::milliseconds(0)};
  EXPECT_EQ(lab_.run(lab_.store().commit("p", put("k", "1"), none)).error().kind, Kind::timed_out);
  EXPECT_TRUE(lab_.run(lab_.store().get("p", {"k"}))->empty());
}

TEST_F(Fault, AClosedStoreSaysSo) {
  const auto writer = *lab_.store().blob(1);
  lab_.store().close();
  EXPECT_EQ(lab_.run(lab_.store().commit("p", put("k", "1"))).error().kind, Kind::cancelled);
  EXPECT_EQ(lab_.run(lab_.store().get("p", {"k"})).error().kind, Kind::cancelled);
  EXPECT_EQ(lab_.run(writer->seal("p\tk")).error().kind, Kind::cancelled);
}

// What is not in memory is read by a worker's thread, not by the caller's.
TEST(ColdReads, GoToTheWorkers) {
  TempFolder folder;
  FakeWorld fake;
  boost::asio::io_context io;
  BlobId id;
  {
    const auto store = *open("file:" + folder.path(), "", fake.world);
    ASSERT_TRUE(run(io, store->commit("p", put("k", "v"))));
    id = *run(io, write_blob(*store, std::string(100000, 'b'), "p\tk"));
  }
  fake.workers.on_threads = true;
  const auto store = *open("file:" + folder.path(), "", fake.world);  // recovery wrote tables
  EXPECT_EQ(run(io, store->get("p", {"k"}))->front().value, "v");
  EXPECT_EQ(run(io, store->scan("p", {}, 10))->records.size(), 1u);
  EXPECT_EQ(run(io, store->read(id, 0, SIZE_MAX)), std::string(100000, 'b'));
  EXPECT_GT(fake.workers.posted, 0);
  const int cold = fake.workers.posted;
  EXPECT_EQ(run(io, store->get("p", {"k"}))->front().value, "v");
  EXPECT_EQ(fake.workers.posted, cold) << "and is in memory then";
}

// One seal and one commit: no round trip for the seal, and one sync for both.
TEST(OneSync, ASealReturnsWhenItIsQueued) {
  auto fs = std::make_shared<PowerFs>();
  InlineEnv env(fs);
  FakeWorld fake;
  boost::asio::io_context io;
  FileSetup setup;
  setup.database = {.folder = "/s", .env = &env, .deletes_inline = true};
  setup.runs_inline = true;
  const auto engine = *FileEngine::open(std::move(setup), fake.world);
  const auto id = run(io, write_blob(*engine, std::string(10000, 'b'), "p\tk"));
  ASSERT_TRUE(id) << "without a group having been written";
  EXPECT_EQ(run(io, engine->read(*id, 0, SIZE_MAX, {})), std::string(10000, 'b'));
  std::optional<Result<Committed>> done;
  boost::asio::co_spawn(io.get_executor(), engine->commit("p", put("k", *id), {}),
                        [&](std::exception_ptr, Result<Committed> r) { done = std::move(r); });
  io.restart();
  io.poll();
  const std::uint64_t before = fs->operations();
  EXPECT_TRUE(engine->run_group());
  EXPECT_FALSE(engine->run_group());
  EXPECT_LE(fs->operations() - before, 3u) << "one append, one sync (and the folder's, once)";
  io.restart();
  io.poll();
  ASSERT_TRUE(done && *done);
  while (env.run_jobs()) {
  }
  engine->close();
}

}  // namespace
}  // namespace ph::store::testing
