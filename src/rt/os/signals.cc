#include "rt/os/signals.h"

#include <boost/asio/basic_signal_set.hpp>
#include <csignal>
#include <mutex>

namespace ph::rt::os {

struct Signals::State : std::enable_shared_from_this<Signals::State> {
  State(const Executor& executor, std::function<void(Signal)> to_call)
      : set(executor, SIGTERM, SIGINT, SIGHUP), on_signal(std::move(to_call)) {}

  void wait() {
    set.async_wait(
        [self = shared_from_this()](const boost::system::error_code& failed, int number) {
          if (failed) return;
          // Held over the call: after ~Signals nothing of the owner's is touched any more.
          const std::lock_guard lock(self->mutex);
          if (self->closed) return;
          self->on_signal(number == SIGHUP ? Signal::reload : Signal::stop);
          self->wait();
        });
  }

  boost::asio::basic_signal_set<Executor> set;
  std::function<void(Signal)> on_signal;
  std::recursive_mutex mutex;  // on_signal may destroy the Signals
  bool closed = false;         // guarded by mutex
};

Signals::Signals(const Executor& executor, std::function<void(Signal)> on_signal)
    : state_(std::make_shared<State>(executor, std::move(on_signal))) {
  std::signal(SIGPIPE, SIG_IGN);
  state_->wait();
}

Signals::~Signals() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  boost::system::error_code ignored;
  state_->set.clear(ignored);
  state_->set.cancel(ignored);
}

}  // namespace ph::rt::os
