#include "sim/net.h"

#include <algorithm>

namespace ph::sim {

/// One direction of a connection. Shared by its two streams and the segments on their way.
struct Net::Pipe {
  rt::IpAddress host;  // that was connected to
  std::string arrived;
  std::size_t flying_octets = 0;
  bool end_arrived = false;  // the writer has closed, and all it wrote is here
  bool broken = false;       // reset
  bool reader_gone = false;
  rt::Instant last_arrival;
  Schedule::Ticket reader = 0, writer = 0;  // who waits

  std::size_t room() const { return kPipeOctetsMax - flying_octets - arrived.size(); }
};

/// Connections that wait to be accepted. Shared by the network and the acceptor.
struct Net::Backlog {
  rt::Endpoint local;
  bool shared = false;
  std::deque<std::unique_ptr<rt::Stream>> waiting;
  Schedule::Ticket acceptor = 0;  // who waits
};

class Stream final : public rt::Stream {
 public:
  using PipePointer = std::shared_ptr<Net::Pipe>;
  Stream(Net& net, PipePointer in, PipePointer out, rt::Endpoint peer, rt::Endpoint local)
      : net_(net), in_(std::move(in)), out_(std::move(out)), peer_(peer), local_(local) {}
  ~Stream() override { close(); }

  Task<Result<Done>> wait_readable(rt::Instant deadline) override {
    const bool ready = !in_->arrived.empty() || in_->end_arrived || in_->broken;
    return wait(in_->reader, ready, deadline);
  }
  Task<Result<Done>> wait_writable(rt::Instant deadline) override {
    return wait(out_->writer, out_->room() > 0 || out_->reader_gone || out_->broken, deadline);
  }
  Result<std::size_t> read_now(std::span<char> into) override;
  Result<std::size_t> write_now(std::span<const char> octets) override;
  void interrupt() override {
    net_.schedule_.wake(in_->reader, fail(Kind::unavailable, "the wait was interrupted"));
  }
  void shutdown_write() override {
    if (std::exchange(write_ended_, true)) return;
    net_.send_later(out_, "", true);
  }
  void close() override;
  rt::Endpoint peer() const override { return peer_; }
  rt::Endpoint local() const override { return local_; }

 private:
  // The ticket lives in a pipe that this stream keeps alive.
  Task<Result<Done>> wait(Schedule::Ticket& ticket, bool ready, rt::Instant deadline);  // NOLINT

