// What the DNS is asked, and what it says: plain values, known to every room. Names are text in
// ASCII (A-labels), in lower case, without the final dot; the root is ".".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ph::dns {

// Record types, RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 6698 §7.1.
inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeNs = 2;
inline constexpr std::uint16_t kTypeCname = 5;
inline constexpr std::uint16_t kTypeSoa = 6;
inline constexpr std::uint16_t kTypePtr = 12;
inline constexpr std::uint16_t kTypeMx = 15;
inline constexpr std::uint16_t kTypeTxt = 16;
inline constexpr std::uint16_t kTypeAaaa = 28;
inline constexpr std::uint16_t kTypeSrv = 33;
inline constexpr std::uint16_t kTypeTlsa = 52;

/// "MX", "AAAA"; "TYPE65280" where there is no name (RFC 3597 §5).
std::string type_name(std::uint16_t type);

struct Question {
  std::string name;
  std::uint16_t type = 0;
  bool operator==(const Question&) const = default;
  auto operator<=>(const Question&) const = default;
};

enum class Status : std::uint8_t {
  ok,         // data is not empty
  no_data,    // the name exists, this type does not
  no_name,    // NXDOMAIN
  failed,     // SERVFAIL, REFUSED, no server reached, not a name: `why` says what
  timed_out,  // the deadline passed
  bogus,      // DNSSEC validation failed (RFC 4035 §4.3): the data is not given
};
/// "ok", "timed_out".
std::string_view to_string(Status status);

/// The status as known to RFC 2308: an answer that is final, also in the negative, until its TTL
/// has passed.
constexpr bool is_definite(Status status) {
  return status == Status::ok || status == Status::no_data || status == Status::no_name;
}

struct Answer {
  Status status = Status::failed;
  bool secure = false;            // validated with DNSSEC; also a proof that there is nothing
  std::string canonical;          // where CNAMEs led; the name asked for if there were none
  std::vector<std::string> data;  // rdata of each record in wire format, names uncompressed
  std::uint32_t ttl = 0;          // in seconds, the least of the chain
  std::string why;                // failed, bogus: one sentence, for people
  bool operator==(const Answer&) const = default;
};

}  // namespace ph::dns
