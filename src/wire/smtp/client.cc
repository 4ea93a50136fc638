// The session: greeting, EHLO, STARTTLS, AUTH, QUIT, and which step is next.
#include "wire/smtp/client.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "codec/base64.h"

namespace ph::smtp {

ClientSession::ClientSession(ClientOptions options) : options_(std::move(options)) {
  awaited_.push_back({});  // the greeting
}

void ClientSession::begin(Letter letter) {
  PH_CHECK(!has_letter_ && !report_.closing);
  PH_CHECK(at_ == At::resting || !started_);
  PH_CHECK(letter.options.empty() || letter.options.size() == letter.recipients.size());
  letter_ = std::move(letter);
  letter_.options.resize(letter_.recipients.size());
  report_ = {};
  for (const message::Address& address : letter_.recipients)
    report_.recipients.push_back({.address = address});
  has_letter_ = true;
  if (at_ == At::resting) {
    at_ = At::letter;
    reused_ = true;
  }
  answered_ = seven_bit_ = smtputf8_ = false;
  mail_said_ = mail_taken_ = data_said_ = false;
  next_recipient_ = taken_ = 0;
  encoder_ = {};
  check_addresses();
}

void ClientSession::quit() {
  PH_CHECK(!has_letter_);
  if (at_ != At::done) at_ = hang_up_ || !started_ ? At::done : At::quitting;
  awaited_.clear();
}

std::string ClientSession::content(std::string_view piece, bool last) {
  PH_CHECK(at_ == At::sending && awaited_.empty());
  std::string out = encoder_.next(piece);
  if (last) {
    out += encoder_.finish();
    awaited_.push_back({.what = What::final_dot, .command = "."});
    report_.in_doubt = true;
  }
  return out;
}

ClientSession::Step ClientSession::next(std::string_view input) {
  PH_CHECK(has_letter_ || at_ == At::settled || at_ == At::quitting || at_ == At::done);
  started_ = true;
  std::size_t at = 0;
  for (;;) {
    // Before we say something, nothing may be there that would be taken for the answer to it.
    const bool early = must_be_silent() && (at < input.size() || in_reply_);
    if (awaited_.empty() && !early) return {proceed(), at};
    auto step = replies_.next(input.substr(at));
    if (!step && at_ == At::quitting) at_ = At::done;
    if (!step && at_ == At::done) return {Finished{}, input.size()};
    if (!step) {
      report_.fault = step.error();
      hang_up_ = true;
      close(stage(), "4.5.0", std::string(step.error().what));
      return {proceed(), input.size()};
    }
    at += step->consumed;
    if (!step->reply) {
      in_reply_ = in_reply_ || step->consumed > 0;
      return {Receive{patience()}, at};
    }
    in_reply_ = false;
    if (early) {
      on_unasked_reply(*step->reply);
    } else {
      const Awaited awaited = std::move(awaited_.front());
      awaited_.pop_front();
      on_reply(awaited, *step->reply);
    }
  }
}

/// Whether a reply that comes now is one that nobody asked for.
bool ClientSession::must_be_silent() const {
  const bool ending = at_ == At::settled || at_ == At::quitting || at_ == At::done;
  return awaited_.empty() && !ending;
}

/// The one place that acts: no reply is awaited any more.
ClientSession::Action ClientSession::proceed() {
  switch (at_) {
    case At::hello: return say_hello(options_.helo_only ? What::helo : What::ehlo);
    case At::helo: return say_hello(What::helo);
    case At::secure: return secure();
    case At::handshake: at_ = At::tls; return Handshake{};
    case At::log_in: return log_in();
    case At::letter: return start_letter();
    case At::commands: return next_commands();
    case At::lone_dot: return say(What::lone_dot, ".");
    case At::content: at_ = At::sending; return SendContent{seven_bit_};
    case At::settled: at_ = At::resting; return Settled{};
    case At::quitting: return say(What::quit, "QUIT");
    case At::done: return Finished{};
    case At::tls:
    case At::sending:
    case At::resting: break;
  }
  // on_tls(), content(), or begin() or quit() come first: the shell is at fault.
  PH_CHECK(false);
  std::unreachable();
}

ClientSession::Action ClientSession::say(What what, std::string command) {
  std::string octets = command + "\r\n";
  awaited_.push_back({.what = what, .command = std::move(command)});
  return Transmit{std::move(octets)};
}

ClientSession::Action ClientSession::say_hello(What what) {
  const auto fits = [](char c) { return c > ' ' && c < 0x7f; };
  if (options_.hostname.empty() || !std::ranges::all_of(options_.hostname, fits)) {
    close(Stage::local, "4.3.5", "our own name is none that EHLO can say");
    return proceed();
  }
  return say(what, (what == What::ehlo ? "EHLO " : "HELO ") + options_.hostname);
}

ClientSession::Action ClientSession::secure() {
  using StartTls = ClientOptions::StartTls;
  if (!options_.tls && options_.starttls != StartTls::never) {
    if (offers_.starttls) return say(What::starttls, "STARTTLS");
    if (options_.starttls == StartTls::required) {
      close(Stage::starttls, "4.7.4", "the server does not offer STARTTLS");
      return proceed();
    }
  }
  at_ = At::log_in;
  return proceed();
}

ClientSession::Action ClientSession::log_in() {
  if (options_.user.empty() || logged_in_) {
    at_ = At::letter;
    return proceed();
  }
  std::string_view trouble;
  if (!options_.tls && !options_.allow_plaintext_auth) {
    trouble = "the connection is not encrypted, so the password is not sent";
  } else if (!offers_.auth_plain) {
    trouble = "the server does not offer AUTH PLAIN";
  } else if (options_.user.contains('\0') || options_.password.contains('\0')) {
    trouble = "a user name or password with a NUL cannot be sent";  // RFC 4616 §2
  }
  if (!trouble.empty()) {
    close(Stage::auth, "4.7.0", std::string(trouble));
    return proceed();
  }
  std::string plain;
  plain.push_back('\0');
  plain += options_.user;
  plain.push_back('\0');
  plain += options_.password;
  awaited_.push_back({.what = What::auth, .command = "AUTH PLAIN ..."});
  return Transmit{"AUTH PLAIN " + codec::encode_base64(plain) + "\r\n"};
}

void ClientSession::on_reply(const Awaited& awaited, const RemoteReply& reply) {
  if (awaited.what == What::quit) {
    at_ = At::done;
    return;
  }
  keep(awaited.command, reply);
  if (reply.code == 421) {  // RFC 5321 §3.8: it closes the connection
    report_.in_doubt = false;
    hang_up_ = true;
    report_.stale = reused_ && !answered_;
    close(stage_of(awaited.what), reply);
    return;
  }
  const bool asks_more = reply.code / 100 == 3;
  if (asks_more != (awaited.what == What::data && reply.positive())) {
    hang_up_ = true;  // it may take what follows for the message
    close(stage_of(awaited.what), "4.5.0", "the server's reply does not fit the command");
    return;
  }
  if (awaited.what == What::greeting || awaited.what == What::ehlo || awaited.what == What::helo ||
      awaited.what == What::starttls || awaited.what == What::auth) {
    on_session_reply(awaited.what, reply);
  } else {
    on_letter_reply(awaited, reply);
  }
}

void ClientSession::on_session_reply(What what, const RemoteReply& reply) {
  const bool done = reply.completed();
  if (what == What::ehlo && reply.code >= 500) {  // RFC 5321 §3.2
    at_ = At::helo;
  } else if (what == What::starttls && !done &&
             options_.starttls != ClientOptions::StartTls::required) {
    options_.starttls = ClientOptions::StartTls::never;
  } else if (!done) {
    close(stage_of(what), reply);
  } else if (what == What::greeting) {
    at_ = At::hello;
  } else if (what == What::starttls) {
    at_ = At::handshake;
  } else if (what == What::auth) {
    logged_in_ = true;
    at_ = At::letter;
  } else {
    offers_ = what == What::ehlo ? parse_offers(reply) : ClientOffers{};
    at_ = At::secure;
  }
}

void ClientSession::on_unasked_reply(const RemoteReply& reply) {
  hang_up_ = true;
  report_.stale = reused_ && !answered_;
  keep("", reply);
  if (reply.code == 421) {
    close(stage(), reply);
  } else {
    close(stage(), "4.5.0", "the server said something that nobody asked for");
  }
}

void ClientSession::on_tls() {
  PH_CHECK(at_ == At::tls);
  options_.tls = true;
  offers_ = {};
  replies_ = {};
  at_ = At::hello;
}

void ClientSession::on_tls_failed(std::string trouble) {
  PH_CHECK(at_ == At::tls);
  hang_up_ = true;
  report_.retry_without_tls = options_.starttls == ClientOptions::StartTls::if_offered;
  close(Stage::starttls, "4.7.5", std::move(trouble));
}

void ClientSession::on_lost(std::string trouble, bool timed_out) {
  hang_up_ = true;
  report_.closing = true;
  if (at_ == At::quitting) {
    at_ = At::done;
    awaited_.clear();
  }
  if (!has_letter_) return;
  const Stage where = stage();
  const bool at_ehlo = !awaited_.empty() && awaited_.front().what == What::ehlo;
  report_.retry_helo_only = at_ehlo && !timed_out && !options_.tls;
  report_.retry_without_tls =
      where == Stage::starttls && options_.starttls == ClientOptions::StartTls::if_offered;
  report_.stale = reused_ && !answered_;
  // RFC 3463 §3.5: no answer from the host, or a connection that broke off.
  close(where, where == Stage::connect ? "4.4.1" : "4.4.2", std::move(trouble));
}

void ClientSession::on_cut_off(std::string_view unread, std::string trouble, bool timed_out) {
  while (has_letter_ && !unread.empty()) {
    auto step = replies_.next(unread);
    if (!step || !step->reply) break;
    unread.remove_prefix(step->consumed);
    const bool sending = at_ == At::sending;
    if (sending && refused_early(*step->reply)) break;
    if (sending || awaited_.empty()) break;
    const Awaited awaited = std::move(awaited_.front());
    awaited_.pop_front();
    on_reply(awaited, *step->reply);
  }
  on_lost(std::move(trouble), timed_out);
}

std::chrono::seconds ClientSession::patience() const {
  if (awaited_.empty()) return kQuitWait;  // the rest of what nobody asked for
  switch (awaited_.front().what) {
    case What::greeting: return kGreetingWait;
    case What::data: return kDataWait;
    case What::final_dot:
    case What::lone_dot: return kFinalDotWait;
    case What::quit: return kQuitWait;
    default: return kCommandWait;
  }
}

/// Where the session stands, for a failure that no reply tells of.
Stage ClientSession::stage() const {
  if (!started_) return Stage::connect;
  if (!awaited_.empty()) return stage_of(awaited_.front().what);
  switch (at_) {
    case At::hello:
    case At::helo: return Stage::hello;
    case At::secure:
    case At::handshake:
    case At::tls: return Stage::starttls;
    case At::log_in: return Stage::auth;
    case At::commands: return mail_taken_ ? Stage::rcpt : Stage::mail;
    case At::lone_dot:
    case At::content:
    case At::sending: return Stage::data;
    default: return Stage::mail;
  }
}

Stage ClientSession::stage_of(What what) {
  switch (what) {
    case What::greeting: return Stage::greeting;
    case What::ehlo:
    case What::helo: return Stage::hello;
    case What::starttls: return Stage::starttls;
    case What::auth: return Stage::auth;
    case What::rset:
    case What::mail: return Stage::mail;
    case What::rcpt: return Stage::rcpt;
    case What::data: return Stage::data;
    case What::final_dot:
    case What::lone_dot:
    case What::quit: break;
  }
  return Stage::final_dot;
}

}  // namespace ph::smtp
