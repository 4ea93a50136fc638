// Published keys, read out of their records once and not for each message.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "mailauth/dkim_record.h"

namespace ph::mailauth {

/// Records whose keys are remembered, each of at most kDkimKeyRememberedOctetsMax octets: an RSA
/// key of 4,096 bits is published in some 750. With its key an entry takes 5 KiB at most.
inline constexpr std::size_t kDkimKeysRememberedMax = 512;
inline constexpr std::size_t kDkimKeyRememberedOctetsMax = 1024;

/// What one TXT record publishes.
struct PublishedKey {
  Result<DkimRecord> record;
  /// nullopt: the record is none, or is revoked (its p= is empty).
  std::optional<Result<crypto::PublicKey>> key;
};

PublishedKey read_published_key(std::string_view record);

/// A function of the record alone, remembered: what the DNS says of a name now is asked elsewhere,
/// each time. To read an RSA key costs as much as half a verification with it, and OpenSSL keeps
/// with a key what it computes for the first one (the Montgomery form of its modulus). Any thread.
class DkimKeys {
 public:
  std::shared_ptr<const PublishedKey> read(const std::string& record);

 private:
  using Entries = std::map<std::string, std::shared_ptr<const PublishedKey>>;
  std::mutex mutex_;
  // When the newer ones fill their half, the older half is dropped.
  Entries newer_, older_;
};

}  // namespace ph::mailauth
