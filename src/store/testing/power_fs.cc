#include "store/testing/power_fs.h"

#include <algorithm>
#include <cstring>

namespace ph::store::testing {
namespace {

using Debug = rocksdb::IODebugContext;
using IO = rocksdb::IOOptions;
using Status = rocksdb::IOStatus;

std::string folder_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : name.substr(0, slash);
}

std::string tidy(std::string name) {
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return name;
}

struct Lock final : rocksdb::FileLock {};

}  // namespace

/// Writes go to memory at once; what is synced is noted in the inode.
class PowerFs::File final : public rocksdb::FSWritableFile {
 public:
  File(PowerFs& fs, Node node) : fs_(fs), node_(std::move(node)) {}
  using FSWritableFile::Append;
  Status Append(const rocksdb::Slice& octets, const IO&, Debug*) override {
    const std::scoped_lock lock(fs_.mutex_);
    Status status = fs_.step();
    if (status.ok()) node_->octets.append(octets.data(), octets.size());
    return status;
  }
  Status Truncate(std::uint64_t octets, const IO&, Debug*) override {
    const std::scoped_lock lock(fs_.mutex_);
    Status status = fs_.step();
    if (status.ok()) node_->octets.resize(octets);
    return status;
  }
  Status Sync(const IO&, Debug*) override {
    const std::scoped_lock lock(fs_.mutex_);
    Status status = fs_.step();
    if (status.ok()) node_->synced_octets = node_->octets.size();
    return status;
  }
  Status Close(const IO&, Debug*) override { return Status::OK(); }
  Status Flush(const IO&, Debug*) override { return Status::OK(); }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IO&, Debug*) override {
    const std::scoped_lock lock(fs_.mutex_);
    return node_->octets.size();
  }

 private:
  PowerFs& fs_;
  Node node_;
};

class PowerFs::Reader final : public rocksdb::FSSequentialFile, public rocksdb::FSRandomAccessFile {
 public:
  Reader(const PowerFs& fs, Node node) : fs_(fs), node_(std::move(node)) {}
  Status Read(std::uint64_t offset, std::size_t octets, const IO&, rocksdb::Slice* result,
              char* scratch, Debug*) const override {
    const std::scoped_lock lock(fs_.mutex_);
    const std::string& all = node_->octets;
    const std::size_t from = std::min<std::size_t>(offset, all.size());
    const std::size_t count = std::min(octets, all.size() - from);
    std::memcpy(scratch, all.data() + from, count);
    *result = rocksdb::Slice(scratch, count);
    return fs_.off();
  }
  Status Read(std::size_t octets, const IO& io, rocksdb::Slice* result, char* scratch,
              Debug* debug) override {
    Status status = Read(position_, octets, io, result, scratch, debug);
    position_ += result->size();
    return status;
  }
  Status Skip(std::uint64_t octets) override {
    position_ += octets;
    return Status::OK();
  }
  bool use_direct_io() const override { return false; }
  std::size_t GetRequiredBufferAlignment() const override { return 1; }
  Status InvalidateCache(std::size_t, std::size_t) override { return Status::OK(); }

 private:
  const PowerFs& fs_;
  Node node_;
  std::uint64_t position_ = 0;
};

class PowerFs::Folder final : public rocksdb::FSDirectory {
 public:
  Folder(PowerFs& fs, std::string name) : fs_(fs), name_(std::move(name)) {}
  Status Fsync(const IO&, Debug*) override {
    const std::scoped_lock lock(fs_.mutex_);
    Status status = fs_.step();
    if (status.ok()) fs_.sync_folder(name_);
    return status;
  }
  Status Close(const IO&, Debug*) override { return Status::OK(); }

 private:
  PowerFs& fs_;
  std::string name_;
};

PowerFs::PowerFs(const PowerFs& other) {
  const std::scoped_lock lock(other.mutex_);
  std::map<const Inode*, Node> copies;
  const auto copy = [&copies](const Node& node) {
    if (!node) return Node();
    Node& made = copies[node.get()];
    if (!made) made = std::make_shared<Inode>(*node);
    return made;
  };
  for (const auto& [name, node] : other.entries_) entries_.emplace(name, copy(node));
  for (const auto& [name, node] : other.durable_entries_)
    durable_entries_.emplace(name, copy(node));
  for (const Change& old : other.changes_) {
    Change& made = changes_.emplace_back(Change{old.folder, {}});
    for (const auto& [name, node] : old.entries)
      made.entries.emplace(name, node ? std::optional(copy(*node)) : std::nullopt);
  }
}

