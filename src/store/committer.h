// One writer for the embedded store: what queued up during the last sync goes to disk together,
// with one sync.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "rt/world.h"
#include "store/database.h"

namespace ph::store {

/// What one write to disk is made of: a batch, and how rows look with it applied. Committer only.
class Group {
 public:
  Group(Database& database, rt::Instant now) : database_(database), now_(now) {}
  /// As the rows are after all that was staged before. corrupt, unavailable.
  Result<std::optional<Version>> version_of(const std::string& row_key) const;
  void put_row(const std::string& row_key, const Version& version, const std::string& record);
  void delete_row(const std::string& row_key);
  /// For the other families, which need no view of what is staged.
  rocksdb::WriteBatch& batch() { return batch_; }
  Database& database() { return database_; }
  rt::Instant now() const { return now_; }
  /// The group has to be on stable storage before its works are finished.
  void make_durable() { durable_ = true; }
  bool durable() const { return durable_; }

 private:
  Database& database_;
  rt::Instant now_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<std::string, std::optional<Version>> staged_;
  bool durable_ = false;
};

/// One call's part in a group. Built by the caller, staged by the committer, finished on the
/// caller's executor.
class Work {
 public:
  /// When finish() is due: never, because the caller went on when it had submitted; when the
  /// outcome is known; when the group is in the database.
  enum class Ends : std::uint8_t { submitted, staged, written };

  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  virtual ~Work() = default;
  /// Decides, and adds to the group what is to be written. A work that fails adds nothing.
  virtual void stage(Group& group) = 0;
  /// The group is in the database. Not called for a work that ended when staged.
  virtual void on_written() {}
  /// On executor(): resumes the caller.
  virtual void finish() {}
  virtual rt::Executor executor() const { return {}; }
  virtual Ends ends() const = 0;
  /// Reads the database without a view of its group, so it has a group of its own.
  virtual bool alone() const { return false; }
  virtual std::size_t octets() const = 0;
};

/// Thread-safe. Works are staged in the order in which they were submitted. When the disk fails,
/// `fatal` is called and nothing is finished ever after: whether the last group is on disk is
/// unknown, and a repeated sync might say "ok" without having done anything, so the process has to
/// end.
class Committer {
 public:
  static constexpr std::size_t kGroupOctetsMax = 8 << 20;
  static constexpr std::size_t kGroupWorksMax = 4096;
  /// Queued octets at which blob writers wait.
  static constexpr std::size_t kQueuedOctetsSoft = 16 << 20;
  /// Queued octets and works at which new commits are turned away.
  static constexpr std::size_t kQueuedOctetsMax = 48 << 20;
  static constexpr std::size_t kQueuedWorksMax = 65536;
  /// Works for which nobody waits go along with the next group; these many octets of them, or this
  /// time, make one of their own.
  static constexpr std::size_t kUnaskedOctetsMax = 1 << 20;
  static constexpr std::chrono::milliseconds kUnaskedTime{20};

  struct Setup {
    bool runs_inline = false;  // no thread: the owner calls run_group()
    std::function<void(const Error&)> fatal;
  };
  Committer(Database& database, rt::Clock& clock, Setup setup);
  ~Committer() { stop(); }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// The group that takes it begins when the loop of its executor() has done what was ready: what
  /// else comes out of that shares a sync with it.
  void submit(std::unique_ptr<Work> work);
  bool is_full() const;
  /// Back-pressure: waits until less than kQueuedOctetsSoft is queued.
  Task<Result<Done>> wait_for_room();
  /// One group on the calling thread; false: nothing was queued.
  bool run_group();
  /// Writes all that is queued, syncs, and ends the thread; after a failure, drops what is queued
  /// without an answer. May be called twice.
  void stop();

 private:
  using Works = std::vector<std::unique_ptr<Work>>;
  /// Outlives the committer in what loops still have to perform.
  struct Bell {
    std::mutex mutex;  // guards the committer, too
    std::condition_variable wake;
    bool asked = false;  // somebody waits for a work that is queued
    bool rung = false;   // a group is to be made now
  };
  static void ring(Bell& bell);
  void run();
  Works take();
  void write(Works works);
  void finish(Works& works, Work::Ends ends);
  void release_waiters();

  Database& database_;
  rt::Clock& clock_;
  const Setup setup_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();  // guards what follows
  std::deque<std::unique_ptr<Work>> queue_;
  std::vector<rt::Resume<Result<Done>>> waiters_;  // blob writers: at most FileEngine::kWritersMax
  std::size_t queued_octets_ = 0;                  // waiting, or being written
  bool stopping_ = false, dead_ = false;
  std::thread thread_;
};

}  // namespace ph::store
