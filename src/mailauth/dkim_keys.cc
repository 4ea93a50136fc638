#include "mailauth/dkim_keys.h"

#include <utility>

namespace ph::mailauth {

PublishedKey read_published_key(std::string_view record) {
  PublishedKey out{.record = parse_dkim_record(record), .key = std::nullopt};
  if (!out.record || out.record->key.empty()) return out;
  out.key = out.record->kind == crypto::KeyKind::rsa ? crypto::PublicKey::rsa(out.record->key)
                                                     : crypto::PublicKey::ed25519(out.record->key);
  return out;
}

std::shared_ptr<const PublishedKey> DkimKeys::read(const std::string& record) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = newer_.find(record); found != newer_.end()) return found->second;
    if (const auto found = older_.find(record); found != older_.end()) {
      auto key = found->second;
      newer_.insert(older_.extract(found));
      return key;
    }
  }
  auto key = std::make_shared<const PublishedKey>(read_published_key(record));
  if (record.size() > kDkimKeyRememberedOctetsMax) return key;
  const std::lock_guard lock(mutex_);
  if (newer_.size() >= kDkimKeysRememberedMax / 2) {
    older_ = std::move(newer_);
    newer_.clear();
  }
  newer_.insert_or_assign(record, key);
  return key;
}

}  // namespace ph::mailauth
