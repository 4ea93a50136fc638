// Task<T>, the one coroutine type of the house, and how a coroutine is started and resumed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace ph::rt {

using Executor = boost::asio::any_io_executor;

template <class T>
using Task = boost::asio::awaitable<T, Executor>;

/// Starts `task` on `executor` and lets it run on its own. An exception that leaves it is a bug of
/// ours and ends the process.
void spawn(Executor executor, Task<void> task);

/// The way back into a coroutine that waits in suspend(). Move-only; call it exactly once, from
/// any thread. The coroutine goes on on its own executor, never inside the call.
template <class T>
class Resume {
 public:
  template <class Handler>
  Resume(Handler handler, Executor executor)
      : impl_(std::make_unique<Holder<Handler>>(std::move(handler), std::move(executor))) {}

  /// Posts to the coroutine's executor.
  void operator()(T value) {
    auto impl = std::move(impl_);
    Executor executor = impl->executor;
    boost::asio::post(executor, [impl = std::move(impl), value = std::move(value)]() mutable {
      impl->resume(std::move(value));
    });
  }

  /// Resumes inside the call: only for code that already runs on executor() (a batch of
  /// completions posted there as one).
  void here(T value) { std::exchange(impl_, nullptr)->resume(std::move(value)); }

  const Executor& executor() const { return impl_->executor; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  struct Base {
    explicit Base(Executor e) : executor(std::move(e)) {}
    virtual ~Base() = default;
    virtual void resume(T value) = 0;
    Executor executor;
  };
  template <class Handler>
  struct Holder final : Base {
    Holder(Handler h, Executor e) : Base(std::move(e)), handler(std::move(h)) {}
    void resume(T value) override { std::move(handler)(std::move(value)); }
    Handler handler;
  };
  std::unique_ptr<Base> impl_;
};

/// Suspends the calling coroutine, hands its Resume to `start` (called at once, on this thread) and
/// returns the value that Resume is called with.
template <class T, class Start>
Task<T> suspend(Start start) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>&,
                                                 void(T)>(
      [executor](auto handler, Start begin) { begin(Resume<T>(std::move(handler), executor)); },
      boost::asio::use_awaitable_t<Executor>(), std::move(start));
}

}  // namespace ph::rt

namespace ph {
using rt::Task;
}
