#include "wire/pop3/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "wire/pop3/session.h"

namespace ph::pop3 {
namespace {

/// A stranger's text, fit for a terminal.
std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && !is_space(text.front())) return std::nullopt;
  text = trimmed(text);
  return number;
}

}  // namespace

Result<ClientSession::Step> ClientSession::next(std::string_view input) {
  PH_CHECK(awaits_ != Awaits::command && awaits_ != Awaits::tls && awaits_ != Awaits::nothing);
  std::size_t consumed = 0;
  while (awaits_ != Awaits::content) {
    const auto step = splitter_.next(input.substr(consumed), kReplyLineOctetsMax);
    consumed += step.consumed;
    if (step.what == LineSplitter::What::more) return Step{Receive{}, consumed};
    if (step.what == LineSplitter::What::too_long)
      return fail(Kind::over_limit, "the server sent too long a line");
    if (step.what == LineSplitter::What::bare_line_end)
      return fail(Kind::malformed, "the server sent CR or LF alone");

    PH_TRY(auto action,
           awaits_ == Awaits::lines ? on_list_line(step.text) : on_status_line(step.text));
    if (!action) continue;
    // What stands behind the reply to STLS came unprotected, and would be read as if it had not.
    if (std::holds_alternative<Handshake>(*action) && consumed != input.size())
      return fail(Kind::malformed, "the server went on in plaintext after accepting STLS");
    return Step{std::move(*action), consumed};
  }
  return next_content(input, consumed);
}

Result<ClientSession::Step> ClientSession::next_content(std::string_view input,
                                                        std::size_t consumed) {
  PH_TRY(const auto slice, unstuffer_.next(input.substr(consumed)));
  consumed += slice.consumed;
  if (slice.end) return Step{ready(true, {}), consumed};
  if (slice.content.empty()) return Step{Receive{}, consumed};
  return Step{Content{slice.content}, consumed};
}

Result<std::optional<ClientSession::Action>> ClientSession::on_status_line(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view status = line.substr(0, space);
  const std::string_view text = trimmed(line.substr(space));
  if (status == "-ERR") return on_refused(text);
  if (status != "+OK") return fail(Kind::malformed, "not a POP3 reply", printable(line));

  switch (command_) {
    case Command::greeting: {
      if (options_.stls) return Transmit{send(Command::capa, "CAPA\r\n")};
      PH_TRY(auto user, send_user());
      return Transmit{std::move(user)};
    }
    case Command::stls: awaits_ = Awaits::tls; return Handshake{};
    case Command::user:
      return Transmit{send(Command::pass, fmt::format("PASS {}\r\n", options_.password))};
    case Command::capa:
    case Command::list:
    case Command::uidl:
      lines_ = matched_ = 0;
      awaits_ = Awaits::lines;
      return std::nullopt;
    case Command::fetch:
      unstuffer_ = DotUnstuffer();
      awaits_ = Awaits::content;
      return std::nullopt;
    case Command::pass:
    case Command::dele: return ready(true, text);
    case Command::quit: awaits_ = Awaits::nothing; return Finished{};
  }
  std::unreachable();
}

Result<std::optional<ClientSession::Action>> ClientSession::on_refused(std::string_view text) {
  switch (command_) {
    case Command::greeting: return fail(Kind::refused, "the server refused us", printable(text));
    case Command::capa:
    case Command::stls: return fail(Kind::refused, "the server has no STLS", printable(text));
    case Command::user:
    case Command::pass: return fail(Kind::refused, "the login was refused", printable(text));
    case Command::quit:
      return fail(Kind::refused, "messages may not have been deleted", printable(text));
    case Command::uidl: return ready(true, text);  // optional in RFC 1939 §7
    case Command::list:
    case Command::fetch:
    case Command::dele: return ready(false, text);
  }
  std::unreachable();
}