  Net& net_;
  PipePointer in_, out_;
  rt::Endpoint peer_, local_;
  bool closed_ = false, write_ended_ = false;
};

Task<Result<Done>> Stream::wait(Schedule::Ticket& ticket, bool ready, rt::Instant deadline) {
  if (closed_) co_return fail(Kind::cancelled, "the connection is closed");
  if (net_.clock_.now() >= deadline) co_return fail(Kind::timed_out, "no answer in time");
  if (ready) co_return Done{};
  PH_CHECK(ticket == 0);  // one wait at a time
  auto outcome = co_await rt::suspend<Result<Done>>([&](Schedule::Waiter waiter) {
    ticket = net_.schedule_.wait(std::move(waiter), deadline,
                                 fail(Kind::timed_out, "no answer in time"));
  });
  ticket = 0;
  co_return outcome;
}

Result<std::size_t> Stream::read_now(std::span<char> into) {
  if (closed_) return fail(Kind::cancelled, "the connection is closed");
  PH_CHECK(!into.empty());
  if (in_->broken) return fail(Kind::cancelled, "the connection broke");
  const std::size_t octets = std::min(into.size(), in_->arrived.size());
  if (octets == 0) {
    if (in_->end_arrived) return fail(Kind::cancelled, "the peer closed the connection");
    return std::size_t{0};
  }
  std::copy_n(in_->arrived.begin(), octets, into.begin());
  in_->arrived.erase(0, octets);
  net_.schedule_.wake(in_->writer, Done{});
  return octets;
}

Result<std::size_t> Stream::write_now(std::span<const char> octets) {
  if (closed_ || write_ended_) return fail(Kind::cancelled, "the connection is closed");
  if (net_.random_.chance(net_.faults_.resets_per_million)) {
    net_.reset(*in_);
    net_.reset(*out_);
  }
  if (out_->broken || out_->reader_gone) return fail(Kind::cancelled, "the connection broke");
  std::size_t taken = std::min(octets.size(), out_->room());
  if (taken > 1 && net_.random_.below(8) == 0) taken = 1 + net_.random_.below(taken);
  for (std::size_t at = 0; at < taken;) {
    const std::size_t segment =
        std::min<std::size_t>(taken - at, 1 + net_.random_.below(net_.faults_.segment_octets_max));
    net_.send_later(
        out_, std::string(octets.subspan(at, segment).begin(), octets.subspan(at, segment).end()),
        false);
    at += segment;
  }
  return taken;
}

void Stream::close() {
  if (closed_) return;
  shutdown_write();
  closed_ = true;
  in_->reader_gone = true;
  in_->arrived.clear();
  const auto gone = [] { return fail(Kind::cancelled, "the connection is closed"); };
  net_.schedule_.wake(in_->reader, gone());
  net_.schedule_.wake(out_->writer, gone());
  net_.schedule_.wake(in_->writer, Done{});  // the peer: write_now() tells it
}

class Acceptor final : public rt::Acceptor {
 public:
  Acceptor(Net& net, std::shared_ptr<Net::Backlog> backlog)
      : net_(net), backlog_(std::move(backlog)) {}
  ~Acceptor() override { close(); }

  Task<Result<std::unique_ptr<rt::Stream>>> accept() override {
    while (!closed_) {
      if (!backlog_->waiting.empty()) {
        auto stream = std::move(backlog_->waiting.front());
        backlog_->waiting.pop_front();
        co_return std::move(stream);
      }
      [[maybe_unused]] const auto woken =
          co_await rt::suspend<Result<Done>>([this](Schedule::Waiter waiter) {
            backlog_->acceptor = net_.schedule_.wait(std::move(waiter), rt::Instant::max(), Done{});
          });
    }
    co_return fail(Kind::cancelled, "the listener is closed");
  }
  void close() override {
    if (std::exchange(closed_, true)) return;
    const auto found = net_.listeners_.find(backlog_->local);
    std::erase(found->second, backlog_);
    if (found->second.empty()) net_.listeners_.erase(found);
    backlog_->waiting.clear();
    net_.schedule_.wake(backlog_->acceptor, Done{});
  }
  rt::Endpoint local() const override { return backlog_->local; }

