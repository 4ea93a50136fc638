#include "store/lease.h"

#include <algorithm>
#include <mutex>

#include "base/record.h"

namespace ph::store {
namespace {

using std::chrono::milliseconds;

constexpr std::uint8_t kRecordVersion = 1;
constexpr std::size_t kLeaseNameOctetsMax = 200;
constexpr int kBeatsPerTtl = 3;  // a heartbeat every third of the time to live
constexpr int kLooksPerTtl = 8;  // how often a rival looks for heartbeats

struct LeaseRow {
  std::string owner;
  std::uint64_t incarnation = 0;
  milliseconds ttl{};
};

std::string lease_key(const LeaseRequest& r) { return "!l/" + r.name; }
std::string beat_key(const LeaseRequest& r) { return "!b/" + r.name; }

std::string format_lease(const LeaseRequest& r) {
  return RecordWriter(kRecordVersion)
      .text(1, r.owner)
      .number(2, r.incarnation)
      .number(3, static_cast<std::uint64_t>(r.ttl.count()))
      .take();
}

Result<LeaseRow> parse_lease(std::string_view octets) {
  PH_TRY(RecordReader reader, RecordReader::open(octets, kRecordVersion));
  LeaseRow row;
  while (reader.next()) {
    if (reader.tag() == 1) row.owner = reader.text();
    if (reader.tag() == 2) row.incarnation = reader.number();
    if (reader.tag() == 3) row.ttl = milliseconds(static_cast<std::int64_t>(reader.number()));
  }
  if (reader.broken()) return fail(Kind::corrupt, "a lease's row is damaged");
  return row;
}

/// A lease that is held: shared by its handle and by the coroutine that renews it.
struct Held {
  Held(Store& s, rt::World& w, LeaseRequest r, rt::Executor e)
      : store(s), world(w), request(std::move(r)), executor(e), timer(w.timers.timer(e)) {}
  Store& store;
  rt::World& world;
  const LeaseRequest request;
  const rt::Executor executor;
  const std::unique_ptr<rt::Timer> timer;
  std::mutex mutex;  // guards what follows: state() and fence() are asked from anywhere
  LeaseState state;
  std::function<void()> on_lost;
  bool dropped = false;

  rt::Instant until_of(rt::Instant renewed) const {
    return renewed + std::chrono::nanoseconds(request.ttl) * 4 / 5;
  }
};

Batch beat_batch(const LeaseRequest& request, const Version& epoch) {
  Batch batch;
  batch.checks.push_back({lease_key(request), Check::What::version, epoch});
  batch.puts.push_back({beat_key(request), RecordWriter(kRecordVersion).take()});
  batch.settle = false;
  return batch;
}

Task<void> release(std::shared_ptr<Held> held) {
  Batch batch;
  batch.checks.push_back({lease_key(held->request), Check::What::version, held->state.epoch});
  batch.puts.push_back({lease_key(held->request), std::nullopt});
  batch.puts.push_back({beat_key(held->request), std::nullopt});
  const auto done = co_await held->store.commit(held->request.partition, std::move(batch));
  if (!done && done.error().kind != Kind::conflict)
    held->world.log.error("store: a lease was not released and runs out by itself", done.error());
}

void lose(Held& held) {
  std::function<void()> tell;
  {
    const std::scoped_lock lock(held.mutex);
    held.state.held = false;
    tell.swap(held.on_lost);
  }
  if (tell) tell();
}

/// Renews until the lease is dropped or lost.
Task<void> keep(std::shared_ptr<Held> held) {
  const std::chrono::nanoseconds beat = held->request.ttl / kBeatsPerTtl;
  rt::Instant next = held->world.clock.now() + beat;
  for (;;) {
    [[maybe_unused]] const auto woken = co_await held->timer->wait_until(next);
    rt::Instant until;
    Version epoch;
    bool dropped = false;
    {
      const std::scoped_lock lock(held->mutex);
      until = held->state.until;
      epoch = held->state.epoch;
      dropped = held->dropped;
    }
    if (dropped) {
      co_await release(held);
      co_return;
    }
    const rt::Instant begun = held->world.clock.now();
    auto beaten =
        co_await held->store.commit(held->request.partition, beat_batch(held->request, epoch));
    const rt::Instant now = held->world.clock.now();
    if (beaten) {
      const std::scoped_lock lock(held->mutex);
      held->state.until = held->until_of(begun);
      next = begun + beat;
    } else if (beaten.error().kind == Kind::conflict || now >= until) {
      lose(*held);
      co_return;
    } else {
      next = std::min(until, now + beat / 4);
    }
  }
}

class HeldLease final : public Lease {
 public:
  explicit HeldLease(std::shared_ptr<Held> held) : held_(std::move(held)) {}
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;
  ~HeldLease() override {
    {
      const std::scoped_lock lock(held_->mutex);
      held_->dropped = true;
      held_->on_lost = nullptr;
    }
    boost::asio::post(held_->executor, [held = held_] { held->timer->cancel(); });
  }
  LeaseState state() const override {
    const rt::Instant now = held_->world.clock.now();
    const std::scoped_lock lock(held_->mutex);
    LeaseState state = held_->state;
    state.held = state.held && now < state.until;
    return state;
  }
  Fence fence() const override {
    const std::scoped_lock lock(held_->mutex);
    return {lease_key(held_->request), held_->state.epoch};
  }
  void on_lost(std::function<void()> lost) override {
    const std::scoped_lock lock(held_->mutex);
    if (held_->state.held) {
      held_->on_lost = std::move(lost);
    } else {
      boost::asio::post(held_->executor, std::move(lost));
    }
  }

