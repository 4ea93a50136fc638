#include "rt/os/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <cstring>

namespace ph::rt::os {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t octets = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_system(const Endpoint& endpoint) {
  SocketAddress out;
  if (endpoint.ip.v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::ranges::copy(endpoint.ip.octets, v6.sin6_addr.s6_addr);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.octets = sizeof v6;
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.ip.octets.data(), 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.octets = sizeof v4;
  }
  return out;
}

Endpoint from_system(const sockaddr_storage& storage) {
  Endpoint out;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    std::memcpy(out.ip.octets.data(), &v4.sin_addr, 4);
    out.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(v6.sin6_addr.s6_addr, octets.begin());
    out.ip = ip_from_v6(octets);
    out.port = ntohs(v6.sin6_port);
  }
  return out;
}

void switch_on(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);  // each of them has a sane default
}

class SocketStream final : public Stream {
 public:
  SocketStream(const Executor& executor, Fd fd, Endpoint peer)
      : watch_(Watch::make(executor, std::move(fd))), peer_(peer) {}
  ~SocketStream() override { close(); }

  Task<Result<Done>> wait_readable(Instant deadline) override {
    return watch_->wait(Watch::For::read, deadline);
  }
  Task<Result<Done>> wait_writable(Instant deadline) override {
    return watch_->wait(Watch::For::write, deadline);
  }
  Result<std::size_t> read_now(std::span<char> into) override;
  Result<std::size_t> write_now(std::span<const char> octets) override;
  void interrupt() override { watch_->interrupt(); }
  void shutdown_write() override {
    if (watch_->is_open()) ::shutdown(watch_->fd(), SHUT_WR);
  }
  void close() override;
  Endpoint peer() const override { return peer_; }
  Endpoint local() const override {
    return watch_->is_open() ? local_of(watch_->fd()) : Endpoint{};
  }

 private:
  std::shared_ptr<Watch> watch_;  // shared: its timer's handler looks for it
  Endpoint peer_;
};

Result<std::size_t> SocketStream::read_now(std::span<char> into) {
  if (!watch_->is_open()) return fail(Kind::cancelled, "the connection is closed");
  PH_CHECK(!into.empty());
  for (;;) {
    const ssize_t got = ::recv(watch_->fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return fail(Kind::cancelled, "the peer closed the connection");
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    return fail(Kind::cancelled, "the connection broke", errno_text(errno));
  }
}

Result<std::size_t> SocketStream::write_now(std::span<const char> octets) {
  if (!watch_->is_open()) return fail(Kind::cancelled, "the connection is closed");
  for (;;) {
    const ssize_t put =
        ::send(watch_->fd(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0) return static_cast<std::size_t>(put);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    return fail(Kind::cancelled, "the connection broke", errno_text(errno));
  }
}

void SocketStream::close() {
  if (!watch_->is_open()) return;
  // Unread input makes the kernel answer close() with a reset, which can overtake our last reply
  // (RFC 1122 §4.2.2.13): take what is there.
  constexpr int kDrainReadsMax = 16;
  [[clang::uninitialized]] std::array<char, 4096> thrown_away;
  for (int i = 0; i < kDrainReadsMax; ++i)
    if (::recv(watch_->fd(), thrown_away.data(), thrown_away.size(), MSG_DONTWAIT) <= 0) break;
  watch_->close();
}

class SocketAcceptor final : public Acceptor {
 public:
  SocketAcceptor(const Executor& executor, Fd fd, Endpoint local, std::function<void()> on_close)
      : executor_(executor),
        watch_(Watch::make(executor, std::move(fd))),
        pause_(executor),
        local_(local),
        on_close_(std::move(on_close)) {}
  ~SocketAcceptor() override { close(); }

  Task<Result<std::unique_ptr<Stream>>> accept() override;
  void close() override {
    if (watch_->is_open() && on_close_) on_close_();
    watch_->close();
    pause_.close();
  }
  Endpoint local() const override { return local_; }

 private:
  /// A pause that close() ends.
  class Pause {
   public:
    explicit Pause(const Executor& executor) : timer_(executor) {}
    void close() {
      closed_ = true;
      timer_.cancel();
    }
    Task<void> wait(std::chrono::milliseconds span);

   private:
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer_;
    bool closed_ = false;
  };

  Executor executor_;
  std::shared_ptr<Watch> watch_;  // shared: see SocketStream
  Pause pause_;
  Endpoint local_;
  std::function<void()> on_close_;
  int burst_ = 0;
};

// With no descriptor left, the connection stays in the backlog and the socket stays readable:
// without a pause the loop would spin.
constexpr std::chrono::milliseconds kAcceptPause{100};
// Connections taken in a row before the sessions get their turn.
constexpr int kAcceptBurstMax = 16;

Task<void> SocketAcceptor::Pause::wait(std::chrono::milliseconds span) {
  if (closed_) co_return;
  timer_.expires_after(span);
  boost::system::error_code cancelled;  // by close(): the caller sees that it is closed
  co_await timer_.async_wait(
      boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), cancelled));
}

