// Runs a ServerSession without sockets: a maildrop in memory performs its actions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/pop3/session.h"

namespace ph::pop3::testing {

/// The rooms around one session, and what they are to answer.
struct House {
  std::map<std::string, std::string> passwords = {{"alice", "secret"}};
  LoginAnswer::What login_fails = LoginAnswer::What::ok;  // anything else: answered to every login
  MaildropAnswer::What maildrop = MaildropAnswer::What::opened;
  MessageAnswer message_fails = MessageAnswer::sent;  // anything else: answered to every RETR, TOP
  bool expunge_fails = false;
  std::string unique_prefix = "m1-7";
  std::vector<std::string> messages;  // uid = 10 * number
  std::size_t read_octets = 5;        // messages are handed on in pieces of this size

  std::vector<std::uint32_t> expunged;
  std::vector<std::string> logins;  // "MECHANISM user password", as they came
};

/// A server session and the wire to it.
class Server {
 public:
  Server(House& house, ServerSession::Options options);
  /// Octets from the client; returns what the server sends.
  std::string feed(std::string_view octets);
  /// Performs an action that did not come from a line (a timeout, a shutdown); returns what is
  /// sent.
  std::string perform(Action action);
  ServerSession& session() { return session_; }
  bool closed() const { return closed_; }
  std::size_t handshakes() const { return handshakes_; }

 private:
  Action perform_one(Send& send);
  Action perform_one(Login& login);
  Action perform_one(OpenMaildrop& open);
  Action perform_one(SendMessage& message);
  Action perform_one(Expunge& expunge);
  Action perform_one(StartTls& tls);

  House& house_;
  ServerSession session_;
  LineSplitter splitter_;
  std::string input_, output_;
  bool waits_for_line_ = false;
  bool closed_ = false;
  std::size_t handshakes_ = 0;
};

}  // namespace ph::pop3::testing
