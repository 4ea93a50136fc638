// Partitioned ordered key-value store with blobs, watches and leases. Everything that Posthouse
// keeps goes through this interface; engines live below it (docs/formats/store.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "rt/world.h"

namespace ph::store {

/// Unit of ordering, atomicity, notification, placement and migration:
/// "q/<shard>/<lane>/<generation>", "a/<account>", "m/<mailbox id>/<n>", "d/<slot>",
/// "j/<day>/<block>". 1..200 octets [!-~]; created by its first put, gone with its last key. Holds
/// ids, never names that change.
using Partition = std::string;

/// Chosen by the WRITER: one id per commit attempt, never repeated (48-bit incarnation from a
/// counter in the store at start-up, 80-bit counter), printed in base32 so that every octet is <
/// 0x80. Every key that a commit puts carries it. Compared for equality only; says nothing about
/// order.
struct Version {
  char b[26]{};
  bool operator==(const Version&) const = default;
};

// Outcomes are Kinds: conflict (a check failed, nothing applied), refused (fenced off or denied,
// nothing applied), unavailable (nothing applied and nothing will be; also: no space), unknown (may
// or may not be applied: call settle()), over_limit (too big), not_found, corrupt, timed_out.

struct Opt {
  std::chrono::milliseconds deadline{10000};
  std::uint8_t prio = 1;  // 0: background
};

/// The least that any engine offers; fixed, so that code tested on one runs on all.
struct Limits {
  static constexpr std::size_t key_octets = 512;
  static constexpr std::size_t value_octets = 64 << 10;
  static constexpr std::size_t batch_octets = 1 << 20;
  static constexpr std::size_t mutations = 1000, checks = 256, page_keys = 1000;
  static constexpr std::size_t page_octets = 1 << 20;
  static constexpr std::size_t blob_octets = 256u << 20;
  static constexpr std::size_t partition_keys_soft = 100000;
  static constexpr std::size_t hint_octets = 128;
};

struct Record {
  std::string key, value;
  Version version;
};
struct Page {
  std::vector<Record> records;
  std::optional<std::string> next;  // resume from here (a key to begin at)
};
/// [begin, end); empty end: to the last key.
struct Range {
  std::string begin, end;
};

struct Check {
  enum class What : std::uint8_t { absent, present, version };
  std::string key;
  What what = What::absent;
  Version v{};
};
/// Names a lease record of the same partition; a batch whose fence does not hold is `refused`.
struct Fence {
  std::string lease;
  Version epoch;
};
/// One attempt of a commit, for settle().
struct Ticket {
  Partition partition;
  Version attempt;
  std::string state;
};
struct Put {
  std::string key;
  std::optional<std::string> value;  // nullopt deletes
};
struct Batch {
  std::vector<Check> checks;   // all must hold, else conflict
  std::vector<Put> puts;       // a key at most once
  std::optional<Fence> fence;  // an implied check, reported as refused
  bool settle = true;          // false: the batch is harmless when repeated
  std::string hint;            // <= 128 octets, handed to watchers; no hint, no ring
  /// Called on the caller's executor before commit() ends as `unknown`, with what settle() needs.
  /// Empty: the caller reads the rows again, or repeats a batch that is harmless when repeated.
  std::function<void(Ticket)> on_unknown;
};
struct Committed {
  Version version;
  Ticket ticket;
};

/// 26 base32 characters, made by the writer, with its creation day in it.
using BlobId = std::string;
struct BlobInfo {
  std::uint64_t octets = 0;
  std::uint32_t crc32c = 0;
};

/// Writes one blob. Dropped before seal(): what was written is garbage and swept later.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  /// Back-pressure: await it. Octets are taken by value; any sizes.
  virtual Task<Result<Done>> write(std::string octets) = 0;
  /// On ok readable, and durable no later than any commit that is issued after it by this process
  /// is acknowledged (remote engines: at once). `holder` is the first link: "<partition>\t<key>" of
  /// the row that will refer to it.
  virtual Task<Result<BlobInfo>> seal(std::string holder) = 0;
  virtual BlobId id() const = 0;
};

struct Ring {
  enum class What : std::uint8_t { changed, resync };
  Partition partition;
  std::string hint;
  What what = What::changed;
};
/// Dropping it unsubscribes.
class Watch {
 public:
  virtual ~Watch() = default;
};
struct LeaseState {
  bool held = false;
  Version epoch;
  rt::Instant until;  // stop by then (ttl less 20 %)
  std::string owner;
};
/// Renews itself at ttl/3. Dropping it releases, best effort.
class Lease {
 public:
  virtual ~Lease() = default;
  virtual LeaseState state() const = 0;
  virtual Fence fence() const = 0;  // put it in every batch sent under the lease
  virtual void on_lost(std::function<void()> lost) = 0;
};

/// All calls may come from any executor; a coroutine goes on on its own.
class Store {
 public:
  virtual ~Store() = default;

