// What one attempt to hand a message to another server knows while it goes on.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/ledger.h"
#include "deliver/outgoing.h"

namespace ph::deliver {

struct Errand {
  std::shared_ptr<const queue::Message> message;
  std::vector<std::uint32_t> open;  // jobs that nothing is known of yet
  Ledger::Found found;              // the others
  bool looked_up = false;
  std::deque<Target> targets;  // still to be tried, in order
  Target target;               // the one under way
  smtp::ClientOptions options;
  bool same = false;         // connect to `target` again
  std::size_t talks = 0;     // hosts that were talked to
  std::size_t repeats = 0;   // transactions that did not count as an attempt
  bool talked = false;       // a host answered, whatever it said
  bool unreachable = false;  // no host so far was ready to take mail
  Attempt last;              // what stood in the way of those that are open

  bool relayed() const;
  /// Nothing was said to anybody.
  bool untouched() const { return found.empty() && talks == 0 && last.why.empty(); }
  /// All that is known; what is open gets `last`.
  Ledger::Found take_found();
};

/// In words, what a server did with a recipient.
std::string why_of(const smtp::RecipientReport& recipient, const Outgoing& out);

}  // namespace ph::deliver
