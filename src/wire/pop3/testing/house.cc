#include "wire/pop3/testing/house.h"

#include <algorithm>
#include <utility>

#include "wire/pop3/dot_stuffer.h"

namespace ph::pop3::testing {

Server::Server(House& house, ServerSession::Options options)
    : house_(house), session_(std::move(options)) {
  output_ = perform(session_.greet());
}

std::string Server::feed(std::string_view octets) {
  if (closed_) return {};
  input_ += octets;
  std::string out = std::exchange(output_, {});
  while (!closed_) {
    const auto step = splitter_.next(input_, session_.line_octets_max());
    const std::string line(step.text);
    input_.erase(0, step.consumed);
    if (step.what == LineSplitter::What::more) break;
    out += perform(step.what == LineSplitter::What::line ? session_.on_line(line)
                                                         : session_.on_faulty_line(step.what));
  }
  return out;
}

std::string Server::perform(Action todo) {
  const std::string before = std::exchange(output_, {});
  waits_for_line_ = false;
  while (!waits_for_line_ && !closed_) {
    if (const auto* close = std::get_if<Close>(&todo)) {
      output_ += close->text;
      closed_ = true;
    } else {
      todo = std::visit(
          [this](auto& action) -> Action {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(action)>, Close>)
              std::unreachable();
            else
              return perform_one(action);
          },
          todo);
    }
  }
  return before + std::exchange(output_, {});
}

Action Server::perform_one(Send& send) {
  output_ += send.text;
  if (send.more) return session_.on_more();
  waits_for_line_ = true;
  return Send{};
}

Action Server::perform_one(Login& login) {
  house_.logins.push_back(login.mechanism + " " + login.user + " " + login.password);
  if (house_.login_fails != LoginAnswer::What::ok)
    return session_.on_login({house_.login_fails, {}});
  const auto found = house_.passwords.find(login.user);
  if (found == house_.passwords.end() || found->second != login.password)
    return session_.on_login({LoginAnswer::What::wrong, {}});
  return session_.on_login({LoginAnswer::What::ok, "id of " + login.user});
}

Action Server::perform_one(OpenMaildrop&) {
  MaildropAnswer answer{house_.maildrop, house_.unique_prefix, {}};
  for (const std::string& message : house_.messages)
    answer.entries.push_back(
        {message.size(), 10 * static_cast<std::uint32_t>(answer.entries.size() + 1), false});
  return session_.on_maildrop(std::move(answer));
}

Action Server::perform_one(SendMessage& message) {
  if (house_.message_fails == MessageAnswer::cut) output_ += message.reply;
  if (house_.message_fails != MessageAnswer::sent) return session_.on_message(house_.message_fails);
  output_ += message.reply;
  DotStuffer stuffer;
  TopCutter cutter(message.body_lines.value_or(0));
  std::string_view rest = house_.messages.at(message.uid / 10 - 1);
  while (!rest.empty() && !(message.body_lines && cutter.done())) {
    const std::string_view piece = rest.substr(0, house_.read_octets);
    stuffer.next(message.body_lines ? cutter.next(piece) : piece, output_);
    rest.remove_prefix(piece.size());
  }
  stuffer.finish(output_);
  return session_.on_message(MessageAnswer::sent);
}

Action Server::perform_one(Expunge& expunge) {
  if (!house_.expunge_fails) house_.expunged = expunge.uids;
  return session_.on_expunged(!house_.expunge_fails);
}

Action Server::perform_one(StartTls& tls) {
  output_ += tls.text;
  input_.clear();
  splitter_.reset();
  ++handshakes_;
  return session_.on_tls();
}

}  // namespace ph::pop3::testing