  // Reads are linearizable within the partition: every acknowledged commit is seen.
  /// Missing keys are left out; the order is that of `keys`.
  virtual Task<Result<std::vector<Record>>> get(Partition partition, std::vector<std::string> keys,
                                                Opt opt = {}) = 0;
  /// One page is a snapshot; two pages are not. Ascending only: keys that must be read newest-first
  /// are stored inverted (see inverted()). A damaged row is left out and logged; get() of it says
  /// `corrupt`, and a batch may still delete or replace it.
  virtual Task<Result<Page>> scan(Partition partition, Range range, std::size_t keys_max,
                                  Opt opt = {}) = 0;
  /// One atomic, durable, conditional batch in one partition. `unknown`: it may or may not have
  /// been applied, and may still be; Batch::on_unknown has had the ticket. The local engines never
  /// say so: they answer, or end the process.
  virtual Task<Result<Committed>> commit(Partition partition, Batch batch, Opt opt = {}) = 0;
  /// After `unknown`: ok = it was applied; conflict = it was not AND never will be.
  virtual Task<Result<Done>> settle(Ticket ticket, Opt opt = {}) = 0;
  /// Everything in it; may be repeated.
  virtual Task<Result<Done>> drop(Partition partition, std::optional<Fence> fence,
                                  Opt opt = {}) = 0;
  /// Partitions with this prefix that sort after `after`. Administration only: slow, may lag.
  virtual Task<Result<std::vector<Partition>>> list(std::string prefix, std::string after,
                                                    std::size_t max, Opt opt = {}) = 0;

  // Blobs: immutable; alive while they have a holder. Holders are a SET, so link and unlink may be
  // repeated; a blob without holders is swept after a day. link before the row that refers, unlink
  // after the row is gone. Durability of link/unlink is that of seal().
  /// over_limit / unavailable: no room for `octets` more (unknown size: nullopt).
  virtual Result<std::unique_ptr<BlobWriter>> blob(std::optional<std::uint64_t> octets,
                                                   Opt opt = {}) = 0;
  virtual Task<Result<std::string>> read(BlobId id, std::uint64_t offset, std::size_t octets,
                                         Opt opt = {}) = 0;
  virtual Task<Result<BlobInfo>> stat(BlobId id, Opt opt = {}) = 0;
  virtual Task<Result<Done>> link(BlobId id, std::string holder, Opt opt = {}) = 0;
  virtual Task<Result<Done>> unlink(BlobId id, std::string holder, Opt opt = {}) = 0;
  /// Deletes blobs without holders whose creation day is before `day`, and holders older than that
  /// for which `alive` (called with the holder) says that their row is gone. Returns octets freed.
  /// `day` is yesterday or earlier: a holder is linked before its row is there.
  using Alive = std::function<Task<Result<bool>>(std::string holder)>;
  virtual Task<Result<std::uint64_t>> sweep(std::uint32_t day, Alive alive, Opt opt = {}) = 0;

  /// A hint to look, never the truth: may come late, twice, merged, or for nothing. `ring` is
  /// called on `executor`.
  virtual std::unique_ptr<Watch> watch(Partition partition, rt::Executor executor,
                                       std::function<void(Ring)> ring) = 0;
  virtual std::chrono::milliseconds poll_every() const = 0;
  /// A record "!l/<name>" in the partition, taken by conditional commit; a rival waits until it has
  /// SEEN no heartbeat for ttl by its own steady clock. Safety comes from fence() alone.
  virtual Task<Result<std::unique_ptr<Lease>>> acquire(Partition partition, std::string name,
                                                       std::string owner,
                                                       std::chrono::milliseconds ttl) = 0;

  /// No more octets fit: free space below the reserve. Met before accepting (452 4.3.1).
  virtual bool has_room(std::uint64_t octets) = 0;
  /// Ends the engine's threads; acknowledged data is on disk. Nothing may be called after it.
  virtual void close() = 0;
};

/// Exactly-once hand-over between partitions, on the primitives above:
/// 1 commit in `to`: check "!d/<day>/<id>" absent, put it and the records of `deliver`; a conflict
///   on it means done before, which is success.
/// 2 commit in `from`: check the version of `key`, delete it.
/// A crash in between repeats 1 (no effect) and 2; so may a caller after any failure.
/// `id` and `day` are properties of the thing moved (queue id, recipient, arrival day), not of the
/// attempt; markers older than the queue's lifetime are swept.
struct Move {
  Partition from, to;
  Record key;
  std::string id, day;
  Batch deliver;
  std::optional<Fence> fence;
};
enum class Moved : std::uint8_t { now, before };
Task<Result<Moved>> transfer(Store& store, Move move, Opt opt = {});

/// "memory:" ("memory:OCTETS" bounds it; default 1 GiB) or "file:DIR" (a relative DIR counts from
/// the process's folder; "file:DIR?reserve=OCTETS" is what has to stay free on its disk; default
/// 256 MiB). `blob_url` empty: the same engine keeps the blobs.
///   refused      another process holds the store (detail says where)
///   malformed    an URL that no engine knows
///   corrupt      the store's format is newer than this program
Result<std::unique_ptr<Store>> open(std::string_view data_url, std::string_view blob_url,
                                    rt::World& world);

/// 16 hexadecimal digits: sorts as the number does.
std::string ordered(std::uint64_t value);
inline std::string inverted(std::uint64_t value) { return ordered(~value); }

}  // namespace ph::store
