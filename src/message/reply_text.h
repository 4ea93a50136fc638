// A server's reply inside other text: its code, its enhanced status, and addresses beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ph::message {

/// What a text says of a reply. Offsets count from its beginning.
struct ReplyFound {
  std::uint16_t code = 0;   // 200-599; 0: none
  std::string_view status;  // "5.1.1", aliases the text; "": none
  std::size_t offset = 0;   // of the code, or of the status where there is no code
};

/// The first reply of a text: a code where replies have theirs (at the beginning of a line, or
/// behind ":", ";", "(", "<<<", "said" and their like, with a blank, "-" or the end behind it), and
/// the enhanced status (RFC 3463 §2) behind it or anywhere else. 4xx and 5xx are preferred over
/// 2xx. O(text).
ReplyFound find_reply(std::string_view text);

/// An enhanced status code at the beginning of a text: "5.1.1", "5.7.509"; "" when there is none.
/// RFC 3463 §2.
std::string_view status_at_start(std::string_view text);

/// The first enhanced status code of a text that is not inside a longer number with dots.
std::string_view find_status(std::string_view text);

/// Whether a status says no more than its class: "5.0.0".
constexpr bool is_vague(std::string_view status) {
  return status.empty() || status.substr(1) == ".0.0";
}

/// Something like an address: where it is. Without quoting, comments or blanks.
struct AddressFound {
  std::size_t offset = 0;
  std::string_view address;
};

/// Every address of a line, in order. O(line).
std::vector<AddressFound> find_addresses(std::string_view line);

}  // namespace ph::message
