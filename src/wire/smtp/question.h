// What the SMTP server machine asks of the house, and what it may be answered. Protocol-free on the
// side of the answer: the machine alone turns a Reason into reply codes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "message/address.h"

namespace ph::smtp {

/// What kind of guests a listener serves. mx: other servers. submission: our users' programs.
enum class Role : std::uint8_t { mx, submission };

/// What is known about the session when a question is asked. Values; copied into each question.
struct Client {
  std::string ip;        // "192.0.2.7", "2001:db8::1"
  std::string listener;  // "smtp", "submission", "submissions"
  Role role = Role::mx;
  std::string helo;  // as given; empty before HELO
  bool esmtp = false;
  bool tls = false;
  std::string tls_version;  // "TLSv1.3"
  std::string tls_cipher;   // "TLS_AES_256_GCM_SHA384"
  std::string account;      // id of the authenticated account; empty: none
  std::string login;        // the address it logged in as
};

struct AskConnect {};
/// A password check. Never logged; the password is wiped by the asker after the answer.
struct AskLogin {
  std::string mechanism, user, password;
};
struct AskSender {
  message::Address sender;
  std::optional<std::uint64_t> declared_octets;  // SIZE=
  bool smtputf8 = false;
};
struct AskRecipient {
  message::Address sender;
  message::Address recipient;
  std::optional<std::uint64_t> declared_octets;
  std::size_t recipients_so_far = 0;
};
/// VRFY: does this mailbox exist? `text` as typed.
struct AskVerify {
  std::string text;
};

struct Question {
  Client client;
  std::variant<AskConnect, AskLogin, AskSender, AskRecipient, AskVerify> what;
};

/// Why the house says yes or no. The machine's table `replies.cc` has the reply for each.
enum class Reason : std::uint8_t {
  ok,                     // connect, login, sender, or a recipient of ours or one we may relay to
  moved_forwarding,       // 251: recipient moved, we forward; `address` is the new one
  moved,                  // 551: recipient moved, we do not forward; `address` is the new one
  cannot_verify,          // 252: VRFY is not answered, mail is taken
  verified,               // 250: VRFY of a mailbox of ours; `address`
  ambiguous,              // 553 to VRFY: several mailboxes match
  unknown_recipient,      // 550 5.1.1
  relay_denied,           // 550 5.7.1
  recipient_disabled,     // 450 4.2.1: the account is disabled or locked for now
  quota_exceeded,         // 552 5.2.2: the mailbox is full
  too_big,                // 552 5.3.4: the declared size is over the limit
  no_space,               // 452 4.3.1: disk or memory budget
  sender_not_owned,       // 550 5.7.1 on submission: not an address of the account
  sender_domain_invalid,  // 553 5.1.8
  login_required,         // 530 5.7.0
  bad_credentials,        // 535 5.7.8
  login_locked,           // 454 4.7.0: too many wrong passwords, try later
  too_many_connections,   // 421 4.7.0, close
  client_refused,         // 554 5.7.1 at connect
  temporary_failure,      // 451 4.3.0: a room of ours cannot answer now
};

struct Verdict {
  Reason reason = Reason::ok;
  std::string why;      // one sentence for events and logs; not for the wire
  std::string address;  // see the reasons above; for login: the account's primary address
  std::string account;  // login: the account id
};

}  // namespace ph::smtp
