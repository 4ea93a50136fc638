#include "rt/os/resolver.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "rt/os/answer_memory.h"
#include "rt/os/descriptor.h"
#include "rt/os/random.h"
#include "rt/os/resolver_context.h"

namespace ph::rt::os {
namespace {

/// A name in text has at most four octets for each on the wire (\DDD).
constexpr std::size_t kDnsTextOctetsMax = 4 * 255;

dns::Answer failed_answer(const dns::Question& question, Literal why) {
  dns::Answer answer;
  answer.canonical = question.name;
  answer.why = why.text;
  return answer;
}

dns::Answer timed_out_answer(const dns::Question& question) {
  dns::Answer answer = failed_answer(question, "no answer from the DNS in time");
  answer.status = dns::Status::timed_out;
  return answer;
}

HashKey random_key() {
  HashKey key;
  fill_random(key);
  return key;
}

/// One question, from query() to libunbound's answer. It outlives its waiter: ub_cancel() frees
/// nothing while threads are used, so what was given up still counts as under way.
struct Ask {
  ResolverParts* parts = nullptr;
  std::uint64_t id = 0;
  dns::Question question;
  Instant deadline;
  std::optional<Resume<dns::Answer>> waiter;  // nullopt: has its answer; or the trial
  bool started = false;
};

}  // namespace

struct ResolverParts {
  explicit ResolverParts(ResolverOptions with) : options(std::move(with)) {}

  // From any thread.
  void ask(dns::Question question, Instant deadline, Resume<dns::Answer> waiter);
  void close();
  void rouse();

  // On the resolver's thread.
  void run();
  void begin_trial();
  void end_trial(bool validates);
  bool take_incoming();
  void start_waiting();
  void start(Ask& ask);
  void expire();
  void settle(Ask& ask, dns::Answer answer);
  void forget(const Ask& ask) { asks.erase(ask.id); }
  int wait_ms() const;
  static void on_answer(void* ask, int error, ub_result* result);

  const ResolverOptions options;
  Fd wake;
  std::thread thread;
  std::mutex close_mutex;  // one close() at a time
  AnswerMemory memory{random_key()};

  std::mutex mutex;
  std::vector<Ask> incoming;  // guarded by mutex
  bool closing = false;       // guarded by mutex

