#include "wire/smtp/command.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <utility>

#include "base/ascii.h"
#include "codec/xtext.h"
#include "message/utf8.h"

namespace ph::smtp {
namespace {

std::unexpected<Reply> no(int code, Literal enhanced, Literal text) {
  return std::unexpected(Reply{code, std::string(enhanced.text), std::string(text.text)});
}

/// A-d-l ":" of a source route; `text` starts with '@'. RFC 5321 §4.1.2.
Result<Done> skip_route(std::string_view& text) {
  for (;;) {
    if (!text.starts_with('@')) return fail(Kind::malformed, "a source route is malformed");
    text.remove_prefix(1);
    PH_TRY([[maybe_unused]] auto host, message::take_domain(text));
    if (text.starts_with(':')) {
      text.remove_prefix(1);
      return Done{};
    }
    if (!text.starts_with(',')) return fail(Kind::malformed, "a source route is malformed");
    text.remove_prefix(1);
  }
}

/// Takes "<path>" or, when not strict, a bare address, off the front of `text`; "<>" is the null
/// address.
Result<message::Address> take_path(std::string_view& text, bool strict) {
  if (!strict) {
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  const bool angle = text.starts_with('<');
  if (!angle && strict) return fail(Kind::malformed, "the address is not in <>");
  if (angle) text.remove_prefix(1);
  if (angle && text.starts_with('>')) {
    text.remove_prefix(1);
    return message::Address{};
  }
  if (angle && text.starts_with('@')) {
    PH_TRY([[maybe_unused]] auto skipped, skip_route(text));
  }
  PH_TRY(auto address, message::take_address(text));
  if (angle) {
    if (!text.starts_with('>')) return fail(Kind::malformed, "the address is not closed with >");
    text.remove_prefix(1);
  }
  return address;
}

/// Reads "FROM:" or "TO:" and the path, and leaves the parameters in `arguments`.
Parsed<message::Address> take_address_argument(std::string_view& arguments, std::string_view key,
                                               bool strict, Literal syntax, Literal enhanced) {
  const Reply bad{501, std::string(enhanced.text), std::string(syntax.text)};
  if (!same_ascii(arguments.substr(0, key.size()), key)) {
    return std::unexpected(Reply{501, "5.5.4", bad.text});
  }
  arguments.remove_prefix(key.size());
  auto address = take_path(arguments, strict);
  if (!address) {
    Reply reply = bad;
    reply.text = std::string(address.error().what) + ". " + reply.text;
    return std::unexpected(std::move(reply));
  }
  if (!arguments.empty() && arguments.front() != ' ') return std::unexpected(bad);
  return *std::move(address);
}

struct Parameter {
  std::string_view keyword, value;
  bool has_value = false;
};

/// Takes the next "keyword[=value]"; an empty keyword when there are no more. RFC 5321 §4.1.2
/// esmtp-param, RFC 6531 §3.3 uesmtp-value.
Parsed<Parameter> take_parameter(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  Parameter parameter;
  const std::size_t equals = std::min(word.find('='), word.size());
  parameter.keyword = word.substr(0, equals);
  parameter.has_value = equals < word.size();
  if (parameter.has_value) parameter.value = word.substr(equals + 1);
  const auto fits = [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; };
  if (word.empty()) return parameter;
  if (parameter.keyword.empty() || !std::ranges::all_of(parameter.keyword, fits) ||
      parameter.keyword.front() == '-' || parameter.value.contains('=') ||
      (parameter.has_value && parameter.value.empty())) {
    return no(501, "5.5.4", "A parameter is malformed; write KEYWORD or KEYWORD=VALUE");
  }
  return parameter;
}

enum class Keyword : std::uint8_t { size, body, smtputf8, auth, ret, envid, unknown };

Keyword keyword_of(std::string_view text) {
  constexpr auto table =
      std::to_array<std::pair<std::string_view, Keyword>>({{"SIZE", Keyword::size},
                                                           {"BODY", Keyword::body},
                                                           {"SMTPUTF8", Keyword::smtputf8},
                                                           {"AUTH", Keyword::auth},
                                                           {"RET", Keyword::ret},
                                                           {"ENVID", Keyword::envid}});
  for (const auto& [name, keyword] : table)
    if (same_ascii(name, text)) return keyword;
  return Keyword::unknown;
}

/// 1*20DIGIT; what is more than 64 bits hold is the largest value: too big either way.
std::optional<std::uint64_t> parse_octets(std::string_view text) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  if (text.empty() || text.size() > 20 || !std::ranges::all_of(text, is_digit)) return {};
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (most - digit) / 10) return most;
    value = value * 10 + digit;
  }
  return value;
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::optional<Reply> set_parameter(MailArguments& mail, Keyword keyword,
                                   const Parameter& parameter) {
  switch (keyword) {
    case Keyword::size:
      mail.declared_octets = parse_octets(parameter.value);
      if (mail.declared_octets) return {};
      return Reply{501, "5.5.4", "SIZE= needs a decimal number of octets"};
    case Keyword::body:
      if (same_ascii(parameter.value, "7BIT")) return {};
      if (same_ascii(parameter.value, "8BITMIME")) {
        mail.body = Body::eight_bit_mime;
        return {};
      }
      if (same_ascii(parameter.value, "BINARYMIME")) {  // known (RFC 3030), and not offered
        return Reply{504, "5.5.4", "BODY=BINARYMIME is not implemented; use 8BITMIME"};
      }
      return Reply{501, "5.5.4", "BODY= is 7BIT or 8BITMIME"};
    case Keyword::smtputf8:
      mail.smtputf8 = true;
      if (!parameter.has_value) return {};
      return Reply{501, "5.5.4", "SMTPUTF8 has no value"};
    case Keyword::auth: {
      auto decoded = codec::decode_xtext(parameter.value);
      if (!decoded || decoded->empty()) return Reply{501, "5.5.4", "AUTH= needs <> or xtext"};
      if (*decoded != "<>") mail.submitter = *std::move(decoded);
      return {};
    }
    case Keyword::ret:
      if (same_ascii(parameter.value, "FULL")) mail.ret = Return::full;
      if (same_ascii(parameter.value, "HDRS")) mail.ret = Return::headers;
      if (mail.ret != Return::unsaid) return {};
      return Reply{501, "5.5.4", "RET= is FULL or HDRS"};
    case Keyword::envid: {
      auto decoded = codec::decode_xtext(parameter.value);
      if (!decoded || decoded->empty() || !std::ranges::all_of(*decoded, is_printable) ||
          parameter.value.size() > kEnvelopeIdOctetsMax) {
        return Reply{501, "5.5.4", "ENVID= needs xtext of printable characters, 100 at most"};
      }
      mail.envelope_id = *std::move(decoded);
      return {};
    }
    case Keyword::unknown: break;
  }
  return Reply{555, "5.5.4", "A parameter of MAIL is not known here; EHLO lists what is"};
}

/// NEVER, or a list; RFC 3461 §4.1. A name given twice counts once.
std::optional<std::uint8_t> parse_notify(std::string_view text) {
  if (same_ascii(text, "NEVER")) return kNotifyNever;
  std::uint8_t bits = 0;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    more = comma != text.npos;
    if (more) text.remove_prefix(comma + 1);
    if (same_ascii(name, "SUCCESS")) {
      bits |= kNotifySuccess;
    } else if (same_ascii(name, "FAILURE")) {
      bits |= kNotifyFailure;
    } else if (same_ascii(name, "DELAY")) {
      bits |= kNotifyDelay;
    } else {
      return std::nullopt;
    }
  }
  return bits;
}

