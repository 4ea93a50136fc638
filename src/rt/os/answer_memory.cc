#include "rt/os/answer_memory.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ph::rt::os {
namespace {

std::size_t octets_of(const dns::Answer& answer) {
  std::size_t octets = answer.canonical.size();
  for (const std::string& rdata : answer.data) octets += rdata.size();
  return octets;
}

}  // namespace

AnswerMemory::AnswerMemory(const HashKey& key) : newer_(0, Hash{key}), older_(0, Hash{key}) {}

std::optional<dns::Answer> AnswerMemory::find(const dns::Question& question, Instant now) {
  const std::lock_guard lock(mutex_);
  for (Entries* entries : {&newer_, &older_}) {
    const auto found = entries->find(question);
    if (found == entries->end()) continue;
    if (found->second.until <= now) {
      entries->erase(found);
      continue;
    }
    dns::Answer answer = found->second.answer;
    const auto left = std::chrono::ceil<std::chrono::seconds>(found->second.until - now).count();
    answer.ttl = std::min(answer.ttl, static_cast<std::uint32_t>(left));
    return answer;
  }
  return std::nullopt;
}

void AnswerMemory::keep(const dns::Question& question, const dns::Answer& answer, Instant now) {
  if (!dns::is_definite(answer.status) || answer.ttl == 0) return;
  if (question.name.size() + octets_of(answer) > kDnsRememberedOctetsMax) return;
  const std::chrono::seconds ttl{std::min(answer.ttl, std::uint32_t{kDnsRememberedSecondsMax})};
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (newer_.size() >= kDnsRememberedMax / 2) {
    older_.clear();
    std::swap(older_, newer_);
  }
  // Else it would be found again once the newer answer, whose TTL may be shorter, has passed.
  older_.erase(question);
  newer_.insert_or_assign(question, Entry{answer, now + ttl});
}

void AnswerMemory::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  newer_.clear();
  older_.clear();
}

}  // namespace ph::rt::os
