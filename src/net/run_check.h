// Checks that are functions of what the DNS said, run over the real DNS.
#pragma once

#include <type_traits>
#include <utility>

#include "base/error.h"
#include "net/ask_all.h"

namespace ph::net {

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
    Answers answers = co_await ask_all(resolver, std::move(questions), deadline);
    for (auto& [question, answer] : answers) lookups.answer(question, std::move(answer));
  }
}

}  // namespace ph::net
