// "Nothing lost": the power fails at every single disk operation, with several ways to tear what
// was not synced, and every acknowledged commit is there afterwards, whole, with its blob.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "store/file_engine.h"
#include "store/testing/lab.h"
#include "store/testing/power_fs.h"

namespace ph::store::testing {
namespace {

constexpr const char* kFolder = "/var/lib/store";

/// What the outside world knows of one pair of rows that are always written together.
struct Knowledge {
  bool put_sent = false, put_acknowledged = false, drop_sent = false, drop_acknowledged = false;
};

std::string body_of(int mail) {
  // below and above what RocksDB keeps apart, and more than one chunk
  constexpr std::array<std::size_t, 6> kOctets{100, 12000, 3000, 30000, 0, 270000};
  std::string body;
  const std::size_t octets = kOctets[static_cast<std::size_t>(mail) % kOctets.size()];
  for (std::size_t i = 0; i < octets; ++i)
    body.push_back(static_cast<char>(i * 31 + static_cast<std::size_t>(mail)));
  return body;
}

Partition partition_of(int mail) { return "m/" + std::to_string(mail % 3); }
std::string holder_of(int mail) { return partition_of(mail) + "\tmail" + std::to_string(mail); }

/// A blob, then in one batch two rows that name it; later perhaps both rows deleted.
Task<Result<Done>> deliver(FileEngine& engine, int mail, bool then_delete, Knowledge& known) {
  auto id = co_await write_blob(engine, body_of(mail), holder_of(mail));
  if (!id) co_return std::unexpected(id.error());
  const std::string key = "mail" + std::to_string(mail);
  Batch put;
  put.checks.push_back({key, Check::What::absent, {}});
  put.puts.push_back({key, *id});
  put.puts.push_back({"pair" + std::to_string(mail), *id});
  known.put_sent = true;
  PH_CO_TRY([[maybe_unused]] const Committed done,
            co_await engine.commit(partition_of(mail), std::move(put), {}));
  known.put_acknowledged = true;
  if (!then_delete) co_return Done{};
  Batch drop;
  drop.puts.push_back({key, std::nullopt});
  drop.puts.push_back({"pair" + std::to_string(mail), std::nullopt});
  known.drop_sent = true;
  PH_CO_TRY([[maybe_unused]] const Committed gone,
            co_await engine.commit(partition_of(mail), std::move(drop), {}));
  known.drop_acknowledged = true;
  auto unlinked = co_await engine.unlink(*id, holder_of(mail), {});
  co_return unlinked;
}

Task<void> deliver_one(FileEngine& engine, int mail, Knowledge& known) {
  [[maybe_unused]] const auto done = co_await deliver(engine, mail, mail % 4 == 1, known);
}

/// One life of the machine: from power on to power off.
class Machine {
 public:
  explicit Machine(std::shared_ptr<PowerFs> fs) : fs_(std::move(fs)), env_(fs_) {
    FileSetup setup;
    setup.database = {
        .folder = kFolder, .env = &env_, .memtable_octets = 64 << 10, .deletes_inline = true};
    setup.runs_inline = true;
    setup.fatal = [](const Error&) {};  // the power is off
    auto opened = FileEngine::open(std::move(setup), fake_.world);
    if (opened) {
      engine_ = *std::move(opened);
    } else {
      failure_ = describe(opened.error());
    }
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    while (env_.run_jobs()) {
    }
    fs_->cut_power();
    if (engine_) engine_->close();
    io_.restart();
    io_.poll();
  }

  bool is_open() const { return engine_ != nullptr; }
  const std::string& failure() const { return failure_; }
  FileEngine& engine() { return *engine_; }

  /// Waves of three deliveries at a time, so that groups hold several works.
  void deliver_all(int mails, std::map<int, Knowledge>& known) {
    for (int mail = 0; mail < mails && !fs_->is_off(); ++mail) {
      rt::spawn(io_.get_executor(), deliver_one(*engine_, mail, known[mail]));
      if (mail % 3 == 2) drive();
    }
    drive();
  }
  void drive() {
    for (bool moved = true; moved;) {
      io_.restart();
      moved = io_.poll() > 0;
      moved |= engine_->run_group();
      moved |= env_.run_jobs();
    }
  }
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    Result<T> result = fail(Kind::cancelled, "not done");
    boost::asio::co_spawn(io_.get_executor(), std::move(task),
                          [&result](std::exception_ptr, Result<T> r) { result = std::move(r); });
    drive();
    return result;
  }

