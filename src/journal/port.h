// The door to the journal: events kept, found again.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/event.h"
#include "rt/world.h"

namespace ph::journal {

class Journal {
 public:
  virtual ~Journal() = default;
  /// An event that explains no stored state (a refusal before DATA, a login): written soon, in one
  /// batch with others. Never blocks; over kNotesQueuedMax the oldest are counted and dropped.
  virtual void note(Event event) = 0;
  /// All events of a queue id, a Message-ID (with or without <>) or an address, oldest first, also
  /// those not yet indexed. Empty: nothing known.
  virtual Task<Result<std::vector<Event>>> find(std::string term, rt::Instant deadline) = 0;
};

}  // namespace ph::journal
