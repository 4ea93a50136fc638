// One SMTP connection as the server sees it: commands and answers in, one Action out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "wire/smtp/envelope.h"
#include "wire/smtp/question.h"
#include "wire/smtp/reply.h"

namespace ph::smtp {

inline constexpr std::size_t kCommandLineOctetsMax = 2048;  // with CRLF; §4.5.3.1.4 asks for 512
inline constexpr std::size_t kAuthLineOctetsMax = 12288;    // with CRLF; RFC 4954 §4
inline constexpr std::size_t kCredentialOctetsMax = 1024;   // user name or password, each
inline constexpr std::size_t kIdleCommandsMax = 1000;       // between messages: what moves no mail
inline constexpr std::size_t kRecipientTriesMax = 100'000;  // RCPT commands of one transaction

struct ServerOptions {
  std::string hostname;  // in the greeting, EHLO and QUIT
  Role role = Role::mx;
  std::string listener;  // its name: "smtp", "submission", "submissions"
  std::string peer_ip;
  bool implicit_tls = false;   // the handshake comes before connected()
  bool tls_available = false;  // STARTTLS is offered
  bool offer_auth = true;
  bool allow_plaintext_auth = false;  // AUTH also without TLS
  bool strict_addresses = true;       // see command.h
  bool require_login = false;         // MAIL only after AUTH
  std::uint64_t message_octets_max = 50U << 20;
  std::size_t recipients_max = 1000;  // of a message; RFC 5321 §4.5.3.1.8 asks for 100
  std::size_t errors_max = 20;        // negative 5yz replies between accepted messages
  std::size_t messages_max = 10'000;  // of a connection
};

// What the shell must do next: one thing at a time. The machine never blocks, throws or logs.

/// Write the reply (none if its code is 0), then read a line and call on_line() or its siblings.
///   flush  it ends a pipelined group (RFC 2920 §3.2): write all that is held back before reading
///   on.
///          Without it the reply may wait while another whole line is in the input; before waiting
///          for input, write everything in any case.
struct Send {
  Reply reply;
  bool flush = true;
};
/// Then on_verdict(). Replies may stay held back meanwhile.
struct Ask {
  Question question;
};
/// Open a place for the message; write `go_ahead` (354) with all that is held back; decode with
/// DataDecoder and spool; then on_received(). If no place can be opened, call on_received() at
/// once, without the 354 (RFC 5321 §4.3.2 lets DATA be answered so).
struct ReceiveData {
  Envelope envelope;
  std::uint64_t octets_max;
  Reply go_ahead;
};
/// Write the reply (220), drop unread input, make the handshake, call on_tls(). If the handshake
/// fails, close.
struct StartTls {
  Reply reply;
};
/// Write the reply (none if its code is 0), then close the connection.
struct Close {
  Reply last;
};
using Action = std::variant<Send, Ask, ReceiveData, StartTls, Close>;

/// What became of the octets behind 354.
struct Received {
  enum class What : std::uint8_t {
    accepted,       // durable; `queue_id` is set. The only one that makes a 250
    too_big,        // 552 5.3.4
    line_too_long,  // 554 5.6.0
    bad_line_end,   // 554 5.6.0 and close: see DataDecoder
    too_many_hops,  // 554 5.4.6
    no_space,       // 452 4.3.1
    temporary,      // 451 4.3.0
    refused,        // 554 5.7.1
    unproven,       // 550 5.7.1 and `text`: nothing proves who sent it (RFC 9989 §8.3)
    unprovable,     // 451 4.7.0 and `text`: the DNS does not say now
  };
  What what = What::temporary;
  std::string queue_id = {};
  std::string text = {};  // of unproven and unprovable: printable ASCII
};

/// What a question was about: the same reason has another reply before the greeting than at RCPT.
enum class About : std::uint8_t { connection, login, sender, recipient, verification };

/// The server's side of RFC 5321 with the extensions PIPELINING (RFC 2920), SIZE (RFC 1870),
/// 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), DSN (RFC 3461), ENHANCEDSTATUSCODES (RFC 2034),
/// STARTTLS (RFC 3207) and AUTH (RFC 4954), as a pure machine. One per connection, owned by one
/// coroutine, no threads.
///
/// Each call takes one input and returns exactly one Action. The shell calls what the last Action
/// names; anything else is a bug in the shell and ends the process (PH_CHECK). on_idle_timeout()
/// and on_shutdown() may come whenever a line is awaited. After Close nothing is called.
///
/// Memory: recipients_max addresses of at most 319 octets, and the AUTH exchange.
class ServerSession {
 public:
  /// The longest line to take from the input, its CRLF included (LineSplitter::next). Command lines
  /// have the lower limit kCommandLineOctetsMax, which the session enforces itself.
  static constexpr std::size_t kLineOctetsMax = kAuthLineOctetsMax;

