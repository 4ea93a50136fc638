// How many connections there are, in all and from each client.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace ph::policy {

/// Thread-safe. Holds one entry for each client that is connected.
class ConnectionCounts {
 public:
  enum class Admitted : std::uint8_t { yes, too_many_in_all, too_many_from_client };

  /// Counts a connection if the limits, with it, still hold.
  Admitted admit(const std::string& client, std::size_t in_all_max, std::size_t from_client_max);
  /// One that was admitted is gone.
  void release(const std::string& client);
  std::size_t in_all() const;

 private:
  mutable std::mutex mutex_;
  std::size_t in_all_ = 0;
  std::map<std::string, std::size_t> by_client_;  // strangers would choose what a hash sees
};

}  // namespace ph::policy
