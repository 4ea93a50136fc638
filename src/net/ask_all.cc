#include "net/ask_all.h"

#include <memory>
#include <optional>

namespace ph::net {
namespace {

/// Shared by the coroutine of each question; the last one to have its answer resumes whoever waits
/// for all. They run on one executor, one at a time.
struct Round {
  std::size_t open = 0;
  Answers answers;
  std::optional<rt::Resume<Answers>> waiter;
};

Task<void> ask_one(rt::Resolver& resolver,  // NOLINT: outlives the task
                   dns::Question question, rt::Instant deadline, std::shared_ptr<Round> round) {
  dns::Answer answer = co_await resolver.query(question, deadline);
  round->answers.emplace_back(std::move(question), std::move(answer));
  if (--round->open == 0) (*round->waiter)(std::move(round->answers));
}

}  // namespace

Task<Answers> ask_all(rt::Resolver& resolver,  // NOLINT: outlives the task
                      std::vector<dns::Question> questions, rt::Instant deadline) {
  Answers known;
  std::vector<dns::Question> open;
  for (dns::Question& question : questions) {
    auto answer = resolver.remembered(question);
    if (answer)
      known.emplace_back(std::move(question), *std::move(answer));
    else
      open.push_back(std::move(question));
  }
  if (open.empty()) co_return known;
  const rt::Executor executor = co_await boost::asio::this_coro::executor;
  co_return co_await rt::suspend<Answers>(
      [&resolver, executor, deadline, open = std::move(open),
       known = std::move(known)](rt::Resume<Answers> waiter) mutable {
        const auto round = std::make_shared<Round>();
        round->open = open.size();
        round->answers = std::move(known);
        round->waiter.emplace(std::move(waiter));
        for (const auto& each : open) rt::spawn(executor, ask_one(resolver, each, deadline, round));
      });
}

}  // namespace ph::net