/// "type;address" with the address decoded.
std::optional<std::string> decode_original_recipient(std::string_view text, bool smtputf8) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == text.npos || text.size() > kOriginalRecipientOctetsMax) return std::nullopt;
  const auto value = codec::decode_xtext(text.substr(semicolon + 1), smtputf8);
  if (!value) return std::nullopt;
  std::string out = std::string(text.substr(0, semicolon + 1)) + *value;
  if (!parse_original_recipient(out, smtputf8)) return std::nullopt;
  return out;
}

}  // namespace

Parsed<MailArguments> parse_mail(std::string_view arguments, bool strict) {
  MailArguments mail;
  auto sender = take_address_argument(arguments, "FROM:", strict,
                                      "Syntax: MAIL FROM:<address> [parameters]", "5.1.7");
  if (!sender) return std::unexpected(std::move(sender).error());
  mail.sender = *std::move(sender);
  if (!mail.sender.null() && mail.sender.domain.empty()) {
    return no(501, "5.1.7", "The sender has no domain; only RCPT TO:<postmaster> needs none");
  }

  std::bitset<7> seen;
  for (;;) {
    const auto parameter = take_parameter(arguments);
    if (!parameter) return std::unexpected(parameter.error());
    if (parameter->keyword.empty()) break;
    const Keyword keyword = keyword_of(parameter->keyword);
    if (seen.test(std::to_underlying(keyword))) {
      return no(501, "5.5.4", "A parameter is given twice");
    }
    seen.set(std::to_underlying(keyword));
    if (auto reply = set_parameter(mail, keyword, *parameter)) {
      return std::unexpected(*std::move(reply));
    }
  }
  if (!mail.smtputf8 && !message::is_ascii(mail.sender)) {  // RFC 6531 §3.5
    return no(553, "5.6.7", "This sender address needs MAIL with the parameter SMTPUTF8");
  }
  return mail;
}

