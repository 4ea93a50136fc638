// 64 octets at a time as bits: where lines end, and what has no place in a header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ph::message {

inline constexpr std::size_t kMaskedOctets = 64;

/// Bit i speaks of octet i.
struct OctetMasks {
  std::uint64_t lf, cr;
  std::uint64_t ends;  // LFs with no blank behind them: where fields end
  std::uint64_t odd;   // NUL, and octets above 127
  bool operator==(const OctetMasks&) const = default;
};

/// The masks of the next masks.size() * kMaskedOctets octets; the octet behind them is read, too.
/// Cost: some 30 instructions each, with AVX2 where the machine has it.
void mask_octets(const char* octets, std::span<OctetMasks> masks);
/// The same without AVX2.
void mask_one_by_one(const char* octets, std::span<OctetMasks> masks);

/// Behind the first line end in `octets` that is followed by something, and by no blank: there the
/// next field begins. octets.size() where there is none.
std::size_t end_of_field(std::string_view octets);

}  // namespace ph::message
