// A store that dies at its n-th change, as a process does: crash tests walk n from 0 until a run is
// over before it. Header only, so that the tests of every room above can use it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace ph::store::testing {

/// Passes everything on to `inner` until change number `at` (counting commits, drops, seals, links
/// and unlinks from 0). That one is applied or not (`apply_last`), its answer is lost, and from
/// then on every call fails: the process is dead. A new room over `inner` is the restart.
class FailingStore final : public Store {
 public:
  struct Plan {
    std::uint64_t at = ~std::uint64_t{0};
    bool apply_last = false;
    std::function<void()> died = {};  // called at that instant
  };
  FailingStore(Store& inner, Plan plan) : inner_(inner), plan_(std::move(plan)) {}

  bool dead() const { return dead_; }
  /// The store was out of order for a while, and no process died: from now on all goes well.
  void recover() {
    dead_ = false;
    plan_.at = ~std::uint64_t{0};
  }
  /// Out of order from change `more` on, counted from now.
  void fail_after(std::uint64_t more, bool apply_last) {
    plan_ = {changes_ + more, apply_last, plan_.died};
  }
  /// It does not die any more by itself.
  void spare() { plan_.at = ~std::uint64_t{0}; }
  std::uint64_t changes() const { return changes_; }
  std::uint64_t octets_put() const { return octets_put_; }
  std::uint64_t keys_put() const { return keys_put_; }

  Task<Result<std::vector<Record>>> get(Partition partition, std::vector<std::string> keys,
                                        Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.get(std::move(partition), std::move(keys), opt);
  }
  Task<Result<Page>> scan(Partition partition, Range range, std::size_t keys_max,
                          Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.scan(std::move(partition), std::move(range), keys_max, opt);
  }
  Task<Result<Committed>> commit(Partition partition, Batch batch, Opt opt) override {
    for (const Put& put : batch.puts) {
      ++keys_put_;
      octets_put_ += put.key.size() + (put.value ? put.value->size() : 0);
    }
    const Next next = count();
    if (next == Next::refuse) co_return gone();
    auto done = co_await inner_.commit(std::move(partition), std::move(batch), opt);
    if (next == Next::apply_and_die) co_return gone();
    co_return done;
  }
  Task<Result<Done>> settle(Ticket ticket, Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.settle(std::move(ticket), opt);
  }
  Task<Result<Done>> drop(Partition partition, std::optional<Fence> fence, Opt opt) override {
    const Next next = count();
    if (next == Next::refuse) co_return gone();
    auto done = co_await inner_.drop(std::move(partition), std::move(fence), opt);
    if (next == Next::apply_and_die) co_return gone();
    co_return done;
  }
  Task<Result<std::vector<Partition>>> list(std::string prefix, std::string after, std::size_t max,
                                            Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.list(std::move(prefix), std::move(after), max, opt);
  }
  Result<std::unique_ptr<BlobWriter>> blob(std::optional<std::uint64_t> octets, Opt opt) override {
    if (dead_) return gone();
    auto inner = inner_.blob(octets, opt);
    if (!inner) return inner;
    return std::make_unique<Writer>(*this, *std::move(inner));
  }
  Task<Result<std::string>> read(BlobId id, std::uint64_t offset, std::size_t octets,
                                 Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.read(std::move(id), offset, octets, opt);
  }
  Task<Result<BlobInfo>> stat(BlobId id, Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.stat(std::move(id), opt);
  }
  Task<Result<Done>> link(BlobId id, std::string holder, Opt opt) override {
    const Next next = count();
    if (next == Next::refuse) co_return gone();
    auto done = co_await inner_.link(std::move(id), std::move(holder), opt);
    if (next == Next::apply_and_die) co_return gone();
    co_return done;
  }
  Task<Result<Done>> unlink(BlobId id, std::string holder, Opt opt) override {
    const Next next = count();
    if (next == Next::refuse) co_return gone();
    auto done = co_await inner_.unlink(std::move(id), std::move(holder), opt);
    if (next == Next::apply_and_die) co_return gone();
    co_return done;
  }
  Task<Result<std::uint64_t>> sweep(std::uint32_t day, Alive alive, Opt opt) override {
    if (dead_) co_return gone();
    co_return co_await inner_.sweep(day, std::move(alive), opt);
  }
  std::unique_ptr<Watch> watch(Partition partition, rt::Executor executor,
                               std::function<void(Ring)> ring) override {
    return inner_.watch(std::move(partition), std::move(executor), std::move(ring));
  }
  std::chrono::milliseconds poll_every() const override { return inner_.poll_every(); }
  Task<Result<std::unique_ptr<Lease>>> acquire(Partition partition, std::string name,
                                               std::string owner,
                                               std::chrono::milliseconds ttl) override {
    if (dead_) co_return gone();
    co_return co_await inner_.acquire(std::move(partition), std::move(name), std::move(owner), ttl);
  }
  bool has_room(std::uint64_t octets) override { return inner_.has_room(octets); }
  void close() override {}  // the inner store goes on: it is the disk

 private:
  enum class Next : std::uint8_t { apply, apply_and_die, refuse };
  static std::unexpected<Error> gone() {
    return fail(Kind::unavailable, "the process is dead (crash test)");
  }
  Next count() {
    if (dead_) return Next::refuse;
    if (changes_++ < plan_.at) return Next::apply;
    dead_ = true;
    if (plan_.died) plan_.died();
    return plan_.apply_last ? Next::apply_and_die : Next::refuse;
  }

  class Writer final : public BlobWriter {
   public:
    Writer(FailingStore& store, std::unique_ptr<BlobWriter> inner)
        : store_(store), inner_(std::move(inner)) {}
    Task<Result<Done>> write(std::string octets) override {
      if (store_.dead_) co_return gone();
      co_return co_await inner_->write(std::move(octets));
    }
    Task<Result<BlobInfo>> seal(std::string holder) override {
      const Next next = store_.count();
      if (next == Next::refuse) co_return gone();
      auto done = co_await inner_->seal(std::move(holder));
      if (next == Next::apply_and_die) co_return gone();
      co_return done;
    }
    BlobId id() const override { return inner_->id(); }

   private:
    FailingStore& store_;
    std::unique_ptr<BlobWriter> inner_;
  };

  Store& inner_;
  Plan plan_;
  std::uint64_t changes_ = 0, octets_put_ = 0, keys_put_ = 0;
  bool dead_ = false;
};

}  // namespace ph::store::testing
