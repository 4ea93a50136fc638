// The POP3 client as a pure machine, for `posthouse read`: log in, list, fetch, delete, quit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/line_splitter.h"
#include "wire/pop3/dot_stuffer.h"

namespace ph::pop3 {

inline constexpr std::size_t kReplyLineOctetsMax = 4096;  // with CRLF; RFC 2449 §4 allows 512
inline constexpr std::size_t kListedMessagesMax = 250'000;
inline constexpr std::size_t kCapabilityLinesMax = 256;

/// One message of a remote maildrop.
struct Listed {
  std::uint32_t number = 0;
  std::uint64_t octets = 0;
  std::string unique_id;  // "" if the server has no UIDL
  bool operator==(const Listed&) const = default;
};

/// One client session. The shell's loop:
///   next(input) -> Receive    wait for more input, call next() again
///                  Transmit   send the octets, call next() again
///                  Handshake  make the TLS handshake, send what on_tls() returns, call next()
///                  Ready      send what one of the commands returns, call next()
///                  Content    octets of the message being fetched, then call next() again
///                  Finished   close
/// and each time drop `consumed` octets of the input first (after using Content, which aliases it).
///
///   fails  refused    the server said no to the login, to STLS or to QUIT; detail: its words
///          malformed  that was not POP3;  over_limit  too many messages or too long a line
///          Final: close. Text of the server is given with all but printable ASCII as '?'.
///   cost   O(input)
///
/// RFC 1939, RFC 2595 §4. With `stls` nothing is sent before the handshake that an eavesdropper may
/// not know, and nothing received before it is used after it.
class ClientSession {
 public:
  struct Options {
    std::string user, password;
    bool stls = false;  // insist on STLS: for a connection that has no TLS yet
  };
  struct Receive {};
  struct Transmit {
    std::string octets;
  };
  struct Handshake {};
  struct Ready {
    bool done = true;   // the last command worked
    std::string reply;  // what the server said to it
  };
  struct Content {
    std::string_view octets;
  };
  struct Finished {};
  struct Step {
    std::variant<Receive, Transmit, Handshake, Ready, Content, Finished> action;
    std::size_t consumed = 0;
  };

  explicit ClientSession(Options options) : options_(std::move(options)) {}

  Result<Step> next(std::string_view input);
  Result<std::string> on_tls();

  // Only after Ready.
  std::string list();  // fills listing(): numbers, octets, unique ids
  std::string retrieve(std::uint32_t number);
  std::string top(std::uint32_t number, std::uint32_t body_lines);
  std::string remove(std::uint32_t number);
  std::string quit();

  const std::vector<Listed>& listing() const { return listing_; }

 private:
  enum class Command : std::uint8_t {
    greeting,
    capa,
    stls,
    user,
    pass,
    list,
    uidl,
    fetch,
    dele,
    quit
  };
  enum class Awaits : std::uint8_t { status, lines, content, tls, command, nothing };
  using Action = decltype(Step::action);

  Result<std::optional<Action>> on_status_line(std::string_view line);
  Result<std::optional<Action>> on_refused(std::string_view text);
  Result<std::optional<Action>> on_list_line(std::string_view line);
  Result<Done> take_listed(std::string_view line);
  Result<Action> on_list_end();
  Result<Step> next_content(std::string_view input, std::size_t consumed);
  Action ready(bool done, std::string_view reply);
  std::string send(Command command, std::string line);
  Result<std::string> send_user();

  Options options_;
  LineSplitter splitter_;
  DotUnstuffer unstuffer_;
  Command command_ = Command::greeting;
  Awaits awaits_ = Awaits::status;
  bool stls_offered_ = false;
  std::size_t lines_ = 0;    // of the listing under way
  std::size_t matched_ = 0;  // entries of the listing that UIDL has passed
  std::vector<Listed> listing_;
};

}  // namespace ph::pop3
