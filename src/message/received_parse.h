// What a Received field of any mail server says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/date.h"

namespace ph::message {

/// Octets of one Received field that are looked at; real ones have some hundred.
inline constexpr std::size_t kReceivedOctetsMax = 16 << 10;
/// Words and comments of one Received field that are looked at; real ones have about thirty.
inline constexpr std::size_t kReceivedTokensMax = 256;

/// One hop as the server that took the message wrote it down. "" where the field does not say.
/// Names are as written (any case, maybe not names at all: everything behind "from" was said by the
/// sender's side or is a guess of the server's); IP addresses are in the form of format_ip(), and
/// only there when they are valid.
struct ReceivedLine {
  std::string from;   // the first word behind "from", brackets kept
  std::string helo;   // what the client called itself; "[192.0.2.1]" keeps its brackets
  std::string rdns;   // the name that the server found for the client's IP; never "unknown"
  std::string ip;     // of the client, as the server saw it
  std::string ident;  // RFC 1413 answer, or the local user who sent it
  std::string auth;   // how the client authenticated, or as whom; "" when it did not, or unsaid
  std::string by;     // the server
  std::string by_ip;
  std::string software;   // the comment behind the server's name, "" when there is none
  std::string via, with;  // as written; `with` may have several words
  std::string protocol;  // of `with` or `via`, upper case: "ESMTPS", "LMTP", "HTTP", "LOCAL"; or ""
  std::string id;        // without <>
  std::string recipient;  // of "for", without <>
  std::string envelope_from;
  std::string tls_version;  // "TLSv1.3"; as written where it is no version that we know
  std::string tls_cipher;
  std::optional<DateReading> date;
  /// The message did not come over a network here: a program handed it in, a list passed it on.
  bool local = false;
  /// What the field lacks or has too much of, in words for people.
  std::vector<std::string_view> odd;

  /// TLS was used, as far as this field says: its version or cipher is there, or the keyword of
  /// `with` ends in S or SA (RFC 3848).
  bool tls() const;
};

/// Reads a field's value: the grammar of RFC 5321 §4.4 and what Postfix, Exim, Sendmail, qmail,
/// Exchange, Gmail, Yahoo, OpenSMTPD, Haraka, Courier, Domino, MDaemon, CommuniGate, fetchmail,
/// mailing lists, web mailers and many others write in its place.
///   value  may be folded; borrowed for the call. Of more than kReceivedOctetsMax, the beginning
///   fails  never: a field that says nothing gives an empty line, with the reason in `odd`
///   cost   O(value)
ReceivedLine parse_received(std::string_view value);

}  // namespace ph::message
