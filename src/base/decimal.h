// Whole numbers as people and protocols write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ascii.h"

namespace ph {

/// A decimal number without sign, spaces or leading zeros; nullopt above `max`.
constexpr std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t max) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
    if (value > max) return std::nullopt;
  }
  return value;
}

}  // namespace ph