 private:
  FakeWorld fake_;
  boost::asio::io_context io_;
  std::shared_ptr<PowerFs> fs_;  // with env_
  InlineEnv env_;
  std::unique_ptr<FileEngine> engine_;
  std::string failure_;
};

void expect_intact(Machine& machine, const std::map<int, Knowledge>& known) {
  for (const auto& [mail, k] : known) {
    SCOPED_TRACE("mail " + std::to_string(mail));
    const std::string number = std::to_string(mail);
    const auto rows = machine.run(
        machine.engine().get(partition_of(mail), {"mail" + number, "pair" + number}, {}));
    ASSERT_TRUE(rows) << describe(rows.error());
    EXPECT_NE(rows->size(), 1u) << "half a batch";
    if (k.put_acknowledged && !k.drop_sent) EXPECT_EQ(rows->size(), 2u) << "lost";
    if (k.drop_acknowledged || !k.put_sent) EXPECT_EQ(rows->size(), 0u) << "came back";
    if (rows->empty()) continue;
    const auto body = machine.run(machine.engine().read(rows->front().value, 0, SIZE_MAX, {}));
    ASSERT_TRUE(body) << describe(body.error());
    EXPECT_TRUE(*body == body_of(mail)) << "another body";
  }
}

/// The store goes on after a recovery, and gives no version twice.
void expect_usable(Machine& machine, std::set<std::string>& versions,
                   std::map<int, Knowledge>& known, int mail) {
  const auto done = machine.run(machine.engine().commit("probe", put("k", "v"), {}));
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_TRUE(versions.insert({done->version.b, sizeof done->version.b}).second);
  const auto written = machine.run(deliver(machine.engine(), mail, false, known[mail]));
  ASSERT_TRUE(written) << describe(written.error());
}

struct Case {
  std::uint64_t seed;
  int mails;
  bool from_empty;  // power fails while the store is being made as well
};

/// Runs `c` with the power failing after `count` operations; true if it failed.
bool fail_power_after(std::uint64_t count, const Case& c, const PowerFs& start) {
  auto fs = std::make_shared<PowerFs>(start);
  FakeRandom random(c.seed * 1000003 + count);
  std::map<int, Knowledge> known;
  std::set<std::string> versions;
  fs->fail_after(count);
  bool failed = false;
  {
    Machine before(fs);
    if (before.is_open()) before.deliver_all(c.mails, known);
    failed = fs->is_off();
  }
  fs->restore(random);
  if (random.below(2) == 0) {  // and again while recovering
    fs->fail_after(random.below(40));
    {
      const Machine during(fs);
    }
    fs->restore(random);
  }
  {
    Machine after(fs);
    EXPECT_TRUE(after.is_open()) << after.failure();
    if (!after.is_open()) return false;
    expect_intact(after, known);
    expect_usable(after, versions, known, 1001);
  }
  if (random.below(3) > 0) return failed;
  fs->restore(random);
  Machine last(fs);
  EXPECT_TRUE(last.is_open()) << last.failure();
  if (!last.is_open()) return false;
  expect_intact(last, known);
  expect_usable(last, versions, known, 1002);
  return failed;
}

void fail_power_everywhere(const Case& c) {
  PowerFs start;
  if (!c.from_empty) {
    auto fs = std::make_shared<PowerFs>();
    {
      Machine first(fs);
      ASSERT_TRUE(first.is_open()) << first.failure();
    }
    FakeRandom random(c.seed);
    fs->restore(random);
    start.~PowerFs();
    new (&start) PowerFs(*fs);
  }
  std::uint64_t count = 0;
  while (fail_power_after(count, c, start)) {
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "operation " << count << ", seed " << c.seed;
      return;
    }
    ++count;
  }
  EXPECT_FALSE(::testing::Test::HasFailure()) << "operation " << count << ", seed " << c.seed;
  EXPECT_GT(count, 50u);
  std::printf("power failed at each of %d operations\n", static_cast<int>(count));
}

class StoreCrash : public ::testing::TestWithParam<Case> {};

TEST_P(StoreCrash, KeepsEveryAcknowledgedCommitAndItsBlob) { fail_power_everywhere(GetParam()); }

INSTANTIATE_TEST_SUITE_P(EveryOperation, StoreCrash,
                         ::testing::Values(Case{1, 3, true}, Case{2, 12, false},
                                           Case{3, 16, false}),
                         [](const auto& test) { return "seed" + std::to_string(test.param.seed); });

// The test must be able to fail: without the sync of a commit, the power takes acknowledged mail.
TEST(PowerFs, ForgetsWhatWasNotSynced) {
  const auto fs = std::make_shared<PowerFs>();
  const PowerFs::IO io;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(fs->CreateDir("/d", io, nullptr).ok());
  ASSERT_TRUE(fs->NewWritableFile("/d/f", {}, &file, nullptr).ok());
  ASSERT_TRUE(file->Append("synced", io, nullptr).ok());
  ASSERT_TRUE(file->Sync(io, nullptr).ok());
  ASSERT_TRUE(file->Append(std::string(1000, 'x'), io, nullptr).ok());
  int lost_entries = 0, lost_octets = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    PowerFs copy(*fs);
    FakeRandom random(seed);
    copy.restore(random);
    std::uint64_t octets = 0;
    if (!copy.GetFileSize("/d/f", io, &octets, nullptr).ok())
      ++lost_entries;
    else if (octets < 1006)
      ++lost_octets;
    EXPECT_TRUE(octets == 0 || octets >= 6);
  }
  EXPECT_GT(lost_entries, 5);
  EXPECT_GT(lost_octets, 5);
}

}  // namespace
}  // namespace ph::store::testing
