// Performs what route::MxPlanner asks for.
#pragma once

#include <string>

#include "route/mx.h"
#include "rt/resolver.h"

namespace ph::deliver {

/// Where mail for `domain` goes. All questions of a round are asked at once: two round trips in
/// all.
///   resolver  outlives the coroutine
///   deadline  of each question; what has no answer by then counts as temporary
Task<route::MxResult> look_up_mx(rt::Resolver& resolver, std::string domain, route::MxSelf self,
                                 rt::Instant deadline);

}  // namespace ph::deliver
