#include "store/ids.h"

#include <algorithm>

#include "store/crc32c.h"

namespace ph::store {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
constexpr std::size_t kIncarnationDigits = 10, kDayDigits = 4, kIdDigits = 26;

std::string proof_of(const Partition& partition, const Version& attempt) {
  return base32(crc32c({attempt.b, sizeof attempt.b}, crc32c(partition)), 7);
}

}  // namespace

std::string base32(std::uint64_t value, std::size_t digits) {
  std::string out(digits, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit, value >>= 5)
    *digit = kDigits[value & 31];
  return out;
}

Version Ids::next_version() {
  const std::uint64_t count = counter_.fetch_add(1, std::memory_order_relaxed);
  const std::string text =
      base32(incarnation_, kIncarnationDigits) + base32(count, kIdDigits - kIncarnationDigits);
  Version version;
  std::ranges::copy(text, version.b);
  return version;
}

BlobId Ids::next_blob(std::uint32_t day) {
  const std::uint64_t count = counter_.fetch_add(1, std::memory_order_relaxed);
  return base32(day, kDayDigits) + base32(incarnation_, kIncarnationDigits) +
         base32(count, kIdDigits - kDayDigits - kIncarnationDigits);
}

bool is_blob_id(std::string_view id) {
  return id.size() == kIdDigits &&
         std::ranges::all_of(id, [](char c) { return kDigits.contains(c); });
}

std::uint32_t creation_day(std::string_view id) {
  std::uint32_t day = 0;
  for (const char c : id.substr(0, kDayDigits))
    day = day * 32 + static_cast<std::uint32_t>(kDigits.find(c) & 31);
  return day;
}

Ticket make_ticket(const Partition& partition, const Version& attempt) {
  return {partition, attempt, proof_of(partition, attempt)};
}

bool is_proof(const Ticket& ticket) {
  return ticket.state == proof_of(ticket.partition, ticket.attempt);
}

}  // namespace ph::store
