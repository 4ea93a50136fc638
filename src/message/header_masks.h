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
  std::uint64_t odd;  // NUL, and octets above 127
  bool operator==(const OctetMasks&) const = default;
};

/// The masks of the next masks.size() * kMaskedOctets octets. Cost: some 25 instructions each, with
/// AVX2 where the machine has it.
void mask_octets(const char* octets, std::span<OctetMasks> masks);
/// The same without AVX2.
void mask_one_by_one(const char* octets, std::span<OctetMasks> masks);

/// Where fields end in the next ends.size() * kMaskedOctets octets: LFs with no blank behind them;
/// the octet behind all of them is read, too. Returns whether mask_octets() would tell more than
/// that: true if there is a NUL, an octet above 127, or CR or LF alone (an LF at the very beginning
/// is not looked at). Cost: as mask_octets().
bool mask_ends(const char* octets, std::span<std::uint64_t> ends);
/// The same without AVX2.
bool mask_ends_one_by_one(const char* octets, std::span<std::uint64_t> ends);

/// Behind the first line end in `octets` that is followed by something, and by no blank: there the
/// next field begins. octets.size() where there is none.
std::size_t end_of_field(std::string_view octets);

}  // namespace ph::message
