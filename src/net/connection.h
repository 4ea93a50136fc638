// A connection as the protocol shells see it: octets in, octets out, TLS when asked for, one
// deadline per wait. Owned by one coroutine; never moves between threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/tls.h"
#include "rt/world.h"

namespace ph::net {

/// Octets read at once; the buffer is the thread's, an idle connection owns none.
inline constexpr std::size_t kReadOctetsMax = 64 << 10;
/// Input that nobody has consumed; the most that is read on top of it is kReadOctetsMax.
inline constexpr std::size_t kInputOctetsMax = 256 << 10;
/// Plaintext encrypted at once, so that the ciphertext of a large reply is never whole in memory.
inline constexpr std::size_t kTlsSliceOctetsMax = 64 << 10;

/// Dropped by linger() before it gives up on the peer.
inline constexpr std::size_t kLingerOctetsMax = 1 << 20;

class Connection {
 public:
  explicit Connection(std::unique_ptr<rt::Stream> stream);
  ~Connection();  // sends what TLS owes (close_notify) if it can without waiting, and closes
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  /// Received and not yet consumed plaintext; valid until the next call that is not const.
  std::string_view input() const { return std::string_view(input_).substr(consumed_); }
  /// Drops the first `octets` of input(). An empty input frees its buffer at the next receive().
  void consume(std::size_t octets);
  /// What the wait is for: between commands a shutdown may interrupt it, inside a message not.
  enum class For : std::uint8_t { command, data };
  /// Waits until input() has grown. cancelled: the peer closed; timed_out: at `deadline`;
  /// unavailable: interrupt() was called (now or before) and the wait is for a command; over_limit:
  /// input() holds kInputOctetsMax already.
  Task<Result<Done>> receive(rt::Instant deadline, For what = For::command);
  /// The server drains: a wait for a command ends at once, now and from now on. On its executor.
  void interrupt();
  /// Sends everything, or fails. Tries without waiting first.
  Task<Result<Done>> send(std::string octets, rt::Instant deadline);
  /// Throws away unread input (RFC 3207 §4.2: plaintext from before the handshake is never used)
  /// and makes the handshake as the server. When that fails, the connection is closed. refused: no
  /// TLS, or none that we take.
  Task<Result<crypto::TlsInfo>> start_tls_server(std::shared_ptr<const crypto::TlsContext> context,
                                                 rt::Instant deadline);
  Task<Result<crypto::TlsInfo>> start_tls_client(std::shared_ptr<const crypto::TlsContext> context,
                                                 std::string host, rt::Instant deadline);
  /// We have said our last word while the peer may still be sending: reads and drops what comes, up
  /// to kLingerOctetsMax, until the peer closes or `deadline`. Closing at once would reset the
  /// connection, and the peer would never read our reply. Close it afterwards.
  Task<void> linger(rt::Instant deadline);
  bool tls() const { return tls_ != nullptr; }
  rt::Endpoint peer() const { return stream_->peer(); }
  rt::Endpoint local() const { return stream_->local(); }
  void close();

 private:
  Task<Result<crypto::TlsInfo>> handshake(rt::Instant deadline);
  Task<Result<Done>> exchange_handshake(rt::Instant deadline);
  Task<Result<std::size_t>> read_tls(rt::Instant deadline);
  Task<Result<Done>> send_raw(std::string octets, rt::Instant deadline);
  Error wait_failure(Error error) const;

  std::unique_ptr<rt::Stream> stream_;
  std::unique_ptr<crypto::TlsMachine> tls_;
  std::string input_;
  std::size_t consumed_ = 0;
  bool interrupted_ = false;
  bool waits_for_command_ = false;  // interrupt() may end the wait under way
  bool more_is_likely_ = false;     // the last read filled the thread's buffer
};

}  // namespace ph::net
