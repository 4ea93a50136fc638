// The POP3 server as a pure machine: lines and answers in, exactly one Action out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/line_splitter.h"
#include "wire/pop3/actions.h"

namespace ph::pop3 {

inline constexpr std::size_t kCommandOctetsMax = 255;  // with CRLF, RFC 2449 §4
inline constexpr std::size_t kSaslOctetsMax = 12288;   // with CRLF, RFC 5034 §4
inline constexpr int kErrorsInARowMax = 20;  // -ERR replies without a +OK between, then close
inline constexpr int kLoginFailuresMax = 5;  // wrong passwords in one session, then close
inline constexpr std::size_t kMaildropMessagesMax =
    250'000;  // the oldest; others show once these go
inline constexpr std::size_t kListingPieceOctets = 32
                                                   << 10;  // of a LIST or UIDL reply, sent at once
inline constexpr std::size_t kUniqueIdOctetsMax = 70;      // RFC 1939 §7

/// One POP3 session: RFC 1939 (without APOP), RFC 2449 (CAPA, RESP-CODES, PIPELINING), RFC 2595
/// (STLS), RFC 3206 (AUTH-RESP-CODE), RFC 5034 (AUTH PLAIN and LOGIN).
///
///   in    what the last Action asked for: see actions.h. Any other call is a bug of the shell.
///   out   one Action; after Close the session is over and takes no more calls
///   cost  O(1) but for LIST, UIDL, RSET and QUIT, which walk the maildrop; no call blocks or logs
///
/// Messages marked by DELE are removed by the Expunge of QUIT and by nothing else: a timeout, a
/// shutdown or a lost connection removes none (RFC 1939 §3, §6).
class ServerSession {
 public:
  struct Options {
    std::string hostname;
    bool tls_available = false;    // STLS is offered
    bool tls_active = false;       // implicit TLS: the handshake was made before greet()
    bool allow_plaintext = false;  // passwords without TLS: for tests
  };
  explicit ServerSession(Options options) : options_(std::move(options)) {}

  Action greet();
  /// `line` without CRLF, at most line_octets_max() with it.
  Action on_line(std::string_view line);
  /// Instead of on_line() for a line that LineSplitter finds faulty.
  Action on_faulty_line(LineSplitter::What what);
  Action on_more();
  Action on_login(LoginAnswer answer);
  Action on_maildrop(MaildropAnswer answer);
  Action on_message(MessageAnswer answer);
  Action on_expunged(bool done);
  Action on_tls();
  /// No line came in time, or the server stops: both only while waiting for a line.
  Action on_idle_timeout();
  Action on_shutdown();

  std::size_t line_octets_max() const { return in_dialogue() ? kSaslOctetsMax : kCommandOctetsMax; }
  /// In the TRANSACTION state: the peer is known, and may take its time.
  bool authorized() const { return phase_ == Phase::transaction; }

  /// How a command is written, where it may be given, what it does.
  enum class Phase : std::uint8_t { authorization = 1, transaction = 2, over = 4 };
  enum class Arguments : std::uint8_t { none, text, message, message_or_none, message_and_lines };
  struct Parsed {
    std::string_view text;  // everything behind the verb and one space
    std::size_t index = 0;  // of a message that is there and not deleted
    bool has_message = false;
    std::uint32_t lines = 0;
  };
  struct Command {
    std::string_view verb;
    std::uint8_t allowed;   // phases; anywhere else -ERR, before the handler runs
    bool carries_password;  // only under TLS, unless the listener says allow_plaintext
    Arguments arguments;    // read and checked before the handler runs
    Action (ServerSession::*run)(const Parsed&);
    std::string_view spec;
  };
  static std::span<const Command> commands();  // sorted by verb

 private:
  enum class Awaits : std::uint8_t { line, more, login, maildrop, message, expunge, tls, nothing };
  enum class Dialogue : std::uint8_t { none, plain, login_user, login_password };
  enum class Listing : std::uint8_t { octets, unique_ids };

  Action auth(const Parsed&);
  Action capa(const Parsed&);
  Action dele(const Parsed&);
  Action list(const Parsed&);
  Action noop(const Parsed&);
  Action pass(const Parsed&);
  Action quit(const Parsed&);
  Action retr(const Parsed&);
  Action rset(const Parsed&);
  Action stat(const Parsed&);
  Action stls(const Parsed&);
  Action top(const Parsed&);
  Action uidl(const Parsed&);
  Action user(const Parsed&);

  bool in_dialogue() const { return dialogue_ != Dialogue::none; }
  bool passwords_allowed() const { return options_.tls_active || options_.allow_plaintext; }
  /// What is wrong with the arguments, or "" and `parsed` is filled.
  std::string_view read_arguments(Arguments wanted, std::string_view text, Parsed& parsed) const;
  Action on_sasl_response(std::string_view response);
  Action check_plain(std::string_view decoded);
  Action check(std::string_view mechanism, std::string user, std::string password);
  Action start_listing(Listing listing, std::string_view first_line);
  Action listing_piece(std::string text);
  std::string totals() const;
  Action ok(std::string_view text);
  Action error(std::string_view text);
  Action send(std::string text);
  Action close(std::string text);
  Action await(Awaits what, Action action);

  Options options_;
  Phase phase_ = Phase::authorization;
  Awaits awaits_ = Awaits::nothing;
  Dialogue dialogue_ = Dialogue::none;
  Listing listing_ = Listing::octets;
  std::size_t listed_ = 0;  // entries that the listing under way has walked past
  std::string user_;        // from USER, or from AUTH LOGIN's first answer
  std::string unique_prefix_;
  std::vector<Entry> entries_;
  std::size_t count_ = 0;  // messages not deleted, and their octets
  std::uint64_t octets_ = 0;
  int errors_in_a_row_ = 0;
  int login_failures_ = 0;
};

}  // namespace ph::pop3
