// From a recipient to what must be done for it: a pure machine that asks about one address at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "message/address.h"

namespace ph::route {

/// Aliases and forwardings in a row: more is a mistake in the directory (a loop is found earlier).
inline constexpr std::size_t kAliasDepthMax = 10;
/// Plans that one recipient may become; an alias that leads to more fails as a whole.
inline constexpr std::size_t kPlansMax = 1000;
/// Addresses asked about for one recipient, so that aliases of aliases end.
inline constexpr std::size_t kQuestionsMax = 2000;

/// What the directory knows about the address that was asked about.
struct Answer {
  enum class What : std::uint8_t { not_local, unknown_user, account, alias, moved };
  What what = What::not_local;
  std::string account;                        // account, moved: its id
  std::optional<std::uint64_t> quota_octets;  // account
  bool accepts = true;                        // account: false while it is disabled or locked
  std::vector<message::Address> targets;      // alias: its targets; moved: the new address
  bool forward = false;                       // moved: send it on
};

/// One thing to do. A recipient becomes one or more, never none.
struct Plan {
  enum class What : std::uint8_t {
    deliver,  // into the account's mailbox
    relay,    // to another server
    defer,    // the account takes no mail for now: try later
    fail,     // for good: `why` says so in one sentence
  };
  What what = What::fail;
  message::Address recipient;  // where the aliases and forwardings led; fail: where they ended
  std::string account;         // deliver, defer: the account's id
  std::optional<std::uint64_t> quota_octets;  // deliver
  std::vector<message::Address> via;          // aliases and old addresses on the way, in order
  std::string_view why;                       // defer, fail; fixed text
  std::string_view status;                    // defer, fail: RFC 3463
};

/// Plans one recipient. Usage:
///   RoutePlanner planner(recipient);
///   while (auto address = planner.question()) planner.answer(<what the directory says>);
///   for (Plan& plan : planner.take_plans()) ...
///
/// Each account and each remote address gets one plan, however many aliases lead to it; an alias
/// that leads back to itself adds nothing the second time. Asks at most kQuestionsMax times.
class RoutePlanner {
 public:
  explicit RoutePlanner(message::Address recipient);

  /// The address to look up now, the same until answer(); nullopt: the plans are ready.
  std::optional<message::Address> question() const;
  /// To the address of question(), which must not be empty.
  void answer(Answer answer);
  /// Once, when question() is nullopt; at least one, in the order in which the directory led there.
  std::vector<Plan> take_plans();

 private:
  struct Open {
    message::Address address;
    std::vector<message::Address> via;
  };
  void add(Plan plan);
  void expand(Open from, std::vector<message::Address> targets);
  void fail_whole(std::string_view why, std::string_view status);
  void settle();

  message::Address recipient_;
  std::deque<Open> open_;
  std::set<std::string> asked_;     // as written: local parts of other servers keep their case
  std::set<std::string> expanded_;  // directory keys of aliases already followed
  std::set<std::string> planned_;   // accounts, and remote addresses
  std::vector<Plan> plans_;
};

}  // namespace ph::route
