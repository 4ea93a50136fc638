// Questions to the DNS that are asked at once.
#pragma once

#include <utility>
#include <vector>

#include "rt/resolver.h"

namespace ph::net {

using Answers = std::vector<std::pair<dns::Question, dns::Answer>>;

/// All answers, in the order in which they came; what has none by `deadline` is timed_out. One
/// round trip, none where all are remembered.
///   resolver  outlives the coroutine
Task<Answers> ask_all(rt::Resolver& resolver, std::vector<dns::Question> questions,
                      rt::Instant deadline);

}  // namespace ph::net
