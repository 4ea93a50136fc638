// A world in virtual time with a store in memory, and an auditor that recounts what mailboxes keep.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mailbox/mailbox.h"
#include "mailbox/rows.h"
#include "sim/world.h"
#include "store/store.h"

namespace ph::mailbox::testing {

/// What an auditor found in the rows of an account, read past the room's own code paths.
struct Audit {
  std::vector<std::string> faults;  // empty: all sums, limits and links are right
  std::vector<MessageRow> messages;
  std::uint64_t octets = 0;
  std::uint64_t keys = 0, blocks = 0, markers = 0, partitions = 0, expunge_rows = 0;
  std::uint32_t uidvalidity = 0;
  std::string mailbox_id;
  std::uint64_t uidnext = 1;
  UidRanges expunged;
};

class House {
 public:
  explicit House(std::uint64_t seed, std::string store_url = "memory:");

  sim::World& world() { return world_; }
  store::Store& store() { return *store_; }
  /// Closes the store and opens it anew (no Mailboxes may be left on it).
  void reopen_store();
  rt::Instant soon() { return world_.clock.now() + std::chrono::seconds(30); }

  /// Runs the call to its end in virtual time.
  template <class T>
  T run(Task<T> call) {
    std::optional<T> result;
    world_.spawn(keep(std::move(call), &result));
    world_.run_until([&] { return result.has_value(); });
    PH_CHECK(result.has_value());
    return *std::move(result);
  }

  /// A sealed blob that the queue holds.
  std::string make_blob(const std::string& body);
  /// The queue lets go of it.
  void release_blob(const std::string& id);
  Delivery delivery(const std::string& account, const std::string& once, const std::string& blob,
                    std::uint64_t blob_octets);
  /// A new blob with `body`, put into the account's INBOX.
  Result<Delivered> deliver(Mailboxes& mailboxes, const std::string& account,
                            const std::string& once,
                            const std::string& body = "Subject: x\r\n\r\n");
  /// All at once; results in the order of `deliveries`.
  std::vector<Result<Delivered>> deliver_all(Mailboxes& mailboxes,
                                             std::vector<Delivery> deliveries);
  /// Reads a whole message in pieces of `octets`.
  Result<std::string> read_all(Mailboxes& mailboxes, const std::string& token, Uid uid,
                               std::size_t octets = 1000);

  /// Recounts everything of the account.
  Audit audit(const std::string& account);
  /// Every holder in m/ partitions of which holder_alive() says that its row is there, or not.
  struct Holders {
    std::set<std::string> alive, dead;
  };
  /// Sweeps as if two days had passed: dead holders and blobs without holders go.
  Holders sweep();
  bool has_blob(const std::string& id);

  static constexpr const char* kPrefix = "Return-Path: <a@example.test>\r\n";

 private:
  template <class T>
  static Task<void> keep(Task<T> call, std::optional<T>* into) {
    auto result = co_await std::move(call);
    into->emplace(std::move(result));
  }
  void audit_partition(Audit& audit, const std::string& partition, const Meta& meta,
                       std::uint64_t& last_uid);

  std::string store_url_;
  sim::World world_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace ph::mailbox::testing
