// A hash for tables in memory whose keys strangers choose.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ph {

/// Random octets that no stranger knows; all zero only in tests.
using HashKey = std::array<char, 16>;

/// SipHash-2-4 (Aumasson and Bernstein, 2012): who does not know the key cannot choose many texts
/// that fall into one bucket, as he can for FNV-1a and for std::hash. O(octets), some 20 ns for a
/// domain name. Never stored: another process has another key.
std::uint64_t keyed_hash(const HashKey& key, std::string_view octets);

}  // namespace ph
