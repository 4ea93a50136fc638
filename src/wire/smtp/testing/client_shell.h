// A shell without sockets around ClientSession, for tests and fuzzing.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wire/smtp/client.h"

namespace ph::smtp::testing {

/// What the shell sends, and how it fares.
struct ClientWorld {
  std::string eight_bit = "hello\r\n", seven_bit = "7bit\r\n";
  std::size_t piece_octets = 1000;
  bool tls_works = true;
};

/// Hands over the letters in order, each with the same content, and quits.
class ClientShell {
 public:
  ClientShell(ClientOptions options, std::vector<Letter> letters, ClientWorld world = {})
      : client_(std::move(options)), letters_(std::move(letters)), world_(std::move(world)) {
    PH_CHECK(!letters_.empty());
    client_.begin(letters_.front());
    run();
  }

  /// Octets from the server, any split.
  void feed(std::string_view octets) {
    if (finished_) return;
    input_ += octets;
    run();
  }

  /// The connection ends, or with `timed_out` a wait does.
  void lose(bool timed_out = false) {
    if (finished_) return;
    client_.on_lost(timed_out ? "timed out" : "connection lost", timed_out);
    run();
    PH_CHECK(finished_);  // nothing is left to say
  }

  /// What the client said since the last call.
  std::string take_said() { return std::exchange(said_, {}); }
  bool finished() const { return finished_; }
  std::chrono::seconds patience() const { return patience_; }
  const ClientSession& client() const { return client_; }
  /// Of the letters that are settled.
  const std::vector<ClientReport>& reports() const { return reports_; }

 private:
  void run() {
    while (!finished_) {
      auto step = client_.next(input_);
      PH_CHECK(step.consumed <= input_.size());
      input_.erase(0, step.consumed);
      if (const auto* receive = std::get_if<ClientSession::Receive>(&step.action)) {
        PH_CHECK(input_.empty());
        patience_ = receive->patience;
        return;
      }
      perform(step.action);
    }
  }

  void perform(const ClientSession::Action& action) {
    if (const auto* transmit = std::get_if<ClientSession::Transmit>(&action)) {
      said_ += transmit->octets;
    } else if (const auto* send = std::get_if<ClientSession::SendContent>(&action)) {
      std::string_view rest = send->seven_bit ? world_.seven_bit : world_.eight_bit;
      while (!rest.empty()) {
        const std::string_view piece = rest.substr(0, world_.piece_octets);
        said_ += client_.content(piece, false);
        PH_CHECK(!client_.in_doubt());
        rest.remove_prefix(piece.size());
      }
      said_ += client_.content("", true);
      PH_CHECK(client_.in_doubt());
    } else if (std::holds_alternative<ClientSession::Handshake>(action)) {
      input_.clear();
      if (world_.tls_works) {
        client_.on_tls();
      } else {
        client_.on_tls_failed("bad certificate");
      }
    } else if (std::holds_alternative<ClientSession::Settled>(action)) {
      reports_.push_back(client_.report());
      if (reports_.back().closing || reports_.size() == letters_.size()) {
        client_.quit();
      } else {
        client_.begin(letters_[reports_.size()]);
      }
    } else {
      finished_ = true;
    }
  }

  ClientSession client_;
  std::vector<Letter> letters_;
  ClientWorld world_;
  std::vector<ClientReport> reports_;
  std::string input_, said_;
  std::chrono::seconds patience_ = {};
  bool finished_ = false;
};

}  // namespace ph::smtp::testing
