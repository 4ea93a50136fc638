// The SMTP client as a pure machine: greet, encrypt, log in, hand over letters, quit. For the relay
// and for `posthouse send`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "message/address.h"
#include "wire/smtp/client_offers.h"
#include "wire/smtp/data_encoder.h"
#include "wire/smtp/envelope.h"
#include "wire/smtp/reply_parser.h"

namespace ph::smtp {

// How long the other side may take: RFC 5321 §4.5.3.2.
inline constexpr std::chrono::seconds kGreetingWait = std::chrono::minutes(5);
inline constexpr std::chrono::seconds kCommandWait = std::chrono::minutes(5);
inline constexpr std::chrono::seconds kDataWait = std::chrono::minutes(2);   // for the 354
inline constexpr std::chrono::seconds kBlockWait = std::chrono::minutes(3);  // to take octets
inline constexpr std::chrono::seconds kFinalDotWait = std::chrono::minutes(10);
inline constexpr std::chrono::seconds kQuitWait = std::chrono::seconds(10);  // nothing hangs on it

inline constexpr std::size_t kGroupOctetsMax = 8 << 10;   // commands sent before their replies
inline constexpr std::size_t kGroupCommandsMax = 100;     // are read; RFC 2920 §3.1
inline constexpr std::size_t kKeptReplyOctetsMax = 2048;  // of a reply, in a report
inline constexpr std::size_t kExchangesMax = 200;         // in a report

/// The message to hand over; its octets stay with the shell.
struct Letter {
  message::Address sender;
  std::vector<message::Address> recipients;  // at least one
  std::uint64_t octets = 0;                  // for SIZE, about; 0: not known
  bool eight_bit = false;                    // it has octets above 127
  bool convertible = false;                  // the shell has a form without them (see SendContent)
  /// Its header has UTF-8 (RFC 6532). Addresses outside ASCII are noticed here.
  bool needs_smtputf8 = false;
  std::vector<RecipientOptions> options = {};  // of recipients: as many, or none
  Return ret = Return::unsaid;
  std::string envelope_id = {};
};

struct ClientOptions {
  enum class StartTls : std::uint8_t { never, if_offered, required };
  std::string hostname;  // for EHLO
  bool tls = false;      // the connection has TLS already
  StartTls starttls = StartTls::if_offered;
  std::string user = {}, password = {};  // no user: no AUTH
  bool allow_plaintext_auth = false;     // log in without TLS, too
  bool helo_only = false;                // EHLO made the server hang up before
  bool pipelining = true;                // where it is offered
};

/// Where a letter's fate was decided.
enum class Stage : std::uint8_t {
  connect,  // on_lost() before the first next()
  greeting,
  hello,
  starttls,
  auth,
  mail,
  rcpt,
  data,
  final_dot,
  local,  // here: it was not asked, since the answer is known
};
/// "rcpt", for events and logs.
std::string_view to_string(Stage stage);

/// One command and its answer, for logs and people. The password is never in it.
struct Exchange {
  std::string command;  // "MAIL FROM:<a@b>"; "" for the greeting, "." for the end of the message
  RemoteReply reply;
};

/// What became of one recipient.
struct RecipientReport {
  /// unasked: not settled yet; none is when the letter is
  enum class What : std::uint8_t { unasked, accepted, refused_permanent, refused_temporary };
  message::Address address;
  What what = What::unasked;
  Stage stage = Stage::local;
  RemoteReply reply = {};  // that settled it; code 0: none did
  /// RFC 3463: "5.1.1" as the reply has it, with the class that fits `what`; "4.0.0" and such where
  /// it has none.
  std::string status = {};
  std::string trouble = {};  // in words where no reply says it; may hold the peer's text: logs only
  /// The server takes no more recipients in this transaction, and accepted it for others: offer
  /// these again in another one, at once (RFC 5321 §4.5.3.1.10). what: refused_temporary.
  bool again = false;
  /// Accepted, and the server issues its delivery status notifications from here on (RFC 3461
  /// §5.2). false: whoever relays does (the "relayed" report of §5.2.2).
  bool dsn_passed = false;
  bool accepted() const { return what == What::accepted; }
};

/// What became of a letter. Complete when the machine says Settled.
struct ClientReport {
  std::vector<RecipientReport> recipients;  // as in the letter
  bool accepted = false;                    // the server answers for it, for at least one recipient
  /// The connection was lost (or talked nonsense) after the end of the message was sent and before
  /// its reply: the server may have it. Its recipients are refused_temporary: sending again is
  /// right (RFC 5321 §4.5.3.2.6), and the only way to a duplicate.
  bool in_doubt = false;
  bool closing = false;  // the connection bears no other letter: quit()
  // What may help at once, without waiting for the next attempt:
  bool try_next_host = false;      // this host will not serve us; another MX may
  bool retry_without_tls = false;  // TLS was not required and failed: connect again, never
  bool retry_helo_only = false;    // it hung up at EHLO: connect again with helo_only
  bool stale = false;  // an idle connection had ended: connect again, this was no attempt
  /// Why, when no reply says so: "the server does not offer STARTTLS". May hold the peer's text.
  std::string trouble;
  /// What came is no SMTP, or too much of it.
  std::optional<Error> fault;
  /// Greeting to end of message, in order; the first letter has the session's beginning. At most
  /// kExchangesMax.
  std::vector<Exchange> exchanges;
  /// The reply that settled the letter as a whole: to the end of the message, or the refusal
  /// before. Code 0: none.
  RemoteReply decisive;
};

/// One client session, any number of letters one after the other. The shell's loop, after begin():
///   next(input) -> Receive      wait that long for more input, call next() again
///                  Transmit     send the octets (kBlockWait), call next() again
///                  Handshake    throw unread input away, make the TLS handshake, then on_tls() or
///                               on_tls_failed(), and next() again
///                  SendContent  send content(piece, last) for all of the message (kBlockWait for
///                               each), then next() again. seven_bit: of its form without octets
///                               above 127 (RFC 6152 §3)
///                  Settled      report() is complete: take it. Then begin() another unless
///                               `closing`, or quit(); and next() again
///                  Finished     close the connection
/// and each time drop `consumed` octets of the input first. When the connection is lost, a wait
/// runs out, or the message cannot be read: on_lost(), then report() is complete as after Settled,
/// and closing. Between letters on_lost() only sets closing.
///
/// The machine never says that something was accepted which the server did not say 2yz to. Every
/// fault of the peer settles the letter as refused_temporary. A transaction left open is ended with
/// RSET when the next letter begins.
///
///   limits  replies as ReplyParser takes them; a reply nobody asked for, except 421, is a fault;
///           at most kGroupCommandsMax replies are awaited at once
///   memory  kKeptReplyOctetsMax for each recipient, and one whole reply
///   cost    O(input + recipients)
///
/// RFC 5321 §3.3, §4.5.3.2; RFC 2920 (PIPELINING), RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531
/// (SMTPUTF8), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3461 (DSN).
class ClientSession {
 public:
  struct Receive {
    std::chrono::seconds patience;
  };
  struct Transmit {
    std::string octets;
  };
  struct Handshake {};
  struct SendContent {
    bool seven_bit = false;
  };
  struct Settled {};
  struct Finished {};
  using Action = std::variant<Receive, Transmit, Handshake, SendContent, Settled, Finished>;
  struct Step {
    Action action;
    std::size_t consumed = 0;
  };

