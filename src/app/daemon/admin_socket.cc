#include "app/daemon/admin_socket.h"

#include <utility>

namespace ph::daemon {

AdminLine next_admin_line(std::string_view input) {
  const auto end = input.find('\n');
  if (end == std::string_view::npos) return {};
  auto text = input.substr(0, end);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {text, end + 1};
}

AdminSocket::AdminSocket(std::unique_ptr<rt::Acceptor> acceptor, rt::Executor executor,
                         AdminRooms rooms)
    : acceptor_(std::move(acceptor)),
      executor_(std::move(executor)),
      rooms_(rooms),
      ended_(rooms.world.timers.timer(executor_)) {}

AdminSocket::~AdminSocket() { PH_CHECK(running_ == 0); }

void AdminSocket::start() {
  ++running_;
  rt::spawn(executor_, accept_loop());
}

Task<void> AdminSocket::finish() {
  stopping_ = true;
  acceptor_->close();
  for (auto* connection : open_) connection->interrupt();
  while (running_ > 0) {
    const auto again = rooms_.world.clock.now() + kAdminDeadline;
    [[maybe_unused]] const auto rung = co_await ended_->wait_until(again);
  }
}

void AdminSocket::ended() {
  --running_;
  if (stopping_) ended_->cancel();
}

Task<void> AdminSocket::accept_loop() {
  while (!stopping_) {
    auto stream = co_await acceptor_->accept();
    if (!stream) break;
    if (open_.size() >= kAdminConnectionsMax) {
      rooms_.world.log.write(rt::Level::warning, "admin.refused",
                             {{"why", "too many connections"}});
      continue;
    }
    ++running_;
    rt::spawn(executor_, session(std::move(*stream)));
  }
  ended();
}

Task<void> AdminSocket::session(std::unique_ptr<rt::Stream> stream) {
  {
    net::Connection connection(std::move(stream));
    open_.insert(&connection);
    co_await converse(connection);
    open_.erase(&connection);
  }
  ended();
}

Task<void> AdminSocket::converse(net::Connection& connection) {  // NOLINT: awaited on the spot
  while (!stopping_) {
    const auto line = next_admin_line(connection.input());
    const bool too_long = connection.input().size() > kAdminRequestOctetsMax;
    if (line.consumed == 0 && !too_long) {
      const auto idle = rooms_.world.clock.now() + kAdminIdle;
      const auto got = co_await connection.receive(idle);
      if (!got) co_return;
      continue;
    }
    // A request without an end is answered (over_limit) and then nothing of it is read as another.
    std::string request(line.consumed == 0 ? connection.input() : line.text);
    connection.consume(line.consumed == 0 ? connection.input().size() : line.consumed);
    std::string reply = co_await answer_admin(std::move(request), rooms_);
    reply += '\n';
    const auto deadline = rooms_.world.clock.now() + kAdminDeadline;
    const auto sent = co_await connection.send(std::move(reply), deadline);
    if (!sent || line.consumed == 0) co_return;
  }
}

}  // namespace ph::daemon
