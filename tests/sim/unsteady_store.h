// A store whose disk has bad times: writes fail, take long, or find no space, by a seed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rt/world.h"
#include "sim/random.h"
#include "store/conditions.h"
#include "store/store.h"

namespace ph::testing {

struct StoreFaults {
  /// Of a million changes so many fail (nothing is applied), and so many are answered late.
  std::uint32_t failed_per_million = 0;
  std::uint32_t slow_per_million = 0;
  std::chrono::milliseconds slow_max{3000};
  bool no_room = false;   // below the reserve: no new message bodies
  bool no_floor = false;  // nothing left: nothing that adds data
};

/// Passes on what does not fail. It belongs to the machine, not to a server's life on it: the
/// faults stay over restarts. On the simulation's thread.
class UnsteadyStore final : public store::Store {
 public:
  /// References outlive it.
  UnsteadyStore(store::Store& inner, rt::World& world, rt::Executor executor, std::uint64_t seed)
      : inner_(inner), world_(world), executor_(std::move(executor)), random_(seed) {}

  void set_faults(StoreFaults faults) { faults_ = faults; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t without_room() const { return without_room_; }
  std::uint64_t late() const { return late_; }

  Task<Result<std::vector<store::Record>>> get(store::Partition partition,
                                               std::vector<std::string> keys,
                                               store::Opt opt) override {
    co_return co_await inner_.get(std::move(partition), std::move(keys), opt);
  }
  Task<Result<store::Page>> scan(store::Partition partition, store::Range range,
                                 std::size_t keys_max, store::Opt opt) override {
    co_return co_await inner_.scan(std::move(partition), std::move(range), keys_max, opt);
  }
  Task<Result<store::Committed>> commit(store::Partition partition, store::Batch batch,
                                        store::Opt opt) override {
    PH_CO_TRY([[maybe_unused]] const Done may,
              may_change(faults_.no_floor && store::adds_data(batch)));
    auto done = co_await inner_.commit(std::move(partition), std::move(batch), opt);
    co_await be_late();
    co_return done;
  }
  Task<Result<Done>> settle(store::Ticket ticket, store::Opt opt) override {
    co_return co_await inner_.settle(std::move(ticket), opt);
  }
  Task<Result<Done>> drop(store::Partition partition, std::optional<store::Fence> fence,
                          store::Opt opt) override {
    PH_CO_TRY([[maybe_unused]] const Done may, may_change(false));
    co_return co_await inner_.drop(std::move(partition), std::move(fence), opt);
  }
  Task<Result<std::vector<store::Partition>>> list(std::string prefix, std::string after,
                                                   std::size_t max, store::Opt opt) override {
    co_return co_await inner_.list(std::move(prefix), std::move(after), max, opt);
  }
  Result<std::unique_ptr<store::BlobWriter>> blob(std::optional<std::uint64_t> octets,
                                                  store::Opt opt) override {
    if (!has_room(octets.value_or(0))) return no_room();
    PH_TRY(auto inner, inner_.blob(octets, opt));
    return std::make_unique<Writer>(*this, std::move(inner));
  }
  Task<Result<std::string>> read(store::BlobId id, std::uint64_t offset, std::size_t octets,
                                 store::Opt opt) override {
    co_return co_await inner_.read(std::move(id), offset, octets, opt);
  }
  Task<Result<store::BlobInfo>> stat(store::BlobId id, store::Opt opt) override {
    co_return co_await inner_.stat(std::move(id), opt);
  }
  Task<Result<Done>> link(store::BlobId id, std::string holder, store::Opt opt) override {
    PH_CO_TRY([[maybe_unused]] const Done may, may_change(faults_.no_floor));
    co_return co_await inner_.link(std::move(id), std::move(holder), opt);
  }
  Task<Result<Done>> unlink(store::BlobId id, std::string holder, store::Opt opt) override {
    PH_CO_TRY([[maybe_unused]] const Done may, may_change(false));
    co_return co_await inner_.unlink(std::move(id), std::move(holder), opt);
  }
  Task<Result<std::uint64_t>> sweep(std::uint32_t day, Alive alive, store::Opt opt) override {
    co_return co_await inner_.sweep(day, std::move(alive), opt);
  }
  std::unique_ptr<store::Watch> watch(store::Partition partition, rt::Executor executor,
                                      std::function<void(store::Ring)> ring) override {
    return inner_.watch(std::move(partition), std::move(executor), std::move(ring));
  }
  std::chrono::milliseconds poll_every() const override { return inner_.poll_every(); }
  Task<Result<std::unique_ptr<store::Lease>>> acquire(store::Partition partition, std::string name,
                                                      std::string owner,
                                                      std::chrono::milliseconds ttl) override {
    co_return co_await inner_.acquire(std::move(partition), std::move(name), std::move(owner), ttl);
  }
  bool has_room(std::uint64_t octets) override {
    const bool room = !faults_.no_room && !faults_.no_floor;
    return room && inner_.has_room(octets);
  }
  void close() override {}

 private:
  std::unexpected<Error> no_room() {
    ++without_room_;
    return fail(Kind::unavailable, "no room on the disk (simulated)");
  }
  Result<Done> may_change(bool full) {
    if (full) return no_room();
    if (!random_.chance(faults_.failed_per_million)) return Done{};
    ++failed_;
    return fail(Kind::unavailable, "the disk fails (simulated)");
  }
  /// The change is made; its answer takes a while.
  Task<void> be_late() {
    if (!random_.chance(faults_.slow_per_million)) co_return;
    ++late_;
    const auto timer = world_.timers.timer(executor_);
    const std::chrono::milliseconds wait(static_cast<std::int64_t>(
        random_.below(static_cast<std::uint64_t>(faults_.slow_max.count()))));
    auto slept = co_await timer->wait_until(world_.clock.now() + wait);
    static_cast<void>(slept);
  }

  class Writer final : public store::BlobWriter {
   public:
    Writer(UnsteadyStore& on, std::unique_ptr<store::BlobWriter> inner)
        : store_(on), inner_(std::move(inner)) {}
    Task<Result<Done>> write(std::string octets) override {
      PH_CO_TRY([[maybe_unused]] const Done may, store_.may_change(false));
      co_return co_await inner_->write(std::move(octets));
    }
    Task<Result<store::BlobInfo>> seal(std::string holder) override {
      PH_CO_TRY([[maybe_unused]] const Done may, store_.may_change(!store_.has_room(0)));
      auto sealed = co_await inner_->seal(std::move(holder));
      co_await store_.be_late();
      co_return sealed;
    }
    store::BlobId id() const override { return inner_->id(); }

   private:
    UnsteadyStore& store_;
    std::unique_ptr<store::BlobWriter> inner_;
  };

  store::Store& inner_;
  rt::World& world_;
  rt::Executor executor_;
  sim::Random random_;
  StoreFaults faults_;
  std::uint64_t failed_ = 0, without_room_ = 0, late_ = 0;
};

}  // namespace ph::testing