  explicit ClientSession(ClientOptions options);

  /// Before the first next(), or after Settled when report() is not closing. Addresses that do not
  /// read back as themselves (line breaks, brackets, too long) are refused here, 5.1.3 or 5.1.7.
  void begin(Letter letter);
  /// The letter's octets as they go out, transparent (DataEncoder). With `last` the end of the
  /// message is added, and the letter is in doubt from here. The last piece may be empty.
  std::string content(std::string_view piece, bool last);
  /// After Settled or on_lost(): next() says QUIT where it is worth it, then Finished.
  void quit();

  Step next(std::string_view input);
  /// The handshake is made: everything said before it is forgotten (RFC 3207 §4.2).
  void on_tls();
  void on_tls_failed(std::string trouble);
  /// The connection could not be made (before the first next(): 4.4.1), or ended (4.4.2), or the
  /// shell gives up.
  ///   timed_out  a wait ran out: that it was EHLO's says nothing about HELO
  void on_lost(std::string trouble, bool timed_out = false);
  /// The same, where octets could not be sent, and `unread` had come before that was noticed:
  /// replies to commands count as ever. While the message goes out, and until it is out for sure, a
  /// refusal counts as the answer to it (a server that has seen enough says so and hangs up), and
  /// nothing else does.
  void on_cut_off(std::string_view unread, std::string trouble, bool timed_out = false);