 private:
  std::shared_ptr<Held> held_;  // with keep(), which may be waiting for the store
};

/// What a rival has seen of the holder: while it changes, the holder lives.
struct Seen {
  Version lease, beat;
  bool operator==(const Seen&) const = default;
};

}  // namespace

Task<Result<std::unique_ptr<Lease>>> acquire_lease(Store& store, rt::World& world,
                                                   LeaseRequest request) {
  if (request.name.empty() || request.name.size() > kLeaseNameOctetsMax)
    co_return fail(Kind::over_limit, "a lease's name is empty or too long", request.name);
  const rt::Executor executor = co_await boost::asio::this_coro::executor;
  const auto timer = world.timers.timer(executor);
  std::optional<Seen> seen;
  rt::Instant seen_at = world.clock.now();
  for (;;) {
    std::vector<std::string> keys{lease_key(request), beat_key(request)};
    PH_CO_TRY(const std::vector<Record> rows,
              co_await store.get(request.partition, std::move(keys)));
    Batch take;
    take.checks.push_back({lease_key(request), Check::What::absent, {}});
    bool free = true;
    if (!rows.empty() && rows.front().key == lease_key(request)) {
      PH_CO_TRY(const LeaseRow row, parse_lease(rows.front().value));
      const Seen now_seen{rows.front().version, rows.back().version};
      if (now_seen != seen) {
        seen = now_seen;
        seen_at = world.clock.now();
      }
      take.checks.front() = {lease_key(request), Check::What::version, rows.front().version};
      free = row.incarnation != request.incarnation ||
             world.clock.now() - seen_at >= std::max(row.ttl, request.ttl);
    }
    if (!free) {
      const std::chrono::nanoseconds look = request.ttl / kLooksPerTtl;
      [[maybe_unused]] const auto waited = co_await timer->wait_until(world.clock.now() + look);
      continue;
    }
    take.puts.push_back({lease_key(request), format_lease(request)});
    take.puts.push_back({beat_key(request), RecordWriter(kRecordVersion).take()});
    take.settle = false;
    const rt::Instant begun = world.clock.now();
    auto taken = co_await store.commit(request.partition, std::move(take));
    if (!taken && taken.error().kind == Kind::conflict) continue;  // a rival was faster
    if (!taken) co_return std::unexpected(std::move(taken).error());
    auto held = std::make_shared<Held>(store, world, request, executor);
    held->state = {true, taken->version, held->until_of(begun), request.owner};
    rt::spawn(executor, keep(held));
    std::unique_ptr<Lease> lease = std::make_unique<HeldLease>(std::move(held));
    co_return lease;
  }
}

}  // namespace ph::store