Status PowerFs::off() const {
  return is_off() ? Status::IOError("the power is off") : Status::OK();
}

Status PowerFs::step() {
  if (is_off()) return Status::IOError("the power is off");
  ++operations_;
  return Status::OK();
}

PowerFs::Node* PowerFs::find(const std::string& name) {
  const auto found = entries_.find(tidy(name));
  return found == entries_.end() ? nullptr : &found->second;
}

void PowerFs::change(Change change) {
  for (const auto& [name, node] : change.entries) {
    if (node) {
      entries_.insert_or_assign(name, *node);
    } else {
      entries_.erase(name);
    }
  }
  changes_.push_back(std::move(change));
}

void PowerFs::sync_folder(const std::string& folder) {
  std::erase_if(changes_, [&](const Change& change) {
    if (change.folder != folder) return false;
    for (const auto& [name, node] : change.entries) {
      if (node) {
        durable_entries_.insert_or_assign(name, *node);
      } else {
        durable_entries_.erase(name);
      }
    }
    return true;
  });
}

void PowerFs::restore(rt::Random& random) {
  const std::scoped_lock lock(mutex_);
  changes_.resize(random.below(changes_.size() + 1));
  for (const Change& change : changes_) {
    for (const auto& [name, node] : change.entries) {
      if (node) {
        durable_entries_.insert_or_assign(name, *node);
      } else {
        durable_entries_.erase(name);
      }
    }
  }
  changes_.clear();
  entries_.clear();
  for (const auto& [name, node] : durable_entries_) {
    const std::string folder = folder_of(name);
    const bool has_folder = folder == "/" || folder == "." || entries_.contains(folder);
    if (!has_folder) continue;  // a folder sorts before what is in it
    Node survivor;
    if (node) {
      const std::size_t tail = node->octets.size() - node->synced_octets;
      const std::size_t left = random.below(tail + 1);
      survivor = std::make_shared<Inode>();
      survivor->octets = node->octets.substr(0, node->synced_octets + left);
      if (left > 0 && random.below(2) == 0)
        survivor->octets[node->synced_octets + random.below(left)] ^=
            static_cast<char>(1 << random.below(8));
      survivor->synced_octets = survivor->octets.size();
    }
    entries_.emplace(name, survivor);
  }
  durable_entries_ = entries_;
  fails_at_ = ~std::uint64_t{0};
}

int PowerFs::damage(std::string_view suffix, std::size_t offset) {
  const std::scoped_lock lock(mutex_);
  int files = 0;
  for (const auto& [name, node] : entries_) {
    if (!node || !name.ends_with(suffix) || node->octets.size() <= offset) continue;
    node->octets[offset] ^= 1;
    ++files;
  }
  return files;
}

Status PowerFs::NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                                  std::unique_ptr<rocksdb::FSSequentialFile>* file, Debug*) {
  const std::scoped_lock lock(mutex_);
  const Node* node = find(name);
  if (node == nullptr || !*node) return Status::NotFound(name);
  *file = std::make_unique<Reader>(*this, *node);
  return off();
}

Status PowerFs::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                                    std::unique_ptr<rocksdb::FSRandomAccessFile>* file, Debug*) {
  const std::scoped_lock lock(mutex_);
  const Node* node = find(name);
  if (node == nullptr || !*node) return Status::NotFound(name);
  *file = std::make_unique<Reader>(*this, *node);
  return off();
}

Status PowerFs::NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                std::unique_ptr<rocksdb::FSWritableFile>* file, Debug*) {
  const std::scoped_lock lock(mutex_);
  Status status = step();
  if (!status.ok()) return status;
  auto node = std::make_shared<Inode>();
  change({folder_of(name), {{name, node}}});
  *file = std::make_unique<File>(*this, node);
  return status;
}

Status PowerFs::NewDirectory(const std::string& name, const IO&,
                             std::unique_ptr<rocksdb::FSDirectory>* folder, Debug*) {
  *folder = std::make_unique<Folder>(*this, tidy(name));
  return off();
}

Status PowerFs::FileExists(const std::string& name, const IO&, Debug*) {
  const std::scoped_lock lock(mutex_);
  if (is_off()) return off();
  return find(name) != nullptr ? Status::OK() : Status::NotFound(name);
}

