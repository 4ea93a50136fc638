#include "wire/smtp/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "codec/base64.h"

namespace ph::smtp {

const RemoteReply* ClientReport::decisive() const {
  if (decisive_index >= exchanges.size()) return nullptr;
  const RemoteReply& reply = exchanges[decisive_index].reply;
  return accepted || !reply.positive() ? &reply : nullptr;
}

ClientSession::ClientSession(ClientOptions options, Letter letter)
    : options_(std::move(options)), letter_(std::move(letter)) {
  for (const message::Address& address : letter_.recipients)
    report_.recipients.push_back({address, {}});
}

Result<ClientSession::Step> ClientSession::next(std::string_view input) {
  if (at_ == At::done) return Step{Finished{}};
  PH_CHECK(at_ != At::tls);                   // on_tls() comes first
  if (at_ == At::ehlo && command_.empty()) {  // after the handshake
    PH_TRY(Action action, say(At::ehlo, "EHLO " + options_.hostname));
    return Step{std::move(action)};
  }
  PH_TRY(auto step, replies_.next(input));
  if (!step.reply) return Step{Receive{}, step.consumed};
  PH_TRY(Action action, on_reply(*std::move(step.reply)));
  return Step{std::move(action), step.consumed};
}

void ClientSession::on_tls() {
  PH_CHECK(at_ == At::tls);
  options_.tls = true;
  offers_ = {};  // RFC 3207 §4.2: what was said before is worth nothing
  replies_ = {};
  command_.clear();
  at_ = At::ehlo;
}

Result<ClientSession::Action> ClientSession::on_reply(RemoteReply reply) {
  report_.exchanges.push_back({std::exchange(command_, {}), std::move(reply)});
  const RemoteReply& got = report_.exchanges.back().reply;
  if (at_ != At::quit && !report_.accepted) {
    report_.decisive_index = report_.exchanges.size() - 1;
  }
  switch (at_) {
    case At::greeting:
      if (!got.completed()) return give_up({});
      return say(At::ehlo, "EHLO " + options_.hostname);
    case At::ehlo:
      if (got.code >= 500) return say(At::helo, "HELO " + options_.hostname);
      if (!got.completed()) return give_up({});
      read_keywords(got);
      return after_hello();
    case At::helo:
      if (!got.completed()) return give_up({});
      return after_hello();
    case At::starttls:
      if (!got.completed()) {
        if (options_.starttls == ClientOptions::StartTls::required) return give_up({});
        options_.starttls = ClientOptions::StartTls::never;
        return after_hello();
      }
      at_ = At::tls;
      return Handshake{};
    case At::auth:
      if (!got.completed()) return give_up({});
      logged_in_ = true;
      return mail();
    case At::mail:
      if (!got.completed()) return give_up({});
      return next_recipient();
    case At::rcpt:
      report_.recipients[asked_ - 1].reply = got;
      if (got.completed()) ++taken_;
      return next_recipient();
    case At::data:
      if (got.code / 100 != 3) return give_up({});
      at_ = At::final_dot;
      command_ = ".";
      return SendContent{};
    case At::final_dot: report_.accepted = got.completed(); return say(At::quit, "QUIT");
    case At::quit: at_ = At::done; return Finished{};
    case At::tls:
    case At::done: break;
  }
  std::unreachable();
}

Result<ClientSession::Action> ClientSession::after_hello() {
  using StartTls = ClientOptions::StartTls;
  if (!options_.tls && options_.starttls != StartTls::never) {
    if (offers_.starttls) return say(At::starttls, "STARTTLS");
    if (options_.starttls == StartTls::required) {
      return give_up("the server does not offer STARTTLS");
    }
  }
  if (!options_.user.empty() && !logged_in_) return log_in();
  return mail();
}

Result<ClientSession::Action> ClientSession::log_in() {
  if (!options_.tls && !options_.allow_plaintext_auth) {
    return give_up("the connection is not encrypted, so the password is not sent");
  }
  if (!offers_.auth_plain) return give_up("the server does not offer AUTH PLAIN");
  std::string plain;
  plain.push_back('\0');
  plain += options_.user;
  plain.push_back('\0');
  plain += options_.password;
  at_ = At::auth;
  command_ = "AUTH PLAIN ...";
  return Transmit{"AUTH PLAIN " + codec::encode_base64(plain) + "\r\n"};
}

Result<ClientSession::Action> ClientSession::mail() {
  const bool utf8 = !message::is_ascii(letter_.sender) ||
                    !std::ranges::all_of(letter_.recipients, message::is_ascii);
  if (utf8 && !offers_.smtputf8) {
    return give_up("the server does not take addresses outside ASCII (SMTPUTF8)");
  }
  if (offers_.octets_max > 0 && letter_.octets > offers_.octets_max) {
    return give_up(fmt::format("the server takes messages of up to {} octets, this has {}",
                               offers_.octets_max, letter_.octets));
  }
  std::string command = fmt::format("MAIL FROM:<{}>", message::to_string(letter_.sender));
  if (offers_.size) command += fmt::format(" SIZE={}", letter_.octets);
  if (letter_.eight_bit && offers_.eight_bit) command += " BODY=8BITMIME";
  if (utf8) command += " SMTPUTF8";
  return say(At::mail, std::move(command));
}

Result<ClientSession::Action> ClientSession::next_recipient() {
  if (asked_ < letter_.recipients.size()) {
    const std::string address = message::to_string(letter_.recipients[asked_++]);
    return say(At::rcpt, fmt::format("RCPT TO:<{}>", address));
  }
  if (taken_ == 0) return give_up("the server took no recipient");
  return say(At::data, "DATA");
}

Result<ClientSession::Action> ClientSession::say(At at, std::string command) {
  if (command.find_first_of("\r\n") != command.npos) {
    return fail(Kind::malformed, "a line break in an SMTP command");
  }
  at_ = at;
  command_ = command;
  return Transmit{std::move(command) + "\r\n"};
}

Result<ClientSession::Action> ClientSession::give_up(std::string trouble) {
  report_.trouble = std::move(trouble);
  if (report_.trouble.empty() && report_.exchanges.back().reply.positive()) {
    report_.trouble = "the server's reply does not fit the command";
  }
  return say(At::quit, "QUIT");
}

/// RFC 5321 §4.1.1.1: the lines after the first name extensions.
void ClientSession::read_keywords(const RemoteReply& reply) {
  offers_ = {};
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    const std::string line = ascii_upper(std::string_view(reply.lines[i]));
    const std::string_view word = std::string_view(line).substr(0, line.find(' '));
    const std::string_view rest = trimmed(std::string_view(line).substr(word.size()));
    if (word == "STARTTLS") offers_.starttls = true;
    if (word == "8BITMIME") offers_.eight_bit = true;
    if (word == "SMTPUTF8") offers_.smtputf8 = true;
    if (word == "AUTH") offers_.auth_plain = (" " + std::string(rest) + " ").contains(" PLAIN ");
    if (word == "SIZE") {
      offers_.size = true;
      std::from_chars(rest.data(), rest.data() + rest.size(), offers_.octets_max);
    }
  }
}

}  // namespace ph::smtp
