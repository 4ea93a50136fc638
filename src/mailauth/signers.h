// All signatures of a domain over one message: one of each key that signs for it.
#pragma once

#include <string>
#include <string_view>

#include "mailauth/dkim.h"

namespace ph::mailauth {

/// The DKIM-Signature fields, to be put above the header; "" without keys.
///   keys       each with a `selector` and a `key` (crypto::PrivateKey)
///   header     of the message as it will be seen, CRLF line ends
///   body_hash  relaxed, SHA-256
/// unavailable: a key did not sign.
template <class Keys>
Result<std::string> sign_with_all(const message::Header& header, const std::string& domain,
                                  const Keys& keys, std::string_view body_hash, Wall now) {
  std::string out;
  for (const auto& each : keys) {
    DkimSigning how{.domain = domain, .selector = each.selector};
    how.signed_at = static_cast<std::uint64_t>(unix_ms(now) / 1000);
    PH_TRY(const std::string field, sign_dkim(header, how, each.key, body_hash));
    out += field;
  }
  return out;
}

}  // namespace ph::mailauth
