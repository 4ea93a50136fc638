#include "store/file_engine.h"

#include <cstdio>
#include <cstdlib>

#include "store/file_look.h"

namespace ph::store {
namespace {

constexpr int kExitDiskFailed = 74;  // EX_IOERR of sysexits.h

void end_process(rt::Log& log, const Error& error) {
  log.error("store: a write failed; ending, so that recovery finds out what is on disk", error);
  std::fprintf(stderr, "posthouse: the store's disk fails: %s\n", describe(error).c_str());
  std::_Exit(kExitDiskFailed);
}

}  // namespace

Result<std::unique_ptr<FileEngine>> FileEngine::open(FileSetup setup, rt::World& world) {
  PH_TRY(auto database, Database::open(setup.database, world.log));
  PH_TRY(const std::uint64_t incarnation, database->next_incarnation());
  return std::unique_ptr<FileEngine>(
      new FileEngine(world, std::move(database), incarnation, std::move(setup)));
}

FileEngine::FileEngine(rt::World& world, std::unique_ptr<Database> database,
                       std::uint64_t incarnation, FileSetup setup)
    : LocalEngine(world, incarnation),
      database_(std::move(database)),
      pending_(std::make_shared<PendingBlobs>()),
      space_(world, setup.database.folder, setup.reserve_octets) {
  if (!setup.fatal) setup.fatal = [&log = world.log](const Error& e) { end_process(log, e); };
  committer_ = std::make_unique<Committer>(
      *database_, world.clock,
      Committer::Setup{.runs_inline = setup.runs_inline, .fatal = std::move(setup.fatal)});
}

Task<Result<std::vector<Record>>> FileEngine::get(Partition partition,
                                                  std::vector<std::string> keys,
                                                  [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done fits, check_keys(partition, keys));
  auto read = [partition = std::move(partition), keys = std::move(keys)](
                  const Database& database, const PendingBlobs&, Depth depth) {
    return database.rows(partition, keys, depth);
  };
  auto records = co_await look<std::vector<Record>>(std::move(read));
  co_return records;
}

Task<Result<Page>> FileEngine::scan(Partition partition, Range range, std::size_t keys_max,
                                    [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_partition(partition));
  if (keys_max == 0) co_return fail(Kind::malformed, "a page has at least one key");
  auto read = [partition = std::move(partition), range = std::move(range), keys_max](
                  const Database& database, const PendingBlobs&, Depth depth) {
    return database.page(partition, range, keys_max, depth);
  };
  auto page = co_await look<Page>(std::move(read));
  co_return page;
}

Task<Result<Committed>> FileEngine::commit(Partition partition, Batch batch, Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done fits, check_batch(partition, batch));
  if (adds_data(batch) && !space_.has_floor())
    co_return fail(Kind::unavailable, "no room on the disk");
  if (committer_->is_full()) co_return fail(Kind::unavailable, "the store's queue is full");
  const rt::Instant deadline = world_.clock.now() + opt.deadline;
  auto committed = co_await submit<CommitWork>(&board_, std::move(partition), std::move(batch),
                                               ids_.next_version(), deadline);
  co_return committed;
}

Task<Result<Done>> FileEngine::drop(Partition partition, std::optional<Fence> fence,
                                    [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_partition(partition));
  std::optional<std::string> next = row_key(partition, "");
  while (next) {
    PH_CO_TRY(next, co_await submit<DropWork>(partition, fence, *next, kDropKeysMax));
  }
  co_return Done{};
}

Task<Result<std::vector<Partition>>> FileEngine::list(std::string prefix, std::string after,
                                                      std::size_t max, [[maybe_unused]] Opt opt) {
  const std::size_t count = std::min(max, Limits::page_keys);
  auto read = [prefix = std::move(prefix), after = std::move(after), count](
                  const Database& database, const PendingBlobs&,
                  Depth) -> Found<std::vector<Partition>> {
    PH_TRY(auto partitions, database.partitions(prefix, after, count));
    return partitions;
  };
  auto partitions = co_await look<std::vector<Partition>>(std::move(read), false);
  co_return partitions;
}

Task<Result<Done>> FileEngine::sync() {
  auto done = co_await submit<SyncWork>();
  co_return done;
}

void FileEngine::close() {
  if (closed_.exchange(true)) return;
  committer_->stop();
  database_.reset();  // unlocks the folder
}

}  // namespace ph::store
