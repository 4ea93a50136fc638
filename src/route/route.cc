#include "route/route.h"

#include <utility>

#include "base/error.h"

namespace ph::route {

RoutePlanner::RoutePlanner(message::Address recipient) : recipient_(std::move(recipient)) {
  asked_.insert(message::to_string(recipient_));
  open_.push_back({recipient_, {}});
}

std::optional<message::Address> RoutePlanner::question() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().address;
}

void RoutePlanner::answer(Answer answer) {
  PH_CHECK(!open_.empty());
  Open at = std::move(open_.front());
  open_.pop_front();

  switch (answer.what) {
    case Answer::What::not_local:
      if (planned_.insert(message::to_string(at.address)).second)
        add({Plan::What::relay, std::move(at.address), {}, {}, std::move(at.via), {}, {}});
      break;
    case Answer::What::unknown_user:
      add({Plan::What::fail,
           std::move(at.address),
           {},
           {},
           std::move(at.via),
           "no such mailbox here",
           "5.1.1"});
      break;
    case Answer::What::account:
      // An account id has no '@', so it cannot be taken for an address.
      if (!planned_.insert(answer.account).second) break;
      if (answer.accepts) {
        add({Plan::What::deliver,
             std::move(at.address),
             std::move(answer.account),
             answer.quota_octets,
             std::move(at.via),
             {},
             {}});
      } else {
        add({Plan::What::defer,
             std::move(at.address),
             std::move(answer.account),
             {},
             std::move(at.via),
             "the account takes no mail for now",
             "4.2.1"});
      }
      break;
    case Answer::What::moved:
      if (!answer.forward) {
        add({Plan::What::fail,
             std::move(at.address),
             {},
             {},
             std::move(at.via),
             "the mailbox has moved, and mail for it is not sent on",
             "5.1.6"});
        break;
      }
      [[fallthrough]];
    case Answer::What::alias: expand(std::move(at), std::move(answer.targets)); break;
  }
  settle();
}

void RoutePlanner::expand(Open from, std::vector<message::Address> targets) {
  if (!expanded_.insert(message::directory_key(from.address)).second) return;
  // As a whole: whoever plans the last address anew would begin to count anew, in a long loop for
  // ever.
  if (from.via.size() >= kAliasDepthMax) return fail_whole("aliases are nested too deep", "5.4.6");
  from.via.push_back(from.address);
  for (message::Address& target : targets) {
    if (!asked_.insert(message::to_string(target)).second) continue;
    if (asked_.size() > kQuestionsMax)
      return fail_whole("the alias leads to too many addresses", "5.2.4");
    open_.push_back({std::move(target), from.via});
  }
}

void RoutePlanner::add(Plan plan) {
  plans_.push_back(std::move(plan));
  if (plans_.size() > kPlansMax) fail_whole("the alias leads to too many recipients", "5.2.4");
}

/// All or nothing: half of a list would get mail that its sender is told was not sent.
void RoutePlanner::fail_whole(std::string_view why, std::string_view status) {
  open_.clear();
  plans_.clear();
  plans_.push_back({Plan::What::fail, recipient_, {}, {}, {}, why, status});
}

void RoutePlanner::settle() {
  if (open_.empty() && plans_.empty()) fail_whole("the alias leads to nobody but itself", "5.4.6");
}

std::vector<Plan> RoutePlanner::take_plans() {
  PH_CHECK(open_.empty());
  return std::move(plans_);
}

}  // namespace ph::route
