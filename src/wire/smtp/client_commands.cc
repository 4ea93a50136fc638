#include "wire/smtp/client_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "codec/xtext.h"
#include "message/utf8.h"
#include "wire/smtp/command.h"

namespace ph::smtp {
namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// "" for what is not said.
std::string notify_value(std::uint8_t notify) {
  if ((notify & kNotifyUnsaid) != 0) return {};
  std::string out;
  const auto add = [&](std::uint8_t bit, std::string_view name) {
    if ((notify & bit) == 0) return;
    if (!out.empty()) out += ',';
    out += name;
  };
  add(kNotifySuccess, "SUCCESS");
  add(kNotifyFailure, "FAILURE");
  add(kNotifyDelay, "DELAY");
  return out.empty() ? "NEVER" : out;
}

/// "" for what cannot be said.
std::string orcpt_value(std::string_view text, bool smtputf8) {
  const auto address = parse_original_recipient(text, smtputf8);
  if (!address) return {};
  std::string out = address->type + ";" + codec::encode_xtext(address->value, smtputf8);
  return out.size() <= kOriginalRecipientOctetsMax ? out : "";
}

}  // namespace

bool may_be_said(const message::Address& address) {
  const auto again = message::parse_address(message::to_string(address));
  return again && again->local == address.local && same_ascii(again->domain, address.domain);
}

std::string mail_command(const Letter& letter, const ClientOffers& offers, bool seven_bit,
                         bool smtputf8) {
  std::string out = fmt::format("MAIL FROM:<{}>", message::to_string(letter.sender));
  if (offers.size && letter.octets > 0 && !seven_bit) out += fmt::format(" SIZE={}", letter.octets);
  if (offers.eight_bit && letter.eight_bit && !seven_bit) out += " BODY=8BITMIME";
  if (smtputf8) out += " SMTPUTF8";
  if (!offers.dsn) return out;
  if (letter.ret == Return::full) out += " RET=FULL";
  if (letter.ret == Return::headers) out += " RET=HDRS";
  if (!letter.envelope_id.empty() && is_printable(letter.envelope_id)) {
    const std::string id = codec::encode_xtext(letter.envelope_id);
    if (id.size() <= kEnvelopeIdOctetsMax) out += " ENVID=" + id;
  }
  return out;
}

std::string rcpt_command(const message::Address& to, const RecipientOptions& options,
                         const ClientOffers& offers, bool smtputf8) {
  std::string out = fmt::format("RCPT TO:<{}>", message::to_string(to));
  if (!offers.dsn) return out;
  const std::string notify = notify_value(options.notify);
  if (!notify.empty()) out += " NOTIFY=" + notify;
  const std::string original = orcpt_value(options.original_recipient, smtputf8);
  if (!original.empty()) out += " ORCPT=" + original;
  return out;
}

}  // namespace ph::smtp