 private:
  Net& net_;
  std::shared_ptr<Net::Backlog> backlog_;  // with the network's list of listeners
  bool closed_ = false;
};

Net::Net(Clock& clock, Schedule& schedule, Random& random, NetFaults faults)
    : clock_(clock), schedule_(schedule), random_(random), faults_(faults) {
  client_ip_.octets = {127, 0, 0, 1};
}

Net::~Net() = default;

Result<std::unique_ptr<rt::Acceptor>> Net::listen(rt::Executor, rt::Endpoint at, bool shared) {
  while (at.port == 0) {
    at.port = next_port_++;
    if (listeners_.contains(at)) at.port = 0;
  }
  auto& there = listeners_[at];
  if (!there.empty() && !(shared && there.front()->shared))
    return fail(Kind::unavailable, "cannot listen", rt::to_string(at) + ": in use");
  auto backlog = std::make_shared<Backlog>();
  backlog->local = at;
  backlog->shared = shared;
  there.push_back(backlog);
  return std::make_unique<Acceptor>(*this, std::move(backlog));
}

Task<Result<std::unique_ptr<rt::Stream>>> Net::connect(rt::Endpoint to, rt::Instant deadline) {
  std::chrono::nanoseconds wait = delay();
  std::chrono::seconds retransmit{1};  // doubled each time, as TCP does
  do {
    const rt::Instant arrival = clock_.now() + wait;
    const bool late = arrival >= deadline;
    [[maybe_unused]] const auto arrived =
        co_await rt::suspend<Result<Done>>([&](Schedule::Waiter waiter) {
          schedule_.wait(std::move(waiter), late ? deadline : arrival, Done{});
        });
    if (late) co_return fail(Kind::timed_out, "no answer in time", rt::to_string(to));
    wait = retransmit;
    retransmit *= 2;
  } while (quiet(to.ip));
  const auto backlog = find_listener(to);
  if (!backlog || random_.chance(faults_.refusals_per_million))
    co_return fail(Kind::unavailable, "cannot connect", rt::to_string(to) + ": refused");
  const auto there = std::make_shared<Pipe>(), back = std::make_shared<Pipe>();
  there->host = back->host = to.ip;
  std::erase_if(pipes_, [](const auto& pipe) { return pipe.expired(); });
  pipes_.push_back(there);
  pipes_.push_back(back);
  const rt::Endpoint from{client_ip_, next_port_};
  next_port_ = next_port_ == 65535 ? 32768 : static_cast<std::uint16_t>(next_port_ + 1);
  backlog->waiting.push_back(std::make_unique<Stream>(*this, there, back, from, to));
  schedule_.wake(backlog->acceptor, Done{});
  co_return std::make_unique<Stream>(*this, back, there, to, from);
}

std::shared_ptr<Net::Backlog> Net::find_listener(rt::Endpoint to) {
  auto found = listeners_.find(to);
  if (found == listeners_.end()) {  // one that listens on every address of the family
    rt::Endpoint any{{}, to.port};
    any.ip.v6 = to.ip.v6;
    found = listeners_.find(any);
  }
  if (found == listeners_.end()) return nullptr;
  const auto& backlog = found->second[random_.below(found->second.size())];
  return backlog->waiting.size() < kBacklogConnectionsMax ? backlog : nullptr;
}

std::chrono::microseconds Net::delay() {
  const auto spread = static_cast<std::uint64_t>((faults_.delay_max - faults_.delay_min).count());
  return faults_.delay_min +
         std::chrono::microseconds(static_cast<std::int64_t>(random_.below(spread + 1)));
}

void Net::send_later(const std::shared_ptr<Pipe>& pipe, std::string octets, bool end) {
  pipe->flying_octets += octets.size();
  pipe->last_arrival = std::max(pipe->last_arrival, clock_.now() + delay());
  schedule_.at(pipe->last_arrival, [this, pipe, octets = std::move(octets), end] {
    if (quiet(pipe->host)) {
      held_.push_back({pipe, octets, end});
    } else {
      arrive(pipe, octets, end);
    }
  });
}

void Net::arrive(const std::shared_ptr<Pipe>& pipe, const std::string& octets, bool end) {
  pipe->flying_octets -= octets.size();
  if (pipe->broken || pipe->reader_gone) return;
  pipe->arrived += octets;
  if (end) pipe->end_arrived = true;
  schedule_.wake(pipe->reader, Done{});
}

void Net::heal() {
  cut_ = false;
  release_held();
}

void Net::speak(rt::IpAddress host) {
  silent_.erase(host);
  release_held();
}

void Net::release_held() {
  std::deque<Held> still;
  for (Held& held : std::exchange(held_, {})) {
    if (quiet(held.pipe->host)) {
      still.push_back(std::move(held));
    } else {
      arrive(held.pipe, held.octets, held.end);
    }
  }
  held_ = std::move(still);
}

void Net::reset(Pipe& pipe) {
  pipe.broken = true;
  pipe.arrived.clear();
  schedule_.wake(pipe.reader, Done{});  // the next call says what happened
  schedule_.wake(pipe.writer, Done{});
}

void Net::reset_all() {
  for (const auto& weak : pipes_)
    if (const auto pipe = weak.lock()) reset(*pipe);
}

}  // namespace ph::sim
