// A shell without sockets around ServerSession, and a house that answers by rules: what tests and
// fuzzing drive the machine with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/line_splitter.h"
#include "wire/smtp/data_decoder.h"
#include "wire/smtp/session.h"

namespace ph::smtp::testing {

/// The house:
///   sender, recipient, VRFY  a local part that is the name of a Reason ("moved@here.test") gets
///   that
///                            reason; other recipients outside here.test: relay_denied, unless
///                            logged in; "new@there.test" is where everybody moved
///   login                    "alice" with "secret"; "locked", "down": those; others are wrong
///   message                  its first line, if it is the name of a Received::What; else accepted
Verdict decide(const Question& question);

class House {
 public:
  explicit House(ServerOptions options);
  /// Octets from the client, any split.
  void feed(std::string_view octets);
  /// What the server said since the last call.
  std::string take_said();
  bool closed() const { return closed_; }
  ServerSession& session() { return session_; }
  const std::vector<Question>& questions() const { return questions_; }
  const std::vector<Envelope>& envelopes() const { return envelopes_; }
  /// Of the envelopes, those whose message got its 250.
  const std::vector<Envelope>& accepted() const { return accepted_; }
  const std::string& content() const { return content_; }
  /// Performs an Action that a direct call of session() gave.
  void perform(Action action);

 private:
  bool step();
  void read_message();

  ServerSession session_;
  LineSplitter lines_;
  DataDecoder decoder_;
  std::string input_, said_, content_;
  std::vector<Question> questions_;
  std::vector<Envelope> envelopes_, accepted_;
  bool in_message_ = false, closed_ = false;
};

}  // namespace ph::smtp::testing