  explicit ServerSession(ServerOptions options);

  /// The first call. With implicit TLS: what the handshake agreed on.
  Action connected(std::string tls_version = {}, std::string tls_cipher = {});
  /// A line without its CRLF; borrowed.
  Action on_line(std::string_view line);
  Action on_line_too_long();
  /// A command line with a CR or LF alone.
  Action on_bare_line_end();
  Action on_verdict(Verdict verdict);
  Action on_received(Received received);
  /// The handshake that StartTls asked for is made: everything said before it is forgotten
  /// (RFC 3207 §4.2).
  Action on_tls(std::string version, std::string cipher);
  /// No line came in time: 421 4.4.2.
  Action on_idle_timeout();
  /// The server stops: 421 4.3.2.
  Action on_shutdown();

  const Client& client() const { return client_; }
  std::size_t messages_accepted() const { return messages_; }

  /// A command as HELP shows it: "MAIL FROM:<address> ...", with the section that defines it.
  struct Usage {
    std::string_view verb, syntax, spec;
  };
  static std::span<const Usage> usages();

 private:
  struct Command;
  static std::span<const Command> commands();
  static const Command* find_command(std::string_view verb);

  enum class Phase : std::uint8_t { refused, connected, greeted, has_sender, has_recipient };
  enum class Awaits : std::uint8_t { start, line, verdict, data, tls, nothing };
  enum class Login : std::uint8_t { none, plain, login_user, login_password };
  static constexpr std::uint8_t in(auto... phases) {
    return static_cast<std::uint8_t>((0U | ... | (1U << static_cast<unsigned>(phases))));
  }

  // commands.cc
  Action auth(std::string_view arguments);
  Action data(std::string_view arguments);
  Action ehlo(std::string_view arguments);
  Action expn(std::string_view arguments);
  Action foreign(std::string_view arguments);
  Action helo(std::string_view arguments);
  Action help(std::string_view arguments);
  Action mail(std::string_view arguments);
  Action noop(std::string_view arguments);
  Action quit(std::string_view arguments);
  Action rcpt(std::string_view arguments);
  Action rset(std::string_view arguments);
  Action starttls(std::string_view arguments);
  Action unimplemented(std::string_view arguments);
  Action vrfy(std::string_view arguments);
  Action say_hello(std::string name, bool esmtp);
  std::string keywords() const;
  Reply status() const;

  // auth.cc
  bool auth_usable() const;
  Action on_login_line(std::string_view line);
  Action on_login_octets(std::string octets);
  Action check_plain(std::string octets);
  Action ask_login(std::string_view mechanism, std::string user, std::string password);

  // session.cc
  Action send(Reply reply, bool flush = true);
  Action ask(About about, decltype(Question::what) what);
  Action close(Reply last);
  void end_transaction();

  ServerOptions options_;
  Client client_;
  Envelope envelope_;           // of the transaction under way; its client is filled in at DATA
  message::Address recipient_;  // of the RCPT under way
  RecipientOptions recipient_options_;
  std::string login_user_;  // of the AUTH LOGIN under way
  Phase phase_ = Phase::connected;
  Awaits awaits_ = Awaits::start;
  Login login_ = Login::none;
  About asked_ = About::connection;
  bool flush_ = true;                // the command under way ends a pipelined group
  bool verify_smtputf8_ = false;     // of the VRFY under way
  std::size_t recipient_tries_ = 0;  // in this transaction
  std::size_t errors_ = 0, idle_commands_ = 0, messages_ = 0;
};

}  // namespace ph::smtp
