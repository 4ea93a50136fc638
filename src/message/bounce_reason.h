// Why mail was not delivered: one word of a small vocabulary, out of what servers say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ph::message {

/// Why. tests/conformance/README.md has what another project calls them.
enum class BounceReason : std::uint8_t {
  none,                // nothing failed: it was delivered
  unspecified,         // nothing that was said tells
  mailbox_unknown,     // nobody has this address
  mailbox_disabled,    // it exists, and takes nothing at present: suspended, inactive
  mailbox_full,        //
  mailbox_moved,       // the person has another address
  recipient_refused,   // by the recipient's own wish or filter, or for no reason that was said
  host_unknown,        // the domain does not exist, or has no mail server
  host_takes_no_mail,  // it says that it takes no mail at all
  network,             // no connection, a lost one, a loop, DNS that does not answer
  expired,             // tried until the time was over
  too_many,            // connections, messages or recipients within a time
  client_blocked,      // the client's IP address or host is not wanted
  bad_reputation,      // the client's or domain's reputation is too low
  no_reverse_name,     // the client's IP address has no name, or one that does not lead back
  not_authenticated,   // SPF, DKIM or DMARC failed
  security,            // a login, TLS or the right to do it was missing
  relaying,            // the server does not relay for this client
  sender_refused,      // the envelope's sender is not wanted, or does not exist
  policy,              // another rule of the receiver
  spam,                //
  virus,               //
  content,             // what the message has in it or how it is encoded
  not_standard,        // the message breaks a standard that the receiver asks for
  too_large,           // for the server
  too_large_for_mailbox,
  server_fault,    // the receiving side's own configuration, disk or software
  program_failed,  // a program that mail is delivered to
  syntax,          // a command or address that the server could not read
};

/// "mailbox_unknown", ...
std::string_view to_string(BounceReason reason);

/// What a server said of one recipient.
struct BounceWords {
  std::string_view status;  // "5.1.1"; "": none
  std::uint16_t code = 0;   // of the reply; 0: none
  std::string_view text;    // the reply, or whatever was said, in any case
  bool is_delay = false;    // the server goes on trying
};

/// The reason: by phrases of the text, else by the status (RFC 3463 §3), else by the code.
/// O(text).
BounceReason bounce_reason(const BounceWords& words);

/// The status that a report should have given. `code` and `is_delay` say the class; "5.0.0" when
/// the reason says nothing. RFC 3463 §2.
std::string status_for(BounceReason reason, const BounceWords& words);

/// Whether the address should not be written to again: it, or its host, does not exist.
///   status  its class decides: a 4.x.x is never hard
bool is_hard(BounceReason reason, std::string_view status);

}  // namespace ph::message