Task<Result<std::unique_ptr<Stream>>> SocketAcceptor::accept() {
  while (watch_->is_open()) {
    if (burst_ < kAcceptBurstMax) {
      SocketAddress from;
      from.octets = sizeof from.storage;
      Fd fd(::accept4(watch_->fd(), from.get(), &from.octets, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.get() >= 0) {
        ++burst_;
        if (from.storage.ss_family != AF_UNIX) switch_on(fd.get(), IPPROTO_TCP, TCP_NODELAY);
        co_return make_stream(executor_, std::move(fd), from_system(from.storage));
      }
      const int error = errno;
      if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        co_await pause_.wait(kAcceptPause);
        if (!watch_->is_open()) break;
        co_return fail(Kind::unavailable, "no room to accept a connection", errno_text(error));
      }
      if (error != EAGAIN && error != EWOULDBLOCK) {  // that one connection is gone already
        ++burst_;
        continue;
      }
    }
    burst_ = 0;
    auto ready = co_await watch_->wait(Watch::For::read, Instant::max());
    if (!ready) co_return std::unexpected(std::move(ready).error());
  }
  co_return fail(Kind::cancelled, "the listener is closed");
}

}  // namespace

Result<Fd> open_listening(Endpoint at, bool reuse_port) {
  const int family = at.ip.v6 ? AF_INET6 : AF_INET;
  Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return fail(Kind::unavailable, "cannot make a socket", errno_text(errno));
  switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (reuse_port) switch_on(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  // One address, one listener: "[::]:25" and "0.0.0.0:25" can stand side by side.
  if (at.ip.v6) switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  SocketAddress address = to_system(at);
  if (::bind(fd.get(), address.get(), address.octets) != 0 ||
      ::listen(fd.get(), kBacklogConnectionsMax) != 0)
    return fail(Kind::unavailable, "cannot listen", to_string(at) + ": " + errno_text(errno));
  return fd;
}

Endpoint local_of(int fd) {
  SocketAddress address;
  address.octets = sizeof address.storage;
  if (::getsockname(fd, address.get(), &address.octets) != 0) return {};
  return from_system(address.storage);
}

std::unique_ptr<Stream> make_stream(const Executor& executor, Fd fd, Endpoint peer) {
  return std::make_unique<SocketStream>(executor, std::move(fd), peer);
}

std::unique_ptr<Acceptor> make_acceptor(const Executor& executor, Fd fd, Endpoint local,
                                        std::function<void()> on_close) {
  return std::make_unique<SocketAcceptor>(executor, std::move(fd), local, std::move(on_close));
}

Task<Result<std::unique_ptr<Stream>>> connect_tcp(Endpoint to, Instant deadline) {
  Fd fd(::socket(to.ip.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) co_return fail(Kind::unavailable, "cannot make a socket", errno_text(errno));
  switch_on(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  SocketAddress address = to_system(to);
  if (::connect(fd.get(), address.get(), address.octets) != 0 && errno != EINPROGRESS)
    co_return fail(Kind::unavailable, "cannot connect", to_string(to) + ": " + errno_text(errno));
  co_return co_await finish_connect(std::move(fd), to, deadline);
}

Task<Result<std::unique_ptr<Stream>>> finish_connect(Fd fd, Endpoint to, Instant deadline) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  const int number = fd.get();
  auto stream = make_stream(executor, std::move(fd), to);
  PH_CO_TRY([[maybe_unused]] const Done ready, co_await stream->wait_writable(deadline));
  int error = 0;
  socklen_t octets = sizeof error;
  ::getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &octets);
  if (error != 0)
    co_return fail(Kind::unavailable, "cannot connect", to_string(to) + ": " + errno_text(error));
  co_return std::move(stream);
}

}  // namespace ph::rt::os
