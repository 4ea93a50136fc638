// What MAIL and RCPT said: the envelope that travels with a message through the house.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "message/address.h"
#include "wire/smtp/question.h"

namespace ph::smtp {

enum class Body : std::uint8_t { seven_bit, eight_bit_mime };  // RFC 6152 §2

struct Envelope {
  Client client;
  message::Address sender;  // null(): <>
  std::vector<message::Address> recipients;
  std::optional<std::uint64_t> declared_octets;
  Body body = Body::seven_bit;
  bool smtputf8 = false;  // RFC 6531 §3.4
};

}  // namespace ph::smtp
