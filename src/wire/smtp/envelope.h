// What MAIL and RCPT said: the envelope that travels with a message through the house.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "message/address.h"
#include "wire/smtp/question.h"

namespace ph::smtp {

enum class Body : std::uint8_t { seven_bit, eight_bit_mime };  // RFC 6152 §2

inline constexpr std::size_t kEnvelopeIdOctetsMax = 100;         // as xtext; RFC 3461 §4.4
inline constexpr std::size_t kOriginalRecipientOctetsMax = 500;  // as xtext; RFC 3461 §4.2

/// RET=, what of the message a failure report brings back; RFC 3461 §4.3.
enum class Return : std::uint8_t { unsaid, full, headers };

/// NOTIFY= as a set of bits, stored so; RFC 3461 §4.1. No bit at all: NEVER.
inline constexpr std::uint8_t kNotifyNever = 0;
inline constexpr std::uint8_t kNotifySuccess = 1;
inline constexpr std::uint8_t kNotifyFailure = 2;
inline constexpr std::uint8_t kNotifyDelay = 4;
inline constexpr std::uint8_t kNotifyUnsaid = 8;  // RCPT had no NOTIFY: none is passed on, §5.2.1

/// What RCPT said beside the address.
struct RecipientOptions {
  std::uint8_t notify = kNotifyFailure | kNotifyDelay | kNotifyUnsaid;
  /// ORCPT=, the xtext decoded: "rfc822;alice@example.test"; "" when not said. RFC 3461 §4.2. The
  /// type is an atom; the rest is printable ASCII and spaces, or UTF-8 (RFC 6533 §3), without
  /// control characters.
  std::string original_recipient = {};
  bool operator==(const RecipientOptions&) const = default;
};

struct Envelope {
  Client client;
  message::Address sender;  // null(): <>
  std::vector<message::Address> recipients;
  std::vector<RecipientOptions> options;  // of recipients, always as many
  std::optional<std::uint64_t> declared_octets;
  Body body = Body::seven_bit;
  bool smtputf8 = false;  // RFC 6531 §3.4
  Return ret = Return::unsaid;
  std::string envelope_id;  // ENVID=, the xtext decoded: printable ASCII; "" when not said; §4.4
};

}  // namespace ph::smtp
