// Runs a ClientSession without sockets, against whatever answers its octets.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "wire/pop3/client.h"

namespace ph::pop3::testing {

class Conversation {
 public:
  /// What the server says to these octets; called once with "" for its greeting.
  using Peer = std::function<std::string(std::string_view)>;
  /// `piece_octets`: the replies arrive in pieces of this size.
  Conversation(ClientSession::Options options, Peer peer, std::size_t piece_octets)
      : session_(std::move(options)), peer_(std::move(peer)), piece_octets_(piece_octets) {}

  /// Sends `command` ("" at the start) and goes on until the session is ready for the next or over.
  /// true: it worked. false: refused (reply()), failed (error()), or the server said nothing more.
  bool run(std::string_view command = {}) {
    on_wire_ += peer_(command);
    for (;;) {
      auto step = session_.next(input_);
      if (!step) {
        error_ = std::string(to_string(step.error().kind)) + ": " + std::string(step.error().what) +
                 " (" + step.error().detail + ")";
        return false;
      }
      if (const auto* content = std::get_if<ClientSession::Content>(&step->action))
        content_ += content->octets;
      input_.erase(0, step->consumed);
      if (auto* transmit = std::get_if<ClientSession::Transmit>(&step->action)) {
        on_wire_ += peer_(transmit->octets);
      } else if (std::holds_alternative<ClientSession::Handshake>(step->action)) {
        const auto line = session_.on_tls();
        if (!line) return false;
        on_wire_ += peer_(*line);
      } else if (auto* ready = std::get_if<ClientSession::Ready>(&step->action)) {
        reply_ = ready->reply;
        return ready->done;
      } else if (std::holds_alternative<ClientSession::Finished>(step->action)) {
        finished_ = true;
        return true;
      } else if (std::holds_alternative<ClientSession::Receive>(step->action)) {
        if (on_wire_.empty()) return false;
        const std::size_t octets = std::min(piece_octets_, on_wire_.size());
        input_ += on_wire_.substr(0, octets);
        on_wire_.erase(0, octets);
      }
    }
  }

  ClientSession& session() { return session_; }
  std::string take_content() { return std::exchange(content_, {}); }
  const std::string& reply() const { return reply_; }
  const std::string& error() const { return error_; }
  bool finished() const { return finished_; }

 private:
  ClientSession session_;
  Peer peer_;
  std::size_t piece_octets_;
  std::string on_wire_, input_, content_, reply_, error_;
  bool finished_ = false;
};

}  // namespace ph::pop3::testing
