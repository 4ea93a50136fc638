#include "crypto/rsa_numbers.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ph::crypto {
namespace {

// Tags of ITU-T X.690 §8.
constexpr std::uint8_t kInteger = 0x02, kBitString = 0x03, kObjectIdentifier = 0x06;
constexpr std::uint8_t kSequence = 0x30;

/// 1.2.840.113549.1.1.1
constexpr std::string_view kRsaEncryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

constexpr std::size_t kLengthOctetsMax = 4;

/// Takes one value off the front of `der`; nullopt: it is of another type, or not whole.
std::optional<std::string_view> take_value(std::string_view& der, std::uint8_t tag) {
  const auto octet = [&der](std::size_t at) { return static_cast<std::uint8_t>(der[at]); };
  if (der.size() < 2 || octet(0) != tag) return std::nullopt;
  std::size_t length = octet(1), at = 2;
  if (length > 127) {
    const std::size_t octets = length - 128;
    if (octets == 0 || octets > kLengthOctetsMax || der.size() - at < octets) return std::nullopt;
    length = 0;
    for (; at < 2 + octets; ++at) length = length << 8 | octet(at);
  }
  if (der.size() - at < length) return std::nullopt;
  const auto value = der.substr(at, length);
  der.remove_prefix(at + length);
  return value;
}

std::optional<std::string_view> take_positive_number(std::string_view& der) {
  auto value = take_value(der, kInteger);
  if (!value || value->empty() || static_cast<std::uint8_t>(value->front()) > 127)
    return std::nullopt;
  while (value->starts_with('\0')) value->remove_prefix(1);
  return value->empty() ? std::nullopt : value;
}

/// RSAPublicKey without its own tag and length.
std::optional<RsaNumbers> numbers_of(std::string_view key) {
  const auto modulus = take_positive_number(key);
  const auto exponent = take_positive_number(key);
  if (!modulus || !exponent) return std::nullopt;
  return RsaNumbers{*modulus, *exponent};
}

/// SubjectPublicKeyInfo without its own tag and length.
std::optional<RsaNumbers> numbers_of_info(std::string_view info) {
  auto algorithm = take_value(info, kSequence);
  if (!algorithm || take_value(*algorithm, kObjectIdentifier) != kRsaEncryption)
    return std::nullopt;
  auto bits = take_value(info, kBitString);
  if (!bits || !bits->starts_with('\0')) return std::nullopt;  // bits of the last octet unused
  bits->remove_prefix(1);
  const auto key = take_value(*bits, kSequence);
  return key ? numbers_of(*key) : std::nullopt;
}

}  // namespace

Result<RsaNumbers> read_rsa_numbers(std::string_view der) {
  if (const auto whole = take_value(der, kSequence)) {
    const auto numbers = whole->starts_with(static_cast<char>(kInteger)) ? numbers_of(*whole)
                                                                         : numbers_of_info(*whole);
    if (numbers) return *numbers;
  }
  return fail(Kind::malformed, "not the DER of an RSA public key");
}

}  // namespace ph::crypto
