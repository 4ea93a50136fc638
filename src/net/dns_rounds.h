// Questions to the DNS that belong together, and the checks that need several rounds of them.
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "rt/resolver.h"

namespace ph::net {

using DnsAnswers = std::vector<std::pair<dns::Question, dns::Answer>>;

/// Asks all at once; goes on when the last answer has come, in the order in which they came.
///   resolver  outlives the coroutine
///   deadline  of each question; what has no answer by then is timed_out
Task<DnsAnswers> ask_all(rt::Resolver& resolver, std::vector<dns::Question> questions,
                         rt::Instant deadline);

/// Runs a pure check to its outcome: a function of what is known (mailauth/lookups.h), which says
/// nullopt while it waits for answers.
///
///   lookups   what is known before and after: several checks of one message may share it, one
///             after the other. Has take_questions() and answer(). Outlives the coroutine
///   run       std::optional<Outcome> run(Lookups&); what it refers to outlives the coroutine
///   deadline  of the whole check: what has no answer by then is timed_out, which every check
///             takes as temporary
template <class Lookups, class Run>
Task<typename std::invoke_result_t<Run&, Lookups&>::value_type> run_check(
    rt::Resolver& resolver, Lookups& lookups, Run run, rt::Instant deadline) {  // NOLINT: lent
  for (;;) {
    auto outcome = run(lookups);
    if (outcome) co_return *std::move(outcome);
    auto questions = lookups.take_questions();
    PH_CHECK(!questions.empty());  // else it waits for nothing
    DnsAnswers answers = co_await ask_all(resolver, std::move(questions), deadline);
    for (auto& [question, answer] : answers) lookups.answer(question, std::move(answer));
  }
}

}  // namespace ph::net
