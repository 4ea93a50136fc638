// A file descriptor of ours, and waiting for it: what streams and acceptors are built on.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "rt/world.h"

namespace ph::rt::os {

/// The text for an errno, for Error::detail.
std::string errno_text(int error);

/// Owns a descriptor; -1 is none.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  int release();
  void reset();

 private:
  int fd_;
};

/// Waits for a non-blocking descriptor, one wait at a time, each with a deadline. All calls on its
/// executor. There is one timer, and it is set again only when it fires before the deadline of the
/// wait then under way: moving the deadline later, as every command of a session does, costs
/// nothing.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  enum class For : std::uint8_t { nothing, read, write };

  /// Shared: the stream owns it, the timer's handler looks whether it is still there.
  static std::shared_ptr<Watch> make(const Executor& executor, Fd fd);
  Watch(const Executor& executor, Fd fd);

  /// timed_out, cancelled (closed) or unavailable (interrupted, or the system cannot watch it).
  Task<Result<Done>> wait(For what, Instant deadline);
  /// Ends a wait for reading that is under way, with `unavailable`.
  void interrupt();
  void close();
  bool is_open() const { return descriptor_.is_open(); }
  /// Not to be closed by the caller.
  int fd() { return descriptor_.native_handle(); }

 private:
  enum class End : std::uint8_t { none, timed_out, interrupted, closed };
  void arm();
  void on_timer();
  void end_wait(End why);

  boost::asio::posix::basic_stream_descriptor<Executor> descriptor_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;
  Instant deadline_ = Instant::max();   // of the wait under way
  Instant armed_for_ = Instant::max();  // max: the timer is not set
  For waiting_ = For::nothing;
  End end_ = End::none;  // why the wait was ended from here
};

/// The monotonic clock that deadlines count on.
Instant steady_now();

}  // namespace ph::rt::os
