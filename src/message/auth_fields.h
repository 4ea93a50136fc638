// What servers on the way wrote down about a message's authentication. Nothing here verifies any of
// it: a field says what its writer claims, and anybody can write one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/header.h"

namespace ph::message {

inline constexpr std::size_t kAuthMethodsMax = 64;  // of one field; further ones are passed over
inline constexpr std::size_t kAuthPropertiesMax =
    64;                                       // of one method; further ones are passed over
inline constexpr std::size_t kTagsMax = 128;  // of one tag list; further ones are passed over
inline constexpr int kArcInstancesMax = 50;   // RFC 8617 §4.2.1

using Tags = std::vector<std::pair<std::string, std::string>>;

/// The value of the first tag of that name (compared without case), "" when there is none.
std::string_view tag(const Tags& tags, std::string_view name);

/// "v=1; d=example.test; s=one": DKIM-Signature, ARC-Seal, ARC-Message-Signature (RFC 6376 §3.2).
/// White space in values is left out, names are as written. What is no tag is passed over.
/// O(value).
Tags parse_tag_list(std::string_view value);

/// One result (RFC 8601 §2.2 resinfo).
struct AuthMethod {
  std::string method;   // lower case: "spf", "dkim", "dmarc", "arc", "compauth", ...
  std::string result;   // lower case: "pass", "fail", "softfail", "none", ...
  std::string reason;   // of "reason="
  std::string comment;  // all comments of this result, joined by blanks
  Tags properties;      // "smtp.mailfrom" and its value, in order; also those without a point
};

struct AuthResults {
  int instance = 0;         // of an ARC-Authentication-Results field; 0: there is none
  std::string authserv_id;  // who says so; "" where the field does not tell (Microsoft's)
  std::vector<AuthMethod> methods;
};

/// Authentication-Results and ARC-Authentication-Results: RFC 8601 §2.2 and RFC 8617 §4.1.1, and
/// what Microsoft, Yahoo and old Gmail write instead (no authserv-id, properties behind it, blanks
/// around
/// "="). What is no result is passed over. O(value).
AuthResults parse_auth_results(std::string_view value);

/// Received-SPF, RFC 7208 §9.1.
struct ReceivedSpf {
  std::string result;  // lower case; "" when the field begins with no word
  std::string comment;
  Tags pairs;  // "client-ip", "envelope-from", "helo", "receiver", "identity", ... as written
  std::string client_ip;  // in the form of format_ip(); of the pairs, or of the comment; or ""
};
ReceivedSpf parse_received_spf(std::string_view value);

/// One instance of an ARC chain as its fields say. RFC 8617 §4.1.
struct ArcSet {
  int instance = 0;
  int seals = 0, signatures = 0, results = 0;  // fields of each kind; one each is right
  std::string seal_domain, seal_selector, cv;  // of ARC-Seal: d, s, and cv in lower case
  std::string signature_domain;                // of ARC-Message-Signature
  AuthResults claims;
  bool complete() const { return seals == 1 && signatures == 1 && results == 1; }
};

/// The chain that a header's fields make, by instance; those without a valid one are left out.
std::vector<ArcSet> arc_chain(std::span<const Field> fields);

}  // namespace ph::message
