#include "rt/os/descriptor.h"

#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <system_error>
#include <utility>

namespace ph::rt::os {

std::string errno_text(int error) { return std::system_category().message(error); }

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() { return std::exchange(fd_, -1); }

void Fd::reset() {
  if (fd_ >= 0) ::close(release());
}

Instant steady_now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

std::shared_ptr<Watch> Watch::make(const Executor& executor, Fd fd) {
  return std::make_shared<Watch>(executor, std::move(fd));
}

Watch::Watch(const Executor& executor, Fd fd) : descriptor_(executor), timer_(executor) {
  boost::system::error_code failed;
  descriptor_.assign(fd.get(), failed);
  if (!failed) fd.release();  // else it stays closed, and the first wait says so
}

Task<Result<Done>> Watch::wait(For what, Instant deadline) {
  using Descriptor = boost::asio::posix::descriptor_base;
  if (!descriptor_.is_open()) co_return fail(Kind::cancelled, "the connection is closed");
  if (steady_now() >= deadline) co_return fail(Kind::timed_out, "no answer in time");
  PH_CHECK(waiting_ == For::nothing);
  waiting_ = what;
  end_ = End::none;
  deadline_ = deadline;
  arm();
  boost::system::error_code failed;
  co_await descriptor_.async_wait(
      what == For::read ? Descriptor::wait_read : Descriptor::wait_write,
      boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), failed));
  waiting_ = For::nothing;
  if (!failed) co_return Done{};
  switch (end_) {
    case End::timed_out: co_return fail(Kind::timed_out, "no answer in time");
    case End::interrupted: co_return fail(Kind::unavailable, "the wait was interrupted");
    case End::closed: co_return fail(Kind::cancelled, "the connection is closed");
    case End::none: break;
  }
  co_return fail(Kind::unavailable, "the system cannot watch the connection", failed.message());
}

void Watch::arm() {
  if (armed_for_ <= deadline_) return;
  armed_for_ = deadline_;
  timer_.expires_at(std::chrono::steady_clock::time_point(deadline_.time_since_epoch()));
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& failed) {
    if (failed) return;  // set anew for an earlier deadline, or gone
    if (const auto watch = self.lock()) watch->on_timer();
  });
}

void Watch::on_timer() {
  // A handler of an earlier setting may still come, when the timer was set anew as it fired.
  if (steady_now() < armed_for_) return;
  armed_for_ = Instant::max();
  if (waiting_ == For::nothing) return;  // the next wait sets the timer
  if (steady_now() < deadline_) return arm();
  end_wait(End::timed_out);
}

void Watch::interrupt() {
  if (waiting_ == For::read) end_wait(End::interrupted);
}

void Watch::end_wait(End why) {
  if (!descriptor_.is_open()) return;  // close() has ended it, its coroutine was not resumed yet
  end_ = why;
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
}

void Watch::close() {
  if (!descriptor_.is_open()) return;
  end_ = End::closed;
  timer_.cancel();
  armed_for_ = Instant::max();
  boost::system::error_code ignored;  // nothing to be done about it, and the descriptor is gone
  descriptor_.close(ignored);
}

}  // namespace ph::rt::os
