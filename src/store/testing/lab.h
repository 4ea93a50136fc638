// Runs coroutines of a test to their end, and makes stores of every kind to test on.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/store.h"
#include "store/testing/fake_world.h"

namespace ph::store::testing {

/// A folder of its own, gone with it.
class TempFolder {
 public:
  TempFolder() {
    // In memory where the system has enough of it (containers often have 64 MiB): these tests are
    // about answers, not about disks.
    const std::filesystem::path memory("/dev/shm");
    std::error_code none;
    const auto space = std::filesystem::space(memory, none);
    const bool roomy = !none && space.available >= (std::uintmax_t{1} << 30);
    const auto root = roomy ? memory : std::filesystem::temp_directory_path();
    std::string name = (root / "posthouse-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Runs `task` on `io` until it has ended.
template <class T>
T run(boost::asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  boost::asio::co_spawn(io.get_executor(), std::move(task),
                        [&result](std::exception_ptr failure, T value) {
                          if (failure) std::rethrow_exception(failure);
                          result = std::move(value);
                        });
  while (!result) {
    io.restart();
    io.run_one();
  }
  return *std::move(result);
}

/// One store of the kind that `kind` names, in a fake world.
class Lab {
 public:
  /// memory, file, split (rows in file, blobs in memory), split_files
  explicit Lab(std::string kind) : kind_(std::move(kind)) { open(); }
  ~Lab() {
    fake.timers.abandon();
    io.restart();
    io.poll();
    close();
  }
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  void open() {
    std::string blobs;
    std::string rows = "file:" + folder_.path() + "/rows";
    if (kind_ == "memory") rows = "memory:";
    if (kind_ == "split") blobs = "memory:";
    if (kind_ == "split_files") blobs = "file:" + folder_.path() + "/blobs";
    auto opened = store::open(rows, blobs, fake.world);
    ASSERT_TRUE(opened) << describe(opened.error());
    store_ = *std::move(opened);
  }
  void close() {
    if (store_) store_->close();
    store_.reset();
  }
  bool survives_close() const { return kind_ == "file" || kind_ == "split_files"; }
  Store& store() { return *store_; }
  std::string folder() const { return folder_.path(); }
  template <class T>
  T run(Task<T> task) {
    return testing::run(io, std::move(task));
  }
  /// Lets everything happen that can happen without the clock.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      io.restart();
      io.run_for(std::chrono::milliseconds(1));
    }
  }

  FakeWorld fake;
  boost::asio::io_context io;

 private:
  TempFolder folder_;
  std::string kind_;
  std::unique_ptr<Store> store_;
};

inline Batch put(std::string key, std::string value) {
  Batch batch;
  batch.puts.push_back({std::move(key), std::move(value)});
  return batch;
}

inline Batch put_checked(Check check, std::string key, std::string value) {
  Batch batch = put(std::move(key), std::move(value));
  batch.checks.push_back(std::move(check));
  return batch;
}

/// Writes, seals and names a blob.
inline Task<Result<BlobId>> write_blob(Store& store, std::string body, std::string holder) {
  PH_CO_TRY(const auto writer, store.blob(body.size()));
  PH_CO_TRY([[maybe_unused]] const Done written, co_await writer->write(std::move(body)));
  PH_CO_TRY([[maybe_unused]] const BlobInfo info, co_await writer->seal(std::move(holder)));
  co_return writer->id();
}

}  // namespace ph::store::testing
