#include "wire/smtp/testing/house.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

namespace ph::smtp::testing {
namespace {

constexpr auto kReasons = std::to_array<std::string_view>({"ok",
                                                           "moved_forwarding",
                                                           "moved",
                                                           "cannot_verify",
                                                           "verified",
                                                           "ambiguous",
                                                           "unknown_recipient",
                                                           "relay_denied",
                                                           "recipient_disabled",
                                                           "quota_exceeded",
                                                           "too_big",
                                                           "no_space",
                                                           "sender_not_owned",
                                                           "sender_domain_invalid",
                                                           "login_required",
                                                           "bad_credentials",
                                                           "login_locked",
                                                           "too_many_connections",
                                                           "client_refused",
                                                           "temporary_failure"});
constexpr auto kReceived = std::to_array<std::string_view>(
    {"accepted", "too_big", "line_too_long", "bad_line_end", "too_many_hops", "no_space",
     "temporary", "refused", "unproven", "unprovable"});

std::optional<Reason> reason_named(std::string_view name) {
  const auto found = std::ranges::find(kReasons, name);
  if (found == kReasons.end()) return {};
  return static_cast<Reason>(found - kReasons.begin());
}

Verdict about(std::string_view local) {
  const auto named = reason_named(local);
  return {.reason = named.value_or(Reason::unknown_recipient), .address = "new@there.test"};
}

}  // namespace

Verdict decide(const Question& question) {
  if (std::holds_alternative<AskConnect>(question.what)) {
    return {.reason = reason_named(question.client.ip).value_or(Reason::ok)};
  }
  if (const auto* login = std::get_if<AskLogin>(&question.what)) {
    if (login->user == "locked") return {.reason = Reason::login_locked};
    if (login->user == "down") return {.reason = Reason::temporary_failure};
    if (login->user != "alice" || login->password != "secret")
      return {.reason = Reason::bad_credentials};
    return {.reason = Reason::ok, .address = "alice@here.test", .account = "1"};
  }
  if (const auto* sender = std::get_if<AskSender>(&question.what)) {
    return {.reason = reason_named(sender->sender.local).value_or(Reason::ok)};
  }
  if (const auto* recipient = std::get_if<AskRecipient>(&question.what)) {
    const message::Address& to = recipient->recipient;
    if (to.domain == "here.test" || to.domain.empty())
      return about(to.domain.empty() ? "ok" : to.local);
    return {.reason = question.client.account.empty() ? Reason::relay_denied : Reason::ok};
  }
  const std::string& text = std::get<AskVerify>(question.what).text;
  return about(std::string_view(text).substr(0, text.find('@')));
}

House::House(ServerOptions options) : session_(std::move(options)) {
  perform(session_.connected("TLSv1.3", "TLS_AES_128_GCM_SHA256"));
}

void House::feed(std::string_view octets) {
  if (closed_) return;
  input_ += octets;
  while (!closed_ && step()) {
  }
}

std::string House::take_said() { return std::exchange(said_, {}); }

/// One line or piece of a message; false when more input is needed.
bool House::step() {
  if (in_message_) {
    if (input_.empty()) return false;
    read_message();
    return true;
  }
  const auto step = lines_.next(input_, ServerSession::kLineOctetsMax);
  const std::string line(step.text);
  input_.erase(0, step.consumed);
  switch (step.what) {
    case LineSplitter::What::line: perform(session_.on_line(line)); return true;
    case LineSplitter::What::too_long: perform(session_.on_line_too_long()); return true;
    case LineSplitter::What::bare_line_end: perform(session_.on_bare_line_end()); return true;
    case LineSplitter::What::more: return false;
  }
  std::unreachable();
}

void House::read_message() {
  const auto slice = decoder_.next(input_);
  content_.append(slice.content.data(), slice.content.size());
  input_.erase(0, slice.consumed);
  if (!slice.end) return;
  in_message_ = false;
  lines_.reset();
  Received received{Received::What::accepted, "q1"};
  const auto named = std::ranges::find(kReceived, content_.substr(0, content_.find('\r')));
  if (named != kReceived.end())
    received.what = static_cast<Received::What>(named - kReceived.begin());
  using Fault = DataDecoder::Fault;
  if (decoder_.fault() == Fault::line_too_long) received.what = Received::What::line_too_long;
  if (decoder_.fault() == Fault::bad_line_end) received.what = Received::What::bad_line_end;
  if (received.what == Received::What::accepted) accepted_.push_back(envelopes_.back());
  perform(session_.on_received(std::move(received)));
}

void House::perform(Action action) {
  if (auto* send = std::get_if<Send>(&action)) {
    if (send->reply.code != 0) said_ += format_reply(send->reply);
  } else if (auto* ask = std::get_if<Ask>(&action)) {
    questions_.push_back(ask->question);
    perform(session_.on_verdict(decide(ask->question)));
  } else if (auto* data = std::get_if<ReceiveData>(&action)) {
    said_ += format_reply(data->go_ahead);
    envelopes_.push_back(std::move(data->envelope));
    decoder_ = {};
    content_.clear();
    in_message_ = true;
  } else if (auto* start = std::get_if<StartTls>(&action)) {
    said_ += format_reply(start->reply);
    input_.clear();
    lines_.reset();
    perform(session_.on_tls("TLSv1.3", "TLS_AES_128_GCM_SHA256"));
  } else {
    said_ += format_reply(std::get<Close>(action).last);
    closed_ = true;
  }
}

}  // namespace ph::smtp::testing
