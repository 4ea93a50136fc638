#include "net/connection.h"

#include <utility>

namespace ph::net {
namespace {

/// What one thread reads into, whatever the connection: made at its first read, gone with the
/// thread.
std::span<char> thread_buffer() {
  thread_local const auto buffer = std::make_unique_for_overwrite<char[]>(kReadOctetsMax);
  return {buffer.get(), kReadOctetsMax};
}

}  // namespace

Connection::Connection(std::unique_ptr<rt::Stream> stream) : stream_(std::move(stream)) {}

Connection::~Connection() { close(); }

Connection::Connection(Connection&& other) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this == &other) return *this;
  close();
  stream_ = std::move(other.stream_);
  tls_ = std::move(other.tls_);
  input_ = std::move(other.input_);
  consumed_ = other.consumed_;
  interrupted_ = other.interrupted_;
  waits_for_command_ = other.waits_for_command_;
  more_is_likely_ = other.more_is_likely_;
  return *this;
}

void Connection::consume(std::size_t octets) {
  PH_CHECK(octets <= input_.size() - consumed_);
  consumed_ += octets;
}

Task<Result<Done>> Connection::receive(rt::Instant deadline, For what) {
  if (consumed_ == input_.size()) {
    std::string().swap(input_);  // an idle connection owns no buffer
  } else {
    input_.erase(0, consumed_);
  }
  consumed_ = 0;
  if (interrupted_ && what == For::command)
    co_return fail(Kind::unavailable, "the server is shutting down");
  if (input_.size() >= kInputOctetsMax)
    co_return fail(Kind::over_limit, "too much input that nobody consumes");

  // Inside a message the next octets are mostly there already; between commands they are not.
  bool read_first = what == For::data || more_is_likely_;
  for (;;) {
    if (tls_) {  // it may hold plaintext that came with something else
      PH_CO_TRY(const std::size_t decrypted, co_await read_tls(deadline));
      if (decrypted > 0) co_return Done{};
    }
    if (!std::exchange(read_first, false)) {
      waits_for_command_ = what == For::command;
      auto ready = co_await stream_->wait_readable(deadline);
      waits_for_command_ = false;
      if (!ready) co_return std::unexpected(wait_failure(std::move(ready).error()));
    }
    PH_CO_TRY(const std::size_t octets, stream_->read_now(thread_buffer()));
    more_is_likely_ = octets == kReadOctetsMax;
    if (octets == 0) continue;
    if (tls_) {
      tls_->feed(thread_buffer().first(octets));
    } else {
      input_.append(thread_buffer().data(), octets);
      co_return Done{};
    }
  }
}

Task<Result<std::size_t>> Connection::read_tls(rt::Instant deadline) {
  auto decrypted = tls_->read(input_);
  // Reading can make TLS answer (a key update, an alert). What it owes goes out, also when it
  // failed.
  std::string owed = tls_->take_output();
  if (!owed.empty()) {
    auto sent = co_await send_raw(std::move(owed), deadline);
    if (decrypted && !sent) co_return std::unexpected(std::move(sent).error());
  }
  co_return decrypted;
}

/// `unavailable` is for interrupt() alone; a descriptor that cannot be watched is a lost
/// connection.
Error Connection::wait_failure(Error error) const {
  if (error.kind == Kind::unavailable && !interrupted_) error.kind = Kind::cancelled;
  return error;
}

void Connection::interrupt() {
  interrupted_ = true;
  if (waits_for_command_) stream_->interrupt();
}

Task<Result<Done>> Connection::send(std::string octets, rt::Instant deadline) {
  if (!tls_) co_return co_await send_raw(std::move(octets), deadline);
  std::span<const char> rest = octets;
  while (!rest.empty()) {
    const auto slice = rest.first(std::min(rest.size(), kTlsSliceOctetsMax));
    rest = rest.subspan(slice.size());
    PH_CO_TRY([[maybe_unused]] const Done encrypted, tls_->write(slice));
    PH_CO_TRY([[maybe_unused]] const Done sent, co_await send_raw(tls_->take_output(), deadline));
  }
  co_return Done{};
}

Task<Result<Done>> Connection::send_raw(std::string octets, rt::Instant deadline) {
  std::span<const char> rest = octets;
  while (!rest.empty()) {
    PH_CO_TRY(const std::size_t taken, stream_->write_now(rest));
    rest = rest.subspan(taken);
    if (taken > 0) continue;
    auto ready = co_await stream_->wait_writable(deadline);
    if (!ready) co_return std::unexpected(wait_failure(std::move(ready).error()));
  }
  co_return Done{};
}

Task<Result<crypto::TlsInfo>> Connection::start_tls_server(
    std::shared_ptr<const crypto::TlsContext> context, rt::Instant deadline) {
  PH_CHECK(!tls_);
  tls_ = crypto::TlsMachine::server(std::move(context));
  co_return co_await handshake(deadline);
}

Task<Result<crypto::TlsInfo>> Connection::start_tls_client(
    std::shared_ptr<const crypto::TlsContext> context, std::string host, rt::Instant deadline) {
  PH_CHECK(!tls_);
  tls_ = crypto::TlsMachine::client(std::move(context), host);
  co_return co_await handshake(deadline);
}

Task<Result<crypto::TlsInfo>> Connection::handshake(rt::Instant deadline) {
  std::string().swap(input_);
  consumed_ = 0;
  auto outcome = co_await exchange_handshake(deadline);
  if (!outcome) {  // no way back to plaintext
    stream_->close();
    co_return std::unexpected(std::move(outcome).error());
  }
  co_return tls_->info();
}

Task<void> Connection::linger(rt::Instant deadline) {
  if (!tls_) stream_->shutdown_write();
  for (std::size_t dropped = 0; dropped < kLingerOctetsMax;) {
    consume(input().size());
    auto more = co_await receive(deadline, For::data);
    if (!more) co_return;
    dropped += input().size();
  }
}

Task<Result<Done>> Connection::exchange_handshake(rt::Instant deadline) {
  for (;;) {
    auto done = tls_->handshake();
    auto sent = co_await send_raw(tls_->take_output(), deadline);  // an alert too
    if (!done) co_return std::unexpected(std::move(done).error());
    if (!sent) co_return std::unexpected(std::move(sent).error());
    if (*done) co_return Done{};
    auto ready = co_await stream_->wait_readable(deadline);
    if (!ready) co_return std::unexpected(wait_failure(std::move(ready).error()));
    PH_CO_TRY(const std::size_t octets, stream_->read_now(thread_buffer()));
    tls_->feed(thread_buffer().first(octets));
  }
}

void Connection::close() {
  if (!stream_) return;  // moved from
  if (tls_) {
    tls_->close();
    const std::string owed = tls_->take_output();
    if (!owed.empty()) static_cast<void>(stream_->write_now(owed));  // what fits, fits
  }
  stream_->close();
}

}  // namespace ph::net
