// One letter: RSET, MAIL, RCPT, DATA, in groups where the server takes them so.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/smtp/client.h"
#include "wire/smtp/client_commands.h"

namespace ph::smtp {
namespace {

/// "Too many recipients": the limit of this transaction, not the fault of the recipient. RFC 5321
/// §4.5.3.1.10 lets 552 stand for 452, as RFC 821 had it; with other enhanced codes both mean a
/// full mailbox or disk.
bool says_too_many(const RemoteReply& reply) {
  if (reply.code != 452 && reply.code != 552) return false;
  return reply.enhanced.empty() || reply.enhanced.substr(1) == ".5.3";
}

}  // namespace

void ClientSession::check_addresses() {
  const bool domainless = !letter_.sender.null() && letter_.sender.domain.empty();
  if (domainless || (!letter_.sender.null() && !may_be_said(letter_.sender))) {
    settle_rest(Outcome::refused_permanent, Stage::local, "5.1.7",
                "the sender's address has no form that SMTP could send");
  }
  for (RecipientReport& recipient : report_.recipients) {
    if (recipient.what != Outcome::unasked || may_be_said(recipient.address)) continue;
    settle(recipient, Outcome::refused_permanent, Stage::local, "5.1.3",
           "the address has no form that SMTP could send");
  }
}

/// What is known from the offers alone.
void ClientSession::check_offers() {
  // RFC 6531 §3.1: who offers SMTPUTF8 offers 8BITMIME.
  const bool utf8_offered = offers_.smtputf8 && offers_.eight_bit;
  constexpr std::string_view kNoUtf8 =
      "the server does not take addresses outside ASCII (SMTPUTF8)";
  const bool whole = letter_.needs_smtputf8 || !message::is_ascii(letter_.sender);
  smtputf8_ = whole;
  // What is wrong with one address is told of it, before what is wrong with the whole message.
  for (RecipientReport& recipient : report_.recipients) {
    if (recipient.what != Outcome::unasked || message::is_ascii(recipient.address)) continue;
    smtputf8_ = true;
    if (utf8_offered) continue;
    settle(recipient, Outcome::refused_permanent, Stage::local, "5.6.7", kNoUtf8);
  }
  if (whole && !utf8_offered) {  // RFC 6531 §3.5
    if (message::is_ascii(letter_.sender)) {
      settle_rest(Outcome::refused_permanent, Stage::local, "5.6.9",
                  "the server does not take headers outside ASCII (SMTPUTF8)");
    } else {
      settle_rest(Outcome::refused_permanent, Stage::local, "5.6.7", kNoUtf8);
    }
  }
  smtputf8_ = smtputf8_ && utf8_offered;
  if (letter_.eight_bit && !offers_.eight_bit) {
    seven_bit_ = letter_.convertible;
    if (!seven_bit_) {  // RFC 6152 §3
      settle_rest(Outcome::refused_permanent, Stage::local, "5.6.3",
                  "the server takes no 8-bit message (8BITMIME), and this has no other form");
    }
  }
  if (offers_.octets_max > 0 && letter_.octets > offers_.octets_max) {  // RFC 1870 §6.1
    settle_rest(Outcome::refused_permanent, Stage::local, "5.3.4",
                fmt::format("the server takes messages of up to {} octets, this has {}",
                            offers_.octets_max, letter_.octets));
  }
}

ClientSession::Action ClientSession::start_letter() {
  check_offers();
  const auto waits = [](const RecipientReport& one) { return one.what == Outcome::unasked; };
  if (std::ranges::any_of(report_.recipients, waits)) {
    at_ = At::commands;
  } else {
    if (!report_.recipients.empty()) report_.trouble = report_.recipients.back().trouble;
    settle();
  }
  return proceed();
}

/// The next command that does not depend on a reply still awaited. nullopt: none is left.
///   first  it begins a group: every reply so far is read
std::optional<ClientSession::Awaited> ClientSession::next_command(bool first) {
  if (open_) {
    open_ = false;
    return Awaited{.what = What::rset, .command = "RSET"};
  }
  if (!mail_said_) {
    mail_said_ = true;
    return Awaited{.what = What::mail,
                   .command = mail_command(letter_, offers_, seven_bit_, smtputf8_)};
  }
  while (next_recipient_ < report_.recipients.size()) {
    const std::size_t index = next_recipient_++;
    const RecipientReport& recipient = report_.recipients[index];
    if (recipient.what != Outcome::unasked) continue;
    return Awaited{
        .what = What::rcpt,
        .command = rcpt_command(recipient.address, letter_.options[index], offers_, smtputf8_),
        .recipient = index};
  }
  if (data_said_ || (first && taken_ == 0)) return std::nullopt;
  data_said_ = true;
  return Awaited{.what = What::data, .command = "DATA"};
}

/// A group of commands (RFC 2920 §3.1), or a single one; when none is left, the letter is settled.
ClientSession::Action ClientSession::next_commands() {
  const bool group = offers_.pipelining && options_.pipelining;
  const std::size_t commands_max = group ? kGroupCommandsMax : 1;
  std::string octets;
  while (awaited_.size() < commands_max && octets.size() < kGroupOctetsMax) {
    auto command = next_command(awaited_.empty());
    if (!command) break;
    octets += command->command + "\r\n";
    awaited_.push_back(*std::move(command));
  }
  if (!octets.empty()) return Transmit{std::move(octets)};
  open_ = mail_taken_;
  report_.trouble = "the server took no recipient";
  settle();
  return proceed();
}

void ClientSession::on_letter_reply(const Awaited& awaited, const RemoteReply& reply) {
  switch (awaited.what) {
    case What::rset:
      if (reply.completed()) break;
      hang_up_ = true;
      report_.stale = true;
      close(Stage::mail, reply);
      return;
    case What::mail:
      mail_taken_ = reply.completed();
      if (!mail_taken_) {
        settle_rest(refusal(reply), Stage::mail, reply);
        next_recipient_ = report_.recipients.size();
      }
      break;
    case What::rcpt: on_recipient_reply(report_.recipients[awaited.recipient], reply); break;
    case What::data: on_data_reply(reply); break;
    case What::final_dot: on_end_reply(reply); break;
    case What::lone_dot:
      open_ = true;
      settle();
      break;
    default: std::unreachable();
  }
  answered_ = true;
  // MAIL was refused, and whatever went out behind it is answered.
  if (awaited_.empty() && at_ == At::commands && mail_said_ && !mail_taken_ &&
      awaited.what != What::rset) {
    settle();
  }
}

void ClientSession::on_recipient_reply(RecipientReport& recipient, const RemoteReply& reply) {
  if (reply.completed()) ++taken_;
  if (recipient.what != Outcome::unasked) return;  // MAIL was refused
  if (reply.completed()) {
    recipient.stage = Stage::rcpt;
    recipient.reply = kept(reply);
    return;
  }
  // A bare 552 with no recipient taken is a full mailbox.
  const bool too_many = says_too_many(reply) && (taken_ > 0 || !reply.enhanced.empty());
  settle(recipient, too_many ? Outcome::refused_temporary : refusal(reply), Stage::rcpt, reply);
  recipient.again = too_many && taken_ > 0;
}

/// RFC 2920 §3.1: in a group DATA was said before the answers to RCPT were known.
void ClientSession::on_data_reply(const RemoteReply& reply) {
  if (!reply.positive()) {
    settle_rest(refusal(reply), Stage::data, reply);
    if (taken_ == 0 && mail_taken_) report_.trouble = "the server took no recipient";
    open_ = mail_taken_;
    settle();
  } else if (taken_ == 0) {
    if (mail_taken_) report_.trouble = "the server took no recipient";
    at_ = At::lone_dot;
  } else if (!mail_taken_) {
    // It took recipients and no sender: a dot could give them an empty message.
    hang_up_ = true;
    close(Stage::data, "4.5.0", "the server refused MAIL and took RCPT and DATA");
  } else {
    at_ = At::content;
  }
}

/// The server speaks before it can have had the end of the message. false: it does not refuse it.
bool ClientSession::refused_early(const RemoteReply& reply) {
  if (reply.code < 400) return false;
  keep(".", reply);
  awaited_.clear();
  report_.in_doubt = false;
  hang_up_ = true;
  if (reply.code == 421) {
    close(Stage::data, reply);
  } else {
    settle_rest(refusal(reply), Stage::data, reply);
    end_session();
  }
  return true;
}

void ClientSession::on_end_reply(const RemoteReply& reply) {
  report_.in_doubt = false;
  report_.accepted = reply.completed();
  settle_rest(report_.accepted ? Outcome::accepted : refusal(reply), Stage::final_dot, reply);
  settle();
}

}  // namespace ph::smtp
