#include "message/received.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "message/date.h"

namespace ph::message {
namespace {

constexpr std::size_t kTokenOctetsMax = 255;  // of a word from outside, in a Received field

/// `text` as one word that cannot end a comment, a clause or a line.
std::string token(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kTokenOctetsMax)) {
    const bool fits = is_alpha(c) || is_digit(c) || std::string_view("-._:[]").contains(c);
    out.push_back(fits ? c : '?');
  }
  return out.empty() ? "unknown" : out;
}

std::string literal(std::string_view ip) {
  return fmt::format("[{}{}]", ip.contains(':') ? "IPv6:" : "", token(ip));
}

}  // namespace

std::string_view with_keyword(const Hop& hop) {
  const bool s = hop.tls, a = hop.authenticated;
  if (hop.smtputf8) return s ? (a ? "UTF8SMTPSA" : "UTF8SMTPS") : (a ? "UTF8SMTPA" : "UTF8SMTP");
  // TLS and AUTH are extensions: who used one spoke ESMTP, though it may have said HELO after.
  if (s || a) return s ? (a ? "ESMTPSA" : "ESMTPS") : "ESMTPA";
  return hop.esmtp ? "ESMTP" : "SMTP";
}

std::string received_field(const Hop& hop) {
  std::string out = fmt::format("Received: from {} ({})\r\n", token(hop.helo), literal(hop.ip));
  out += fmt::format("\tby {} (Posthouse) with {}", token(hop.by), with_keyword(hop));
  if (hop.tls) {
    out += fmt::format("\r\n\t(using {} with cipher {})", token(hop.tls_version),
                       token(hop.tls_cipher));
  }
  out += fmt::format("\r\n\tid {}", token(hop.queue_id));
  if (hop.recipient) out += fmt::format("\r\n\tfor <{}>", to_string(*hop.recipient));
  out += ";\r\n\t" + format_date(hop.at) + "\r\n";
  return out;
}

std::string return_path_field(const Address& sender) {
  return fmt::format("Return-Path: <{}>\r\n", to_string(sender));
}

std::string delivered_to_field(const Address& recipient) {
  return fmt::format("Delivered-To: {}\r\n", to_string(recipient));
}

}  // namespace ph::message
