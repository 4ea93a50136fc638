// Names that are never given twice: versions of commit attempts and ids of blobs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.h"

namespace ph::store {

/// `digits` digits of base32 (0-9, a-v), leading zeros kept: sorts as the number does.
std::string base32(std::uint64_t value, std::size_t digits);

/// Version = incarnation (10 digits), counter (16). BlobId = creation day (4 digits), incarnation
/// (10), counter (12). Thread-safe.
class Ids {
 public:
  static constexpr std::uint64_t kIncarnationMax = (std::uint64_t{1} << 48) - 1;

  /// `incarnation` was never used with this store before, 1..kIncarnationMax.
  explicit Ids(std::uint64_t incarnation) : incarnation_(incarnation) {}
  Version next_version();
  BlobId next_blob(std::uint32_t day);
  std::uint64_t incarnation() const { return incarnation_; }

 private:
  std::uint64_t incarnation_;
  std::atomic<std::uint64_t> counter_{1};
};

bool is_blob_id(std::string_view id);
/// The day (base/time.h day_of) in a well-formed id.
std::uint32_t creation_day(std::string_view id);

/// An acknowledged commit's ticket. Local engines hand it out with the acknowledgement alone, so
/// that the ticket is the proof; settle() only makes sure that it is one of ours.
Ticket make_ticket(const Partition& partition, const Version& attempt);
bool is_proof(const Ticket& ticket);

}  // namespace ph::store
