#include "wire/smtp/session.h"

#include <fmt/format.h>

#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "wire/smtp/replies.h"

namespace ph::smtp {

ServerSession::ServerSession(ServerOptions options) : options_(std::move(options)) {
  client_.ip = options_.peer_ip;
  client_.listener = options_.listener;
  client_.role = options_.role;
}

Action ServerSession::connected(std::string tls_version, std::string tls_cipher) {
  PH_CHECK(awaits_ == Awaits::start);
  client_.tls = options_.implicit_tls;
  client_.tls_version = std::move(tls_version);
  client_.tls_cipher = std::move(tls_cipher);
  return ask(About::connection, AskConnect{});
}

Action ServerSession::on_line_too_long() {
  PH_CHECK(awaits_ == Awaits::line);
  if (login_ != Login::none) {  // RFC 4954 §4: the exchange is over
    login_ = Login::none;
    return send({500, "5.5.6", "The AUTH line is longer than 12288 octets"});
  }
  return send({500, "5.5.2", "The command line is longer than 2048 octets"});
}

Action ServerSession::on_bare_line_end() {
  PH_CHECK(awaits_ == Awaits::line);
  login_ = Login::none;
  return send({500, "5.5.2", "The line has a CR or LF alone; only CRLF ends a line"});
}

Action ServerSession::on_verdict(Verdict verdict) {
  PH_CHECK(awaits_ == Awaits::verdict);
  if (asked_ == About::login && verdict.reason == Reason::ok && verdict.account.empty()) {
    verdict.reason = Reason::temporary_failure;  // nobody is logged in as nobody
  }
  const bool smtputf8 = asked_ == About::verification ? verify_smtputf8_ : envelope_.smtputf8;
  auto [reply, accepted, closes] = reply_to(asked_, verdict, smtputf8);
  if (closes) return close(std::move(reply));

  switch (asked_) {
    case About::connection:
      if (accepted) {
        reply = {220, "", options_.hostname + " ESMTP Posthouse"};
      } else {
        phase_ = Phase::refused;  // RFC 5321 §3.1: wait for QUIT
      }
      break;
    case About::login:
      if (accepted) {
        client_.account = std::move(verdict.account);
        client_.login = std::move(verdict.address);
      }
      break;
    case About::sender:
      if (accepted) {
        phase_ = Phase::has_sender;
      } else {
        end_transaction();
      }
      break;
    case About::recipient:
      if (accepted) {
        envelope_.recipients.push_back(std::move(recipient_));
        envelope_.options.push_back(std::move(recipient_options_));
        phase_ = Phase::has_recipient;
      }
      break;
    case About::verification: break;
  }
  return send(std::move(reply), flush_);
}

Action ServerSession::on_received(Received received) {
  PH_CHECK(awaits_ == Awaits::data);
  Reply reply = reply_to(received, options_.message_octets_max);
  if (received.what == Received::What::bad_line_end) return close(std::move(reply));
  end_transaction();
  if (received.what == Received::What::accepted) {
    ++messages_;
    errors_ = 0;
    idle_commands_ = 0;
  }
  return send(std::move(reply));
}

Action ServerSession::on_tls(std::string version, std::string cipher) {
  PH_CHECK(awaits_ == Awaits::tls);
  end_transaction();
  phase_ = Phase::connected;
  client_.helo.clear();
  client_.esmtp = false;
  client_.tls = true;
  client_.tls_version = std::move(version);
  client_.tls_cipher = std::move(cipher);
  return send({});  // the client speaks first: RFC 3207 §4.2
}

Action ServerSession::on_idle_timeout() {
  PH_CHECK(awaits_ == Awaits::line);
  return close({421, "4.4.2", options_.hostname + " waited too long for a command; closing"});
}

Action ServerSession::on_shutdown() {
  PH_CHECK(awaits_ == Awaits::line);
  return close({421, "4.3.2", options_.hostname + " is shutting down; try again soon"});
}

/// Every reply after which we read on passes here, so here the errors are counted.
Action ServerSession::send(Reply reply, bool flush) {
  if (reply.code >= 500 && ++errors_ > options_.errors_max) {
    return close({421, "4.7.0", "Too many errors; closing. The last one was: " + reply.text});
  }
  awaits_ = Awaits::line;
  return Send{std::move(reply), flush};
}

Action ServerSession::ask(About about, decltype(Question::what) what) {
  awaits_ = Awaits::verdict;
  asked_ = about;
  return Ask{Question{client_, std::move(what)}};
}

Action ServerSession::close(Reply last) {
  awaits_ = Awaits::nothing;
  return Close{std::move(last)};
}

void ServerSession::end_transaction() {
  envelope_ = {};
  recipient_ = {};
  recipient_options_ = {};
  recipient_tries_ = 0;
  if (phase_ == Phase::has_sender || phase_ == Phase::has_recipient) phase_ = Phase::greeted;
}

}  // namespace ph::smtp
