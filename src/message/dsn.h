// The message that tells a sender what became of his: a delivery status notification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "message/address.h"

namespace ph::message {

/// Octets of a remote server's reply that a notification repeats for one recipient; with many
/// recipients fewer (see dsn.cc). What is cut is marked.
inline constexpr std::size_t kDiagnosticOctetsMax = 4096;
/// Octets of a message's header that a notification returns.
inline constexpr std::size_t kReturnedHeaderOctetsMax = 64 << 10;

/// RFC 3464 §2.3.3. Of a whole notification: what its subject and first sentence say.
enum class DsnAction : std::uint8_t { failed, delayed, delivered, relayed, expanded };

/// "failed", "delayed", ...: the value of an Action field.
std::string_view to_string(DsnAction action);

/// One recipient of a notification. Text from elsewhere may hold any octets: control characters,
/// and what is outside ASCII unless the notification is in UTF-8, are shown as \xHH.
struct DsnRecipient {
  Address final = {};
  std::string original = {};  // ORCPT with its xtext decoded, "rfc822;x@y"; "" when there was none
  DsnAction action = DsnAction::failed;
  std::string status = {};      // "5.1.1" (RFC 3463); what does not fit the action becomes N.0.0
  std::string remote_mta = {};  // host name of who said so; "": we ourselves
  std::string diagnostic = {};  // the remote reply verbatim, lines apart by CRLF or LF; "": none
  std::string why = {};  // our own reason, one sentence in plain words; "": the status says it
  std::optional<Wall> last_attempt = {};
  std::optional<Wall> retry_until = {};  // only said when delayed: when we give up
};

struct Dsn {
  DsnAction kind = DsnAction::failed;
  std::string reporting_mta = {};  // our host name
  Address to = {};                 // the sender of the original message
  std::string from_address = {};   // "MAILER-DAEMON@mail.example.org"
  std::string message_id = {};     // of the notification, without <>
  Wall date{};
  /// Letters, digits, ".", "_" and "-", at most 48: whatever else is left out. Unforeseeable
  /// (random). It is made longer until it occurs nowhere in the contents.
  std::string boundary = {};
  std::string envelope_id = {};  // ENVID with its xtext decoded; "": none
  std::string queue_id = {};     // of the original message; "": none
  std::optional<Wall> arrival = {};
  std::vector<DsnRecipient> recipients;  // >= 1
  /// The original message: its header (see returned_header()) or, with RET=FULL, all of it.
  std::string original = {};
  bool whole_message = false;
  std::string original_message_id = {};  // without <>; "": none
};

/// The whole notification: header, empty line, body. RFC 3464, RFC 6522 (multipart/report),
/// RFC 3461 §6, RFC 3834 §5 (Auto-Submitted).
///
///   out    lines of at most 998 octets, each with CRLF; ASCII alone, unless needs_smtputf8()
///   cost   O(octets of `dsn`), memory a few times that
///
/// Where an address is not ASCII the parts are those of RFC 6533 (message/global-delivery-status,
/// message/global-headers), in quoted-printable: only the sender's own address in the field To can
/// ever need SMTPUTF8. A whole message that is not fit for 7 bits is converted (seven_bit.h); where
/// that cannot be, it is returned as message/global, in quoted-printable as a whole.
///
/// It is sent from the null sender; who asked for which notification (NOTIFY, RET) was decided
/// before.
std::string format_dsn(const Dsn& dsn);

/// True if the notification has octets outside ASCII, and its next hop needs SMTPUTF8: when the
/// address it goes to is not ASCII. It never needs 8BITMIME.
bool needs_smtputf8(const Dsn& dsn);

/// The header of the message that `octets` begins, fit to be returned.
///
///   octets   the beginning of a message, any octets; kReturnedHeaderOctetsMax + 2 of them suffice
///   returns  its header without the empty line, each line with CRLF; when longer than
///            kReturnedHeaderOctetsMax cut at the end of a line, with a field that says so. "" for
///            a message without a header.
std::string returned_header(std::string_view octets);

}  // namespace ph::message