Parsed<RcptArguments> parse_rcpt(std::string_view arguments, bool strict, bool smtputf8) {
  auto address = take_address_argument(arguments, "TO:", strict,
                                       "Syntax: RCPT TO:<address> [parameters]", "5.1.3");
  if (!address) return std::unexpected(std::move(address).error());
  if (address->null()) {
    return no(501, "5.1.3", "The null address <> cannot receive mail. Syntax: RCPT TO:<address>");
  }
  RcptArguments rcpt{*std::move(address), {}};
  bool notify = false, orcpt = false;
  for (;;) {
    const auto parameter = take_parameter(arguments);
    if (!parameter) return std::unexpected(parameter.error());
    if (parameter->keyword.empty()) break;
    const bool is_notify = same_ascii(parameter->keyword, "NOTIFY");
    if (!is_notify && !same_ascii(parameter->keyword, "ORCPT")) {
      return no(555, "5.5.4", "A parameter of RCPT is not known here; EHLO lists what is offered");
    }
    if (std::exchange(is_notify ? notify : orcpt, true)) {
      return no(501, "5.5.4", "A parameter is given twice");
    }
    if (is_notify) {
      const auto bits = parse_notify(parameter->value);
      if (!bits) return no(501, "5.5.4", "NOTIFY= is NEVER, or a list of SUCCESS,FAILURE,DELAY");
      rcpt.options.notify = *bits;
    } else {
      auto decoded = decode_original_recipient(parameter->value, smtputf8);
      if (!decoded) return no(501, "5.5.4", "ORCPT= needs type;address in xtext, 500 at most");
      rcpt.options.original_recipient = *std::move(decoded);
    }
  }
  if (!smtputf8 && !message::is_ascii(rcpt.recipient)) {
    return no(553, "5.6.7", "This recipient address needs MAIL with the parameter SMTPUTF8");
  }
  return rcpt;
}

std::optional<OriginalRecipient> parse_original_recipient(std::string_view text, bool utf8) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == 0 || semicolon == text.npos) return std::nullopt;
  OriginalRecipient out{std::string(text.substr(0, semicolon)),
                        std::string(text.substr(semicolon + 1))};
  static constexpr std::string_view kAtomMarks =
      "!#$%&'*-/?^_`{|}~";  // "+" and "=" mean something here
  const auto in_atom = [](char c) { return is_alpha(c) || is_digit(c) || kAtomMarks.contains(c); };
  if (out.value.empty() || !std::ranges::all_of(out.type, in_atom)) return std::nullopt;
  const bool outside_ascii = utf8 && same_ascii(out.type, "utf-8");
  for (std::string_view rest = out.value; !rest.empty();) {
    const bool fits = is_printable(rest.front());
    const std::size_t octets = fits ? 1 : outside_ascii ? message::utf8_character_octets(rest) : 0;
    if (octets == 0) return std::nullopt;
    rest.remove_prefix(octets);
  }
  return out;
}

Parsed<std::string> parse_helo(std::string_view arguments, bool strict) {
  const std::string_view name = trimmed(arguments);
  if (name.empty()) return no(501, "5.5.4", "Say your host's name, or its address in []");
  if (name.size() > kHeloOctetsMax) {
    return no(501, "5.5.4", "Your host's name is longer than 255 octets");
  }
  const auto fits = [strict](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet > 0x20 && octet != 0x7f && (octet < 0x7f || !strict);
  };
  if (!std::ranges::all_of(name, [&](char c) { return fits(c) || (c == ' ' && !strict); })) {
    return no(501, "5.5.4", "Your host's name has characters that no name has");
  }
  return std::string(name);
}

Parsed<VerifyArguments> parse_verify(std::string_view arguments) {
  constexpr std::string_view kMark = " SMTPUTF8";
  VerifyArguments verify;
  std::string_view text = trimmed(arguments);
  if (text.size() > kMark.size() && same_ascii(text.substr(text.size() - kMark.size()), kMark)) {
    verify.smtputf8 = true;
    text = trimmed(text.substr(0, text.size() - kMark.size()));
  }
  if (text.empty()) return no(501, "5.5.4", "Syntax: VRFY user or address");
  const bool ascii = std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; });
  if (!ascii && !verify.smtputf8) return no(553, "5.6.7", "Say VRFY address SMTPUTF8 for that");
  for (std::string_view rest = text; !rest.empty();) {
    const bool plain = (rest.front() & 0x80) == 0;
    const std::size_t octets = plain ? 1 : message::utf8_character_octets(rest);
    if (octets == 0) return no(501, "5.5.2", "That is not UTF-8");
    rest.remove_prefix(octets);
  }
  verify.text = text;
  return verify;
}

}  // namespace ph::smtp