  const ClientReport& report() const { return report_; }
  bool tls() const { return options_.tls; }
  /// From the end of the message being handed out until its reply is read. If the connection ends
  /// now, the server may have accepted the letter.
  bool in_doubt() const { return report_.in_doubt; }

 private:
  /// What comes next, once no reply is awaited.
  enum class At : std::uint8_t {
    hello,      // say EHLO
    helo,       // say HELO
    secure,     // decide on STARTTLS
    handshake,  // say Handshake
    tls,        // the shell makes it
    log_in,     // decide on AUTH
    letter,     // decide whether the letter can go
    commands,   // say RSET, MAIL, RCPT, DATA
    lone_dot,   // end a message that has no recipient
    content,    // say SendContent
    sending,    // the shell sends it
    settled,    // say Settled
    resting,    // the caller begins a letter or quits
    quitting,   // say QUIT
    done
  };
  /// A reply that is awaited.
  struct Awaited {
    enum class What : std::uint8_t {
      greeting,
      ehlo,
      helo,
      starttls,
      auth,
      rset,
      mail,
      rcpt,
      data,
      final_dot,
      lone_dot,
      quit
    };
    What what = What::greeting;
    std::string command = {};   // for the report
    std::size_t recipient = 0;  // of rcpt
  };
  using What = Awaited::What;
  using Outcome = RecipientReport::What;

  // client.cc: the session
  Action proceed();
  Action say_hello(What what);
  Action secure();
  Action log_in();
  Action say(What what, std::string command);
  void on_reply(const Awaited& awaited, const RemoteReply& reply);
  void on_session_reply(What what, const RemoteReply& reply);
  void on_unasked_reply(const RemoteReply& reply);
  std::chrono::seconds patience() const;
  Stage stage() const;
  static Stage stage_of(What what);
  bool must_be_silent() const;

  // client_letter.cc: one letter
  void check_addresses();
  void check_offers();
  Action start_letter();
  Action next_commands();
  std::optional<Awaited> next_command(bool first);
  void on_letter_reply(const Awaited& awaited, const RemoteReply& reply);
  void on_recipient_reply(RecipientReport& recipient, const RemoteReply& reply);
  void on_data_reply(const RemoteReply& reply);
  void on_end_reply(const RemoteReply& reply);
  bool refused_early(const RemoteReply& reply);

  // client_outcome.cc: how it ends
  static RemoteReply kept(const RemoteReply& reply);
  void keep(const std::string& command, const RemoteReply& reply);
  Outcome refusal(const RemoteReply& reply) const;
  void settle(RecipientReport& recipient, Outcome what, Stage stage, const RemoteReply& reply);
  void settle(RecipientReport& recipient, Outcome what, Stage stage, std::string_view status,
              std::string_view trouble);
  void settle_rest(Outcome what, Stage stage, const RemoteReply& reply);
  void settle_rest(Outcome what, Stage stage, std::string_view status, std::string_view trouble);
  void settle();
  void close(Stage stage, const RemoteReply& reply);
  void close(Stage stage, std::string_view status, std::string trouble);
  void end_session();

  ClientOptions options_;
  ClientReport report_;
  Letter letter_;
  ReplyParser replies_;
  DataEncoder encoder_;
  ClientOffers offers_;
  std::deque<Awaited> awaited_;  // oldest first
  At at_ = At::hello;
  bool has_letter_ = false;  // begun and not settled
  bool started_ = false;     // next() was called
  bool in_reply_ = false;    // a reply has begun to come
  bool logged_in_ = false;
  bool reused_ = false;   // a letter was settled on this connection before
  bool open_ = false;     // the server has a transaction that RSET must end
  bool hang_up_ = false;  // QUIT is not worth it
  // Of the letter under way:
  bool answered_ = false;  // some command of it had a reply
  bool seven_bit_ = false, smtputf8_ = false;
  bool mail_said_ = false, mail_taken_ = false, data_said_ = false;
  std::size_t next_recipient_ = 0;  // the first that RCPT was not said for
  std::size_t taken_ = 0;           // RCPT commands that the server took
};

}  // namespace ph::smtp