Result<std::optional<ClientSession::Action>> ClientSession::on_list_line(std::string_view line) {
  if (line == ".") {
    PH_TRY(auto action, on_list_end());
    return action;
  }
  if (line.starts_with('.')) line.remove_prefix(1);
  if (command_ == Command::capa) {
    if (++lines_ > kCapabilityLinesMax) return fail(Kind::over_limit, "too many capabilities");
    stls_offered_ = stls_offered_ || same_ascii(trimmed(line), "STLS");
    return std::nullopt;
  }
  PH_TRY([[maybe_unused]] const auto taken, take_listed(line));
  return std::nullopt;
}

/// A line of LIST, "number octets", or of UIDL, "number unique-id". Both ascend, so that the second
/// list is matched with the first in one walk.
Result<Done> ClientSession::take_listed(std::string_view line) {
  const auto number = take_number<std::uint32_t>(line);
  if (!number) return fail(Kind::malformed, "a listing without message number");
  if (command_ == Command::list) {
    const auto octets = take_number<std::uint64_t>(line);
    if (!octets) return fail(Kind::malformed, "a LIST line without octets");
    if (!listing_.empty() && *number <= listing_.back().number)
      return fail(Kind::malformed, "message numbers do not ascend");
    if (listing_.size() >= kListedMessagesMax) return fail(Kind::over_limit, "too many messages");
    listing_.push_back({*number, *octets, {}});
    return Done{};
  }
  if (++lines_ > kListedMessagesMax) return fail(Kind::over_limit, "too many messages");
  while (matched_ < listing_.size() && listing_[matched_].number < *number) ++matched_;
  if (matched_ < listing_.size() && listing_[matched_].number == *number)
    listing_[matched_].unique_id = printable(line.substr(0, kUniqueIdOctetsMax));
  return Done{};
}

Result<ClientSession::Action> ClientSession::on_list_end() {
  if (command_ == Command::list) return Transmit{send(Command::uidl, "UIDL\r\n")};
  if (command_ == Command::uidl) return ready(true, {});
  if (!stls_offered_) return fail(Kind::refused, "the server has no STLS");
  return Transmit{send(Command::stls, "STLS\r\n")};
}

Result<std::string> ClientSession::on_tls() {
  PH_CHECK(awaits_ == Awaits::tls);
  splitter_.reset();
  return send_user();
}

Result<std::string> ClientSession::send_user() {
  constexpr std::size_t kArgumentOctetsMax = kCommandOctetsMax - 7;  // "USER ", CRLF
  for (const std::string* text : {&options_.user, &options_.password}) {
    if (text->find_first_of(std::string_view("\r\n\0", 3)) != text->npos)
      return fail(Kind::malformed, "user name or password has a line break or NUL");
    if (text->size() > kArgumentOctetsMax)
      return fail(Kind::over_limit, "user name or password is too long for USER and PASS");
  }
  return send(Command::user, fmt::format("USER {}\r\n", options_.user));
}

std::string ClientSession::list() {
  PH_CHECK(awaits_ == Awaits::command);
  listing_.clear();
  return send(Command::list, "LIST\r\n");
}

std::string ClientSession::retrieve(std::uint32_t number) {
  PH_CHECK(awaits_ == Awaits::command);
  return send(Command::fetch, fmt::format("RETR {}\r\n", number));
}

std::string ClientSession::top(std::uint32_t number, std::uint32_t body_lines) {
  PH_CHECK(awaits_ == Awaits::command);
  return send(Command::fetch, fmt::format("TOP {} {}\r\n", number, body_lines));
}

std::string ClientSession::remove(std::uint32_t number) {
  PH_CHECK(awaits_ == Awaits::command);
  return send(Command::dele, fmt::format("DELE {}\r\n", number));
}

std::string ClientSession::quit() {
  PH_CHECK(awaits_ == Awaits::command);
  return send(Command::quit, "QUIT\r\n");
}

ClientSession::Action ClientSession::ready(bool done, std::string_view reply) {
  awaits_ = Awaits::command;
  return Ready{done, printable(reply)};
}

std::string ClientSession::send(Command command, std::string line) {
  command_ = command;
  awaits_ = Awaits::status;
  return line;
}

}  // namespace ph::pop3
