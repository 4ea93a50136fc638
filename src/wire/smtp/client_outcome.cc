// How letters end: what becomes of each recipient, and of the connection.
#include <array>
#include <utility>

#include "wire/smtp/client.h"

namespace ph::smtp {
namespace {

/// RFC 3463 §2: the reply's own code, or an undefined one, in the class of what came of it.
std::string status_of(const RemoteReply& reply, RecipientReport::What what) {
  using What = RecipientReport::What;
  std::string out = reply.enhanced.empty() ? "x.0.0" : reply.enhanced;
  out[0] = what == What::accepted ? '2' : what == What::refused_permanent ? '5' : '4';
  return out;
}

}  // namespace

std::string_view to_string(Stage stage) {
  constexpr std::array<std::string_view, 10> kNames = {"connect",   "greeting", "hello", "starttls",
                                                       "auth",      "mail",     "rcpt",  "data",
                                                       "final_dot", "local"};
  return kNames.at(std::to_underlying(stage));
}

/// What a report holds of a reply: a hostile server's longest ones, for each of thousands of
/// recipients, would be too much.
RemoteReply ClientSession::kept(const RemoteReply& reply) {
  if (reply.verbatim.size() <= kKeptReplyOctetsMax) return reply;
  RemoteReply out{reply.code, reply.enhanced, {}, reply.verbatim.substr(0, kKeptReplyOctetsMax)};
  std::size_t octets = 0;
  for (const std::string& line : reply.lines) {
    out.lines.push_back(line.substr(0, kKeptReplyOctetsMax - octets));
    octets += out.lines.back().size() + 1;
    if (octets >= kKeptReplyOctetsMax) break;
  }
  return out;
}

void ClientSession::keep(const std::string& command, const RemoteReply& reply) {
  if (report_.exchanges.size() >= kExchangesMax) return;
  report_.exchanges.push_back({command, kept(reply)});
}

void ClientSession::settle(RecipientReport& recipient, Outcome what, Stage stage,
                           const RemoteReply& reply) {
  recipient.what = what;
  recipient.stage = stage;
  recipient.reply = kept(reply);
  recipient.status = status_of(reply, what);
  recipient.dsn_passed = what == Outcome::accepted && offers_.dsn;
  report_.decisive = recipient.reply;
}

void ClientSession::settle(RecipientReport& recipient, Outcome what, Stage stage,
                           std::string_view status, std::string_view trouble) {
  recipient.what = what;
  recipient.stage = stage;
  recipient.reply = {};
  recipient.status = status;
  recipient.trouble = trouble;
}

void ClientSession::settle_rest(Outcome what, Stage stage, const RemoteReply& reply) {
  for (RecipientReport& recipient : report_.recipients)
    if (recipient.what == Outcome::unasked) settle(recipient, what, stage, reply);
}

void ClientSession::settle_rest(Outcome what, Stage stage, std::string_view status,
                                std::string_view trouble) {
  for (RecipientReport& recipient : report_.recipients)
    if (recipient.what == Outcome::unasked) settle(recipient, what, stage, status, trouble);
}

/// The letter is over; every recipient is settled.
void ClientSession::settle() {
  has_letter_ = false;
  at_ = At::settled;
  for (RecipientReport& recipient : report_.recipients) {
    PH_CHECK(recipient.what != Outcome::unasked);
    recipient.again = recipient.again && report_.accepted;
  }
}

void ClientSession::close(Stage stage, const RemoteReply& reply) {
  settle_rest(Outcome::refused_temporary, stage, reply);
  end_session();
}

void ClientSession::close(Stage stage, std::string_view status, std::string trouble) {
  settle_rest(Outcome::refused_temporary, stage, status, trouble);
  report_.trouble = std::move(trouble);
  end_session();
}

void ClientSession::end_session() {
  if (!awaited_.empty()) hang_up_ = true;  // QUIT would stand behind commands still open
  awaited_.clear();
  report_.closing = true;
  report_.try_next_host = !report_.in_doubt && !report_.stale;
  settle();
}

}  // namespace ph::smtp
