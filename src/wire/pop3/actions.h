// What the POP3 machine tells its shell to do, and what the shell may answer. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ph::pop3 {

/// Send `text` (may be empty), then read a line and call on_line(); if `more`, call on_more()
/// instead: long listings come in pieces, so that no reply is held whole.
struct Send {
  std::string text;
  bool more = false;
};

/// Check a password, then call on_login(). `user` is as typed: not for logs.
struct Login {
  std::string mechanism;  // "USER", "PLAIN", "LOGIN"
  std::string user, password;
};

/// Lock and list the maildrop of this account, then call on_maildrop().
struct OpenMaildrop {
  std::string account;
};

/// Send `reply`, the message dot-stuffed and ".CRLF"; then call on_message(). Nothing may be sent
/// before the first octets of the message are at hand, so that a failure can still be an -ERR.
struct SendMessage {
  std::string reply;
  std::uint32_t uid = 0;
  std::uint64_t octets = 0;                 // of the message, as listed
  std::optional<std::uint32_t> body_lines;  // TOP: header and so many lines; RETR: everything
};

/// Remove these messages durably, then call on_expunged().
struct Expunge {
  std::vector<std::uint32_t> uids;  // ascending
};

/// Send `text`, throw away unread input, make the TLS handshake as the server, then call on_tls().
/// If the handshake fails: close.
struct StartTls {
  std::string text;
};

/// Give the maildrop back, send `text` (may be empty) and close. The maildrop first: a client may
/// come back as soon as it has read the reply to QUIT.
struct Close {
  std::string text;
};

using Action = std::variant<Send, Login, OpenMaildrop, SendMessage, Expunge, StartTls, Close>;

struct LoginAnswer {
  enum class What : std::uint8_t { ok, wrong, locked, disabled, unavailable } what = What::wrong;
  std::string account;  // ok only: the account's id
};

/// A message as the maildrop lists it. Message number = index + 1.
struct Entry {
  std::uint64_t octets = 0;
  std::uint32_t uid = 0;
  bool deleted = false;
};

struct MaildropAnswer {
  enum class What : std::uint8_t { opened, in_use, unavailable } what = What::unavailable;
  std::string unique_prefix;   // opened: the unique id is this + "." + uid, RFC 1939 §7
  std::vector<Entry> entries;  // opened: ascending uid
};

enum class MessageAnswer : std::uint8_t {
  sent,
  gone,         // nothing was sent: the message is not there any more
  unavailable,  // nothing was sent: it cannot be read now
  cut,          // it failed after the first octets had left: only closing can tell the client
};

}  // namespace ph::pop3