Status PowerFs::GetChildren(const std::string& folder, const IO&, std::vector<std::string>* names,
                            Debug*) {
  const std::scoped_lock lock(mutex_);
  names->clear();
  if (find(folder) == nullptr) return Status::NotFound(folder);
  for (const auto& [name, node] : entries_)
    if (folder_of(name) == tidy(folder)) names->push_back(name.substr(name.rfind('/') + 1));
  return off();
}

Status PowerFs::DeleteFile(const std::string& name, const IO&, Debug*) {
  const std::scoped_lock lock(mutex_);
  if (find(name) == nullptr) return Status::NotFound(name);
  Status status = step();
  if (status.ok()) change({folder_of(name), {{name, std::nullopt}}});
  return status;
}

Status PowerFs::CreateDir(const std::string& name, const IO& io, Debug* debug) {
  return CreateDirIfMissing(name, io, debug);
}

Status PowerFs::CreateDirIfMissing(const std::string& name, const IO&, Debug*) {
  const std::scoped_lock lock(mutex_);
  if (find(name) != nullptr) return off();
  Status status = step();
  if (status.ok()) change({folder_of(tidy(name)), {{tidy(name), Node()}}});
  return status;
}

Status PowerFs::DeleteDir(const std::string& name, const IO& io, Debug* debug) {
  return DeleteFile(tidy(name), io, debug);
}

Status PowerFs::GetFileSize(const std::string& name, const IO&, std::uint64_t* octets, Debug*) {
  const std::scoped_lock lock(mutex_);
  const Node* node = find(name);
  if (node == nullptr || !*node) return Status::NotFound(name);
  *octets = (*node)->octets.size();
  return off();
}

Status PowerFs::GetFileModificationTime(const std::string&, const IO&, std::uint64_t* time,
                                        Debug*) {
  *time = 0;
  return off();
}

Status PowerFs::RenameFile(const std::string& from, const std::string& to, const IO&, Debug*) {
  const std::scoped_lock lock(mutex_);
  const Node* node = find(from);
  if (node == nullptr) return Status::NotFound(from);
  Status status = step();
  if (status.ok()) change({folder_of(to), {{to, *node}, {from, std::nullopt}}});
  return status;
}

Status PowerFs::LockFile(const std::string&, const IO&, rocksdb::FileLock** lock, Debug*) {
  *lock = new Lock;
  return off();
}

Status PowerFs::UnlockFile(rocksdb::FileLock* lock, const IO&, Debug*) {
  delete lock;
  return Status::OK();
}

Status PowerFs::GetTestDirectory(const IO&, std::string* path, Debug*) {
  *path = "/test";
  return off();
}

Status PowerFs::GetAbsolutePath(const std::string& path, const IO&, std::string* absolute, Debug*) {
  *absolute = path;
  return off();
}

Status PowerFs::IsDirectory(const std::string& path, const IO&, bool* is, Debug*) {
  const std::scoped_lock lock(mutex_);
  const Node* node = find(path);
  if (node == nullptr) return Status::NotFound(path);
  *is = !*node;
  return off();
}

InlineEnv::InlineEnv(const std::shared_ptr<PowerFs>& fs)
    : EnvWrapper(rocksdb::NewCompositeEnv(fs)), fs_(fs) {}

InlineEnv::~InlineEnv() = default;

bool InlineEnv::run_jobs() {
  bool ran = false;
  for (;;) {
    Job job{};
    {
      const std::scoped_lock lock(mutex_);
      if (jobs_.empty()) return ran;
      job = jobs_.front();
      jobs_.pop_front();
    }
    job.run(job.of);
    ran = true;
  }
}

void InlineEnv::Schedule(void (*job)(void*), void* of, Priority priority, void* tag,
                         void (*undo)(void*)) {
  if (fs_->is_off()) {
    target()->Schedule(job, of, priority, tag, undo);
    return;
  }
  const std::scoped_lock lock(mutex_);
  jobs_.push_back({job, of, priority, tag, undo});
}

int InlineEnv::UnSchedule(void* tag, Priority priority) {
  int count = target()->UnSchedule(tag, priority);
  std::vector<Job> undone;
  {
    const std::scoped_lock lock(mutex_);
    for (auto job = jobs_.begin(); job != jobs_.end();) {
      const bool is_meant = job->tag == tag && job->priority == priority;
      if (is_meant) undone.push_back(*job);
      job = is_meant ? jobs_.erase(job) : job + 1;
    }
  }
  for (const Job& job : undone)
    if (job.undo != nullptr) job.undo(job.of);
  return count + static_cast<int>(undone.size());
}

}  // namespace ph::store::testing