  DnsContext context;
  std::map<std::uint64_t, Ask> asks;
  std::set<std::pair<Instant, std::uint64_t>> deadlines;
  std::set<std::uint64_t> waiting;  // not yet given to libunbound; the oldest first
  std::size_t under_way = 0;
  std::uint64_t last_id = 0;
  bool trial = false;
  std::optional<bool> trial_ended;  // set inside a callback, where the context cannot be replaced
};

void ResolverParts::ask(dns::Question question, Instant deadline, Resume<dns::Answer> waiter) {
  if (question.name.size() > kDnsTextOctetsMax || question.name.contains('\0'))
    return waiter(failed_answer(question, "not a domain name"));
  std::unique_lock lock(mutex);
  if (closing) {
    lock.unlock();
    return waiter(failed_answer(question, "the DNS resolver is closed"));
  }
  if (incoming.size() >= kDnsWaitingMax) {
    lock.unlock();
    return waiter(failed_answer(question, "too many DNS questions wait"));
  }
  incoming.push_back({this, 0, std::move(question), deadline, std::move(waiter)});
  rouse();
}

void ResolverParts::rouse() {
  const std::uint64_t one = 1;
  // Cannot fail but when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const auto told = ::write(wake.get(), &one, sizeof one);
}

void ResolverParts::close() {
  const std::lock_guard one_at_a_time(close_mutex);
  {
    const std::lock_guard lock(mutex);
    closing = true;
    memory.close();
    rouse();
  }
  if (thread.joinable()) thread.join();
}

void ResolverParts::run() {
  ::pthread_setname_np(::pthread_self(), "dns");
  begin_trial();
  for (;;) {
    std::array<pollfd, 2> watched{{{wake.get(), POLLIN, 0}, {ub_fd(context.get()), POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), wait_ms());
    if (watched[0].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto drained = ::read(wake.get(), &count, sizeof count);
    }
    if (!take_incoming()) break;
    ub_process(context.get());  // calls on_answer()
    expire();
    if (trial_ended) end_trial(*std::exchange(trial_ended, std::nullopt));
    start_waiting();
  }
  context.reset();  // no callback comes any more
  for (auto& [id, ask] : asks)
    if (ask.waiter) (*ask.waiter)(failed_answer(ask.question, "the DNS resolver is closed"));
  asks.clear();
}

/// Asks for the root's own name servers: whatever sits between it and us, they are signed.
void ResolverParts::begin_trial() {
  if (!options.servers.empty() || ::access(options.root_keys.c_str(), R_OK) != 0) return;
  auto validating = make_dns_context(options, true);
  if (!validating) return;
  std::swap(context, *validating);
  trial = true;
  Ask& ask = asks[++last_id];
  ask = {this, last_id, {".", dns::kTypeNs}, steady_now() + kDnsTrialMax, std::nullopt};
  deadlines.emplace(ask.deadline, ask.id);
  start(ask);
}

void ResolverParts::end_trial(bool validates) {
  trial = false;
  if (validates) return;
  auto plain = make_dns_context(options, false);
  if (!plain) return;  // memory; then what there is must do
  context = *std::move(plain);
  // What was under way is the trial alone.
  asks.erase(1);
  under_way = 0;
}

bool ResolverParts::take_incoming() {
  std::vector<Ask> taken;
  bool goes_on = true;
  {
    const std::lock_guard lock(mutex);
    std::swap(taken, incoming);
    goes_on = !closing;
  }
  for (Ask& each : taken) {
    if (waiting.size() >= kDnsWaitingMax) {
      (*each.waiter)(failed_answer(each.question, "too many DNS questions wait"));
      continue;
    }
    each.id = ++last_id;
    deadlines.emplace(each.deadline, each.id);
    waiting.insert(each.id);
    asks.emplace(each.id, std::move(each));
  }
  return goes_on;
}

void ResolverParts::start_waiting() {
  while (!trial && !waiting.empty() && under_way < kDnsUnderWayMax) {
    Ask& ask = asks.at(*waiting.begin());
    waiting.erase(waiting.begin());
    start(ask);
  }
}

void ResolverParts::start(Ask& ask) {
  constexpr int kInternetClass = 1;
  const int error = ub_resolve_async(context.get(), ask.question.name.c_str(), ask.question.type,
                                     kInternetClass, &ask, on_answer, nullptr);
  if (error == 0) {
    ask.started = true;
    ++under_way;
    return;
  }
  settle(ask, dns_answer(ask.question, error, nullptr));
  forget(ask);
}

void ResolverParts::on_answer(void* argument, int error, ub_result* result) {
  Ask& ask = *static_cast<Ask*>(argument);
  ResolverParts& parts = *ask.parts;
  dns::Answer answer = dns_answer(ask.question, error, result);
  ub_resolve_free(result);
  parts.memory.keep(ask.question, answer, steady_now());
  --parts.under_way;
  parts.settle(ask, std::move(answer));
  parts.forget(ask);
}

void ResolverParts::settle(Ask& ask, dns::Answer answer) {
  deadlines.erase({ask.deadline, ask.id});
  if (ask.waiter) {
    (*ask.waiter)(std::move(answer));
    ask.waiter.reset();
  } else if (trial && ask.id == 1) {
    trial_ended = answer.secure;
  }
}

void ResolverParts::expire() {
  const Instant now = steady_now();
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    Ask& ask = asks.at(deadlines.begin()->second);
    settle(ask, timed_out_answer(ask.question));
    if (!ask.started) {
      waiting.erase(ask.id);
      forget(ask);
    }
  }
}

int ResolverParts::wait_ms() const {
  if (trial_ended) return 0;
  if (deadlines.empty()) return -1;
  const auto left = deadlines.begin()->first - steady_now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, INT_MAX));
}

OsResolver::OsResolver(std::unique_ptr<ResolverParts> parts) : parts_(std::move(parts)) {}
OsResolver::~OsResolver() { close(); }
void OsResolver::close() { parts_->close(); }

std::optional<dns::Answer> OsResolver::remembered(const dns::Question& question) {
  return parts_->memory.find(question, steady_now());
}

Task<dns::Answer> OsResolver::query(dns::Question question, Instant deadline) {
  auto known = remembered(question);
  if (known) co_return *std::move(known);
  co_return co_await suspend<dns::Answer>(
      [this, question = std::move(question), deadline](Resume<dns::Answer> waiter) mutable {
        parts_->ask(std::move(question), deadline, std::move(waiter));
      });
}

Result<std::unique_ptr<OsResolver>> make_resolver(ResolverOptions options) {
  auto parts = std::make_unique<ResolverParts>(std::move(options));
  PH_TRY(parts->context, make_dns_context(parts->options, false));
  parts->wake = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (parts->wake.get() < 0) return fail(Kind::unavailable, "no descriptor for the DNS resolver");
  parts->thread = std::thread([&parts = *parts] { parts.run(); });
  return std::make_unique<OsResolver>(std::move(parts));
}

}  // namespace ph::rt::os
