#include "wire/pop3/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "codec/base64.h"

namespace ph::pop3 {
namespace {

/// Takes a decimal number off the front of `text`, and the spaces behind it.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && !is_space(text.front())) return std::nullopt;
  text = trimmed(text);
  return number;
}

/// RFC 1939 §7: 1 to 70 octets in the range 0x21 to 0x7E.
bool fits_unique_id(std::string_view prefix) {
  constexpr std::size_t kSuffixOctetsMax = 11;  // "." and a 32-bit number
  return prefix.size() + kSuffixOctetsMax <= kUniqueIdOctetsMax &&
         std::ranges::all_of(prefix, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Action ServerSession::greet() {
  PH_CHECK(awaits_ == Awaits::nothing && phase_ == Phase::authorization);
  return send(fmt::format("+OK {} POP3 ready\r\n", options_.hostname));
}

Action ServerSession::on_line(std::string_view line) {
  PH_CHECK(awaits_ == Awaits::line);
  if (in_dialogue()) return on_sasl_response(line);

  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string verb = ascii_upper(line.substr(0, space));
  const auto found = std::ranges::lower_bound(commands(), verb, {}, &Command::verb);
  if (found == commands().end() || found->verb != verb) return error("unknown command");
  if (!(found->allowed & std::to_underlying(phase_)))
    return error(phase_ == Phase::authorization ? "log in first" : "not after login");
  if (found->carries_password && !passwords_allowed())
    return error("[AUTH] passwords are taken under TLS only: STLS first");

  Parsed parsed;
  const auto wrong =
      read_arguments(found->arguments, line.substr(std::min(space + 1, line.size())), parsed);
  if (!wrong.empty()) return error(wrong);
  return (this->*found->run)(parsed);
}

std::string_view ServerSession::read_arguments(Arguments wanted, std::string_view text,
                                               Parsed& parsed) const {
  if (text.find('\0') != text.npos) return "NUL in a command";
  parsed.text = text;
  if (wanted == Arguments::text) return {};
  text = trimmed(text);  // some programs put a space behind every verb
  if (wanted == Arguments::none) return text.empty() ? "" : "this command takes no argument";
  if (wanted == Arguments::message_or_none && text.empty()) return {};

  const auto number = take_number(text);
  if (!number) return "a message number must follow";
  if (wanted == Arguments::message_and_lines) {
    const auto lines = take_number(text);
    if (!lines) return "a number of lines must follow the message number";
    parsed.lines = *lines;
  }
  if (!text.empty()) return "too many arguments";
  if (*number < 1 || *number > entries_.size()) return "no such message";
  if (entries_[*number - 1].deleted) return "this message is deleted";
  parsed.index = *number - 1;
  parsed.has_message = true;
  return {};
}

Action ServerSession::on_faulty_line(LineSplitter::What what) {
  PH_CHECK(awaits_ == Awaits::line);
  if (std::exchange(dialogue_, Dialogue::none) != Dialogue::none) user_.clear();
  return error(what == LineSplitter::What::too_long ? "line too long"
                                                    : "lines must end with CR and LF");
}

Action ServerSession::on_tls() {
  PH_CHECK(awaits_ == Awaits::tls);
  options_.tls_active = true;
  return send("");  // the client speaks first
}

Action ServerSession::on_idle_timeout() {
  PH_CHECK(awaits_ == Awaits::line);
  return close("");  // RFC 1939 §3: without removing any message or sending any response
}

Action ServerSession::on_shutdown() {
  PH_CHECK(awaits_ == Awaits::line);
  return close("-ERR [SYS/TEMP] the server is stopping, nothing was deleted\r\n");
}

// --- login ---

Action ServerSession::on_sasl_response(std::string_view response) {
  const Dialogue at = std::exchange(dialogue_, Dialogue::none);
  std::string user = std::exchange(user_, {});  // a dialogue that breaks off leaves nothing behind
  if (response == "*") return error("AUTH cancelled");
  auto decoded = codec::decode_base64(response);
  if (!decoded) return error("not base64");
  switch (at) {
    case Dialogue::plain: return check_plain(*decoded);
    case Dialogue::login_user:
      if (decoded->empty()) return error("[AUTH] a user name must be given");
      user_ = std::move(*decoded);
      dialogue_ = Dialogue::login_password;
      return send("+ UGFzc3dvcmQ6\r\n");  // "Password:"
    case Dialogue::login_password: return check("LOGIN", std::move(user), std::move(*decoded));
    case Dialogue::none: break;
  }
  std::unreachable();
}

// RFC 4616 §2: [authzid] NUL authcid NUL passwd
Action ServerSession::check_plain(std::string_view decoded) {
  const std::size_t first = decoded.find('\0');
  const std::size_t second = first == decoded.npos ? first : decoded.find('\0', first + 1);
  if (second == decoded.npos || decoded.find('\0', second + 1) != decoded.npos)
    return error("PLAIN wants [identity] NUL user NUL password");
  const std::string_view identity = decoded.substr(0, first);
  const std::string_view user = decoded.substr(first + 1, second - first - 1);
  if (user.empty()) return error("[AUTH] a user name must be given");
  if (!identity.empty() && identity != user)
    return error("[AUTH] nobody may act for another user here");
  return check("PLAIN", std::string(user), std::string(decoded.substr(second + 1)));
}

Action ServerSession::check(std::string_view mechanism, std::string user, std::string password) {
  return await(Awaits::login, Login{std::string(mechanism), std::move(user), std::move(password)});
}

Action ServerSession::on_login(LoginAnswer answer) {
  PH_CHECK(awaits_ == Awaits::login);
  using enum LoginAnswer::What;
  switch (answer.what) {
    case ok: return await(Awaits::maildrop, OpenMaildrop{std::move(answer.account)});
    case wrong:
      if (++login_failures_ >= kLoginFailuresMax)
        return close("-ERR [AUTH] too many wrong passwords\r\n");
      return error("[AUTH] wrong user name or password");
    case locked: return error("[LOGIN-DELAY] too many wrong passwords, or locked: try again later");
    case disabled: return error("[AUTH] this account is disabled");
    case unavailable: return error("[SYS/TEMP] passwords cannot be checked now, try again later");
  }
  std::unreachable();
}

Action ServerSession::on_maildrop(MaildropAnswer answer) {
  PH_CHECK(awaits_ == Awaits::maildrop);
  using enum MaildropAnswer::What;
  if (answer.what == in_use) return error("[IN-USE] another session holds this maildrop");
  if (answer.what == unavailable)
    return error("[SYS/TEMP] the maildrop cannot be opened now, try again later");
  if (!fits_unique_id(answer.unique_prefix))
    return error("[SYS/PERM] this maildrop has no valid unique ids");

  if (answer.entries.size() > kMaildropMessagesMax) answer.entries.resize(kMaildropMessagesMax);
  unique_prefix_ = std::move(answer.unique_prefix);
  entries_ = std::move(answer.entries);
  phase_ = Phase::transaction;
  return rset({});
}

// --- answers in TRANSACTION and UPDATE ---

Action ServerSession::on_message(MessageAnswer answer) {
  PH_CHECK(awaits_ == Awaits::message);
  switch (answer) {
    case MessageAnswer::sent: errors_in_a_row_ = 0; return send("");
    case MessageAnswer::gone: return error("this message is not there any more");
    case MessageAnswer::unavailable:
      return error("[SYS/TEMP] this message cannot be read now, try again later");
    case MessageAnswer::cut: return close("");
  }
  std::unreachable();
}

Action ServerSession::on_expunged(bool done) {
  PH_CHECK(awaits_ == Awaits::expunge);
  return close(done ? "+OK bye, deleted messages are removed\r\n"
                    : "-ERR [SYS/TEMP] some deleted messages not removed\r\n");
}

Action ServerSession::start_listing(Listing listing, std::string_view first_line) {
  listing_ = listing;
  listed_ = 0;
  errors_in_a_row_ = 0;
  return listing_piece(fmt::format("+OK {}\r\n", first_line));
}

Action ServerSession::on_more() {
  PH_CHECK(awaits_ == Awaits::more);
  return listing_piece({});
}

Action ServerSession::listing_piece(std::string text) {
  for (; listed_ < entries_.size(); ++listed_) {
    const Entry& entry = entries_[listed_];
    if (entry.deleted) continue;
    if (text.size() >= kListingPieceOctets) return await(Awaits::more, Send{std::move(text), true});
    if (listing_ == Listing::octets)
      fmt::format_to(std::back_inserter(text), "{} {}\r\n", listed_ + 1, entry.octets);
    else
      fmt::format_to(std::back_inserter(text), "{} {}.{}\r\n", listed_ + 1, unique_prefix_,
                     entry.uid);
  }
  return send(text + ".\r\n");
}

std::string ServerSession::totals() const {
  return fmt::format("{} messages ({} octets)", count_, octets_);
}

// --- the ways out of every function above ---

Action ServerSession::ok(std::string_view text) {
  errors_in_a_row_ = 0;
  return send(fmt::format("+OK {}\r\n", text));
}

Action ServerSession::error(std::string_view text) {
  if (++errors_in_a_row_ >= kErrorsInARowMax) return close("-ERR too many errors, bye\r\n");
  return send(fmt::format("-ERR {}\r\n", text));
}

Action ServerSession::send(std::string text) {
  return await(Awaits::line, Send{std::move(text), false});
}

Action ServerSession::close(std::string text) {
  phase_ = Phase::over;
  return await(Awaits::nothing, Close{std::move(text)});
}

Action ServerSession::await(Awaits what, Action action) {
  awaits_ = what;
  return action;
}

}  // namespace ph::pop3
