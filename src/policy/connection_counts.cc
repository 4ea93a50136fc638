#include "policy/connection_counts.h"

namespace ph::policy {

ConnectionCounts::Admitted ConnectionCounts::admit(const std::string& client,
                                                   std::size_t in_all_max,
                                                   std::size_t from_client_max) {
  const std::lock_guard lock(mutex_);
  if (in_all_ >= in_all_max) return Admitted::too_many_in_all;
  const auto found = by_client_.find(client);
  if ((found == by_client_.end() ? 0 : found->second) >= from_client_max)
    return Admitted::too_many_from_client;
  ++in_all_;
  ++by_client_[client];
  return Admitted::yes;
}

void ConnectionCounts::release(const std::string& client) {
  const std::lock_guard lock(mutex_);
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return;  // departed() never fails
  --in_all_;
  if (--found->second == 0) by_client_.erase(found);
}

std::size_t ConnectionCounts::in_all() const {
  const std::lock_guard lock(mutex_);
  return in_all_;
}

}  // namespace ph::policy
