// How the embedded engine's calls read and wait; for its own sources only.
#pragma once

#include <utility>

#include "store/file_engine.h"
#include "store/file_work.h"

namespace ph::store {

template <class T, class Read>
Task<Result<T>> FileEngine::look(Read read, bool try_memory) {
  if (closed_) co_return fail(Kind::cancelled, "the store is closed");
  if (try_memory) {
    Found<T> near = read(*database_, *pending_, Depth::memory);
    if (!near) co_return std::unexpected(std::move(near).error());
    if (*near) co_return std::move(**near);
  }
  auto far = co_await rt::offload<Result<T>>(
      world_.workers,
      [database = database_, pending = pending_, read = std::move(read)]() -> Result<T> {
        Found<T> found = read(*database, *pending, Depth::disk);
        if (!found) return std::unexpected(std::move(found).error());
        PH_CHECK(found->has_value());
        return std::move(**found);
      });
  co_return far;
}

template <class W, class... Args>
Task<Result<typename W::Value>> FileEngine::submit(Args... args) {
  using Value = Result<typename W::Value>;
  if (closed_) co_return fail(Kind::cancelled, "the store is closed");
  auto work = std::make_unique<W>(std::move(args)...);
  auto value =
      co_await rt::suspend<Value>([this, work = std::move(work)](rt::Resume<Value> resume) mutable {
        work->wait(std::move(resume));
        committer_->submit(std::move(work));
      });
  co_return value;
}

}  // namespace ph::store
