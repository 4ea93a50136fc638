#include "deliver/mx_lookup.h"

#include <utility>
#include <vector>

#include "net/ask_all.h"

namespace ph::deliver {

Task<route::MxResult> look_up_mx(rt::Resolver& resolver,  // NOLINT: outlives the task
                                 std::string domain, route::MxSelf self, rt::Instant deadline) {
  route::MxPlanner planner(std::move(domain), std::move(self));
  while (!planner.done()) {
    auto questions = planner.take_questions();
    const net::Answers answers = co_await net::ask_all(resolver, std::move(questions), deadline);
    for (const auto& [question, answer] : answers) planner.answer(question, answer);
  }
  co_return planner.take_result();
}

}  // namespace ph::deliver
