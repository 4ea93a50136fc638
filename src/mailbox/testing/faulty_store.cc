#include "mailbox/testing/faulty_store.h"

#include <utility>

namespace ph::mailbox::testing {
namespace {

/// A call that is not a commit: whatever the fault, it either does its work or not, and then fails.
template <class T>
Task<Result<T>> suffer(std::optional<Fault> fault, Task<Result<T>> call) {
  if (fault && *fault != Fault::stop_after)
    co_return fail(Kind::unavailable, "the store is made to fail");
  auto result = co_await std::move(call);
  if (fault) co_return fail(Kind::unavailable, "the store has stopped");
  co_return result;
}

}  // namespace

std::optional<Fault> FaultyStore::next() {
  if (stopped_) return Fault::stop_before;
  if (left_ == 0 || left_.fetch_sub(1) != 1) return std::nullopt;
  failed_ = true;
  const Fault fault = fault_;
  if (fault == Fault::stop_before || fault == Fault::stop_after) stopped_ = true;
  return fault;
}

Task<Result<std::vector<store::Record>>> FaultyStore::get(store::Partition partition,
                                                          std::vector<std::string> keys,
                                                          store::Opt opt) {
  return suffer(next(), inner_.get(std::move(partition), std::move(keys), opt));
}

Task<Result<store::Page>> FaultyStore::scan(store::Partition partition, store::Range range,
                                            std::size_t keys_max, store::Opt opt) {
  return suffer(next(), inner_.scan(std::move(partition), std::move(range), keys_max, opt));
}

Task<Result<store::Committed>> FaultyStore::commit(store::Partition partition, store::Batch batch,
                                                   store::Opt opt) {
  const auto fault = next();
  if (fault == Fault::unavailable || fault == Fault::stop_before)
    co_return fail(Kind::unavailable, "the store is made to fail");
  const auto on_unknown = batch.on_unknown;
  if (fault == Fault::unknown_not_done) {
    if (on_unknown) on_unknown({std::move(partition), {}, "never sent"});
    co_return fail(Kind::unknown, "made unknown, not done");
  }
  if (fault == Fault::conflict) co_return fail(Kind::conflict, "made to conflict");
  ++commits_;
  for (const auto& put : batch.puts) {
    const std::size_t octets = put.value ? put.value->size() : 0;
    octets_put_ += octets;
    if (put.key.starts_with("b/")) block_octets_put_ += octets;
  }
  auto done = co_await inner_.commit(std::move(partition), std::move(batch), opt);
  if (fault == Fault::unknown_done && done) {
    if (on_unknown) on_unknown(std::move(done->ticket));
    co_return fail(Kind::unknown, "made unknown, done");
  }
  if (fault == Fault::stop_after) co_return fail(Kind::unavailable, "the store has stopped");
  co_return done;
}

Task<Result<Done>> FaultyStore::settle(store::Ticket ticket, store::Opt opt) {
  return suffer(next(), inner_.settle(std::move(ticket), opt));
}

Task<Result<Done>> FaultyStore::drop(store::Partition partition, std::optional<store::Fence> fence,
                                     store::Opt opt) {
  return suffer(next(), inner_.drop(std::move(partition), std::move(fence), opt));
}

Task<Result<std::vector<store::Partition>>> FaultyStore::list(std::string prefix, std::string after,
                                                              std::size_t max, store::Opt opt) {
  return suffer(next(), inner_.list(std::move(prefix), std::move(after), max, opt));
}

Result<std::unique_ptr<store::BlobWriter>> FaultyStore::blob(std::optional<std::uint64_t> octets,
                                                             store::Opt opt) {
  return inner_.blob(octets, opt);
}

Task<Result<std::string>> FaultyStore::read(store::BlobId id, std::uint64_t offset,
                                            std::size_t octets, store::Opt opt) {
  return suffer(next(), inner_.read(std::move(id), offset, octets, opt));
}

Task<Result<store::BlobInfo>> FaultyStore::stat(store::BlobId id, store::Opt opt) {
  return suffer(next(), inner_.stat(std::move(id), opt));
}

Task<Result<Done>> FaultyStore::link(store::BlobId id, std::string holder, store::Opt opt) {
  return suffer(next(), inner_.link(std::move(id), std::move(holder), opt));
}

Task<Result<Done>> FaultyStore::unlink(store::BlobId id, std::string holder, store::Opt opt) {
  return suffer(next(), inner_.unlink(std::move(id), std::move(holder), opt));
}

Task<Result<std::uint64_t>> FaultyStore::sweep(std::uint32_t day, Alive alive, store::Opt opt) {
  return suffer(next(), inner_.sweep(day, std::move(alive), opt));
}

std::unique_ptr<store::Watch> FaultyStore::watch(store::Partition partition, rt::Executor executor,
                                                 std::function<void(store::Ring)> ring) {
  return inner_.watch(std::move(partition), std::move(executor), std::move(ring));
}

Task<Result<std::unique_ptr<store::Lease>>> FaultyStore::acquire(store::Partition partition,
                                                                 std::string name,
                                                                 std::string owner,
                                                                 std::chrono::milliseconds ttl) {
  return inner_.acquire(std::move(partition), std::move(name), std::move(owner), ttl);
}

}  // namespace ph::mailbox::testing
