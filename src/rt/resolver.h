// The DNS as an interface. The real one is rt/os/resolver.h, the simulated one sim/resolver.h. No
// part of World: who needs it takes it in its constructor.
#pragma once

#include <optional>

#include "base/dns.h"
#include "rt/task.h"
#include "rt/world.h"

namespace ph::rt {

/// Outlives every coroutine that waits for it, or ends them with `failed` when it is destroyed.
struct Resolver {
  virtual ~Resolver() = default;
  /// Asks, from any executor; the coroutine goes on on its own. Any number of questions may be
  /// under way. Answers at `deadline` at the latest, with timed_out. Never fails otherwise: what
  /// went wrong is the answer's status. A name that cannot be one is `failed`.
  virtual Task<dns::Answer> query(dns::Question question, Instant deadline) = 0;
  /// An answer that is at hand, from any executor; nullopt: it has to be asked for.
  virtual std::optional<dns::Answer> remembered(const dns::Question&) { return std::nullopt; }
};

}  // namespace ph::rt
