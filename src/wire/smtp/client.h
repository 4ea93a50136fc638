// The SMTP client as a pure machine, for `posthouse send`: greet, encrypt, log in, hand over one
// message, quit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "message/address.h"
#include "wire/smtp/reply_parser.h"

namespace ph::smtp {

/// The message to hand over; its octets stay with the shell.
struct Letter {
  message::Address sender;
  std::vector<message::Address> recipients;
  std::uint64_t octets = 0;  // for SIZE, about
  bool eight_bit = false;    // it has octets above 127
};

struct ClientOptions {
  enum class StartTls : std::uint8_t { never, if_offered, required };
  std::string hostname;  // for EHLO
  bool tls = false;      // the connection has TLS already
  StartTls starttls = StartTls::if_offered;
  std::string user = {}, password = {};  // no user: no AUTH
  bool allow_plaintext_auth = false;     // log in without TLS, too
};

/// One command and its answer, for logs and people. The password is never in it.
struct Exchange {
  std::string command;  // "MAIL FROM:<a@b>"; "" for the greeting, "." for the end of the message
  RemoteReply reply;
};

/// What became of the letter.
struct ClientReport {
  std::vector<Exchange> exchanges;  // every reply, verbatim, in order
  struct Recipient {
    message::Address address;
    RemoteReply reply;  // to RCPT; code 0: it was not asked
  };
  std::vector<Recipient> recipients;  // as in the letter
  bool accepted = false;              // the server answers for it, for the recipients it took
  /// Why it was not accepted, when no reply says so: "the server does not offer STARTTLS".
  std::string trouble;
  /// The reply that settled it: to the end of the message, or the refusal before. nullptr: none
  const RemoteReply* decisive() const;
  std::size_t decisive_index = 0;  // into exchanges
};

/// One client session. The shell's loop:
///   next(input) -> Receive      wait for more input, call next() again
///                  Transmit     send the octets, call next() again
///                  Handshake    throw unread input away, make the TLS handshake, then on_tls() and
///                               next() again
///                  SendContent  send the message through a DataEncoder to its finish(), call
///                  next() Finished     close; report() is complete
/// and each time drop `consumed` octets of the input first. If the connection is lost meanwhile,
/// report() has what was known: without `accepted` the letter may be sent again.
///
///   fails  malformed, over_limit: what came is no SMTP (see ReplyParser), or a name in the options
///          or the letter has a line break. Final: close
///   cost   O(input)
///
/// RFC 5321 §3.3, RFC 3207, RFC 4954; commands are sent one at a time.
class ClientSession {
 public:
  struct Receive {};
  struct Transmit {
    std::string octets;
  };
  struct Handshake {};
  struct SendContent {};
  struct Finished {};
  using Action = std::variant<Receive, Transmit, Handshake, SendContent, Finished>;
  struct Step {
    Action action;
    std::size_t consumed = 0;
  };

  ClientSession(ClientOptions options, Letter letter);

  Result<Step> next(std::string_view input);
  void on_tls();
  const ClientReport& report() const { return report_; }

 private:
  enum class At : std::uint8_t {
    greeting,
    ehlo,
    helo,
    starttls,
    tls,
    auth,
    mail,
    rcpt,
    data,
    final_dot,
    quit,
    done
  };
  Result<Action> on_reply(RemoteReply reply);
  Result<Action> after_hello();
  Result<Action> next_recipient();
  Result<Action> say(At at, std::string command);
  Result<Action> log_in();
  Result<Action> mail();
  Result<Action> give_up(std::string trouble);
  void read_keywords(const RemoteReply& reply);

  ClientOptions options_;
  Letter letter_;
  ClientReport report_;
  ReplyParser replies_;
  At at_ = At::greeting;
  bool logged_in_ = false;
  std::string command_;    // under way, for the report
  std::size_t asked_ = 0;  // recipients that RCPT was said for
  std::size_t taken_ = 0;  // of these, accepted
  struct Offers {
    bool starttls = false, auth_plain = false, size = false, eight_bit = false, smtputf8 = false;
    std::uint64_t octets_max = 0;  // 0: not said
  } offers_;
};

}  // namespace ph::smtp
