// Answers of the DNS that are at hand without asking libunbound's thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/dns.h"
#include "base/keyed_hash.h"
#include "rt/world.h"

namespace ph::rt::os {

/// Answers that are remembered, of at most kDnsRememberedOctetsMax octets each; libunbound's own
/// cache has the rest.
inline constexpr std::size_t kDnsRememberedMax = 4096;
inline constexpr std::size_t kDnsRememberedOctetsMax = 4096;
/// So long at most, whatever the TTL: libunbound may have learnt something newer meanwhile.
inline constexpr unsigned kDnsRememberedSecondsMax = 60;

/// Any thread. An answer of libunbound's cache costs two wake-ups of threads and some system calls,
/// one from here a lock: the checks of a sender ask half a dozen questions for every message, and
/// mostly the same. Only definite answers (dns::is_definite), until their TTL has passed.
class AnswerMemory {
 public:
  /// Names are what strangers choose: their hash has a key, drawn at random for each memory.
  explicit AnswerMemory(const HashKey& key);
  /// With what is left of its TTL.
  std::optional<dns::Answer> find(const dns::Question& question, Instant now);
  void keep(const dns::Question& question, const dns::Answer& answer, Instant now);
  /// Nothing is kept from now on.
  void close();

 private:
  struct Hash {
    HashKey key;
    std::size_t operator()(const dns::Question& question) const {
      return keyed_hash(key, question.name) + question.type;
    }
  };
  struct Entry {
    dns::Answer answer;
    Instant until;
  };
  using Entries = std::unordered_map<dns::Question, Entry, Hash>;

  std::mutex mutex_;
  // When the newer ones fill their half, the older half is dropped. A question is in one of them.
  Entries newer_, older_;
  bool closed_ = false;
};

}  // namespace ph::rt::os
