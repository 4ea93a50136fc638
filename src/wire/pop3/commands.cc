// The POP3 commands: the table, and one function for each. What all commands share is in
// session.cc.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "wire/pop3/session.h"

namespace ph::pop3 {

std::span<const ServerSession::Command> ServerSession::commands() {
  using S = ServerSession;
  using enum Arguments;
  constexpr auto login = std::to_underlying(Phase::authorization);
  constexpr auto drop = std::to_underlying(Phase::transaction);
  constexpr std::uint8_t any = login | drop;
  static constexpr auto table = std::to_array<Command>({
      // clang-format off
      // verb  allowed password arguments         handler   spec
      {"AUTH", login,  true,    text,              &S::auth, "RFC 5034 §4"},
      {"CAPA", any,    false,   none,              &S::capa, "RFC 2449 §5"},
      {"DELE", drop,   false,   message,           &S::dele, "RFC 1939 §5"},
      {"LIST", drop,   false,   message_or_none,   &S::list, "RFC 1939 §5"},
      {"NOOP", drop,   false,   none,              &S::noop, "RFC 1939 §5"},
      {"PASS", login,  true,    text,              &S::pass, "RFC 1939 §7"},
      {"QUIT", any,    false,   none,              &S::quit, "RFC 1939 §6"},
      {"RETR", drop,   false,   message,           &S::retr, "RFC 1939 §5"},
      {"RSET", drop,   false,   none,              &S::rset, "RFC 1939 §5"},
      {"STAT", drop,   false,   none,              &S::stat, "RFC 1939 §5"},
      {"STLS", login,  false,   none,              &S::stls, "RFC 2595 §4"},
      {"TOP",  drop,   false,   message_and_lines, &S::top,  "RFC 1939 §7"},
      {"UIDL", drop,   false,   message_or_none,   &S::uidl, "RFC 1939 §7"},
      {"USER", login,  true,    text,              &S::user, "RFC 1939 §7"},
      // clang-format on
  });
  static_assert(std::ranges::is_sorted(table, {}, &Command::verb));  // binary search in on_line()
  return table;
}

// --- AUTHORIZATION ---

Action ServerSession::capa(const Parsed&) {
  std::string text = "+OK capability list follows\r\n";
  if (phase_ == Phase::authorization && options_.tls_available && !options_.tls_active)
    text += "STLS\r\n";
  // RFC 2449 §6: the list is the same in both states but for what makes no sense any more.
  if (passwords_allowed()) text += "USER\r\nSASL PLAIN LOGIN\r\n";
  text +=
      "TOP\r\n"
      "UIDL\r\n"
      "RESP-CODES\r\n"
      "AUTH-RESP-CODE\r\n"
      "PIPELINING\r\n"
      "EXPIRE NEVER\r\n"
      "IMPLEMENTATION Posthouse\r\n"
      ".\r\n";
  errors_in_a_row_ = 0;
  return send(std::move(text));
}

Action ServerSession::stls(const Parsed&) {
  if (options_.tls_active) return error("TLS is active already");
  if (!options_.tls_available) return error("[SYS/PERM] TLS is not available here");
  user_.clear();  // RFC 2595 §4: what was said before the handshake does not count
  return await(Awaits::tls, StartTls{"+OK begin TLS now\r\n"});
}

Action ServerSession::user(const Parsed& parsed) {
  if (trimmed(parsed.text).empty()) return error("USER needs a name");
  user_ = trimmed(parsed.text);
  return ok("now PASS");  // the same for every name: which ones exist is nobody's business
}

Action ServerSession::pass(const Parsed& parsed) {
  if (user_.empty()) return error("USER first");
  // RFC 1939 §7: spaces are part of the password, so the argument is taken as it is.
  return check("USER", std::exchange(user_, {}), std::string(parsed.text));
}

Action ServerSession::auth(const Parsed& parsed) {
  if (parsed.text.empty()) return send("+OK mechanisms follow\r\nPLAIN\r\nLOGIN\r\n.\r\n");
  const std::size_t space = std::min(parsed.text.find(' '), parsed.text.size());
  const std::string mechanism = ascii_upper(parsed.text.substr(0, space));
  const bool has_initial = space < parsed.text.size();
  user_.clear();
  if (mechanism == "PLAIN") {
    dialogue_ = Dialogue::plain;
    if (!has_initial) return send("+ \r\n");
  } else if (mechanism == "LOGIN") {
    dialogue_ = Dialogue::login_user;
    if (!has_initial) return send("+ VXNlcm5hbWU6\r\n");  // "Username:"
  } else {
    return error("mechanisms are PLAIN and LOGIN");
  }
  const std::string_view initial = parsed.text.substr(space + 1);
  return on_sasl_response(initial == "=" ? "" : initial);  // RFC 5034 §4: "=" is an empty response
}

// --- TRANSACTION ---

Action ServerSession::stat(const Parsed&) { return ok(fmt::format("{} {}", count_, octets_)); }

Action ServerSession::list(const Parsed& parsed) {
  if (!parsed.has_message) return start_listing(Listing::octets, totals());
  return ok(fmt::format("{} {}", parsed.index + 1, entries_[parsed.index].octets));
}

Action ServerSession::uidl(const Parsed& parsed) {
  if (!parsed.has_message) return start_listing(Listing::unique_ids, "unique ids follow");
  return ok(fmt::format("{} {}.{}", parsed.index + 1, unique_prefix_, entries_[parsed.index].uid));
}

Action ServerSession::retr(const Parsed& parsed) {
  const Entry& entry = entries_[parsed.index];
  return await(Awaits::message, SendMessage{fmt::format("+OK {} octets\r\n", entry.octets),
                                            entry.uid, entry.octets, std::nullopt});
}

Action ServerSession::top(const Parsed& parsed) {
  const Entry& entry = entries_[parsed.index];
  return await(Awaits::message, SendMessage{"+OK top of message follows\r\n", entry.uid,
                                            entry.octets, parsed.lines});
}

Action ServerSession::dele(const Parsed& parsed) {
  Entry& entry = entries_[parsed.index];
  entry.deleted = true;
  --count_;
  octets_ -= entry.octets;
  return ok(fmt::format("message {} is deleted at QUIT", parsed.index + 1));
}

Action ServerSession::rset(const Parsed&) {
  count_ = entries_.size();
  octets_ = 0;
  for (Entry& entry : entries_) {
    entry.deleted = false;
    octets_ += entry.octets;
  }
  return ok(totals());
}

Action ServerSession::noop(const Parsed&) { return ok("nothing done"); }

Action ServerSession::quit(const Parsed&) {
  Expunge expunge;
  for (const Entry& entry : entries_)
    if (entry.deleted) expunge.uids.push_back(entry.uid);
  // UPDATE state, RFC 1939 §6: no command comes back from here.
  if (!expunge.uids.empty()) return await(Awaits::expunge, std::move(expunge));
  return close("+OK bye\r\n");
}

}  // namespace ph::pop3
