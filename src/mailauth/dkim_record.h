// The record under which a domain publishes a key. RFC 6376 §3.6.1, RFC 8463 §4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "crypto/signature_key.h"

namespace ph::mailauth {

struct DkimRecord {
  crypto::KeyKind kind = crypto::KeyKind::rsa;
  std::string key;                  // octets of p=; "": revoked
  std::vector<std::string> hashes;  // h=; empty: all
  bool for_mail = true;             // s= has "email" or "*"
  bool testing = false;             // t=y
  bool strict_identity = false;     // t=s: i= may be no subdomain of d=
  std::string notes;                // n=, as it stands
};

/// malformed: no record of DKIM; the text says what is wrong.
Result<DkimRecord> parse_dkim_record(std::string_view text);

/// The text to publish for a key.
std::string format_dkim_record(const crypto::PrivateKey& key);

}  // namespace ph::mailauth
