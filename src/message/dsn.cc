#include "message/dsn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/error.h"
#include "codec/quoted_printable.h"
#include "message/date.h"
#include "message/dsn_parts.h"
#include "message/header_scan.h"
#include "message/seven_bit.h"

namespace ph::message {
namespace {

constexpr std::size_t kBoundaryStemOctetsMax = 48;
constexpr std::size_t kShownAddressOctetsMax = 100;  // in the subject
constexpr std::string_view kCutNote = "X-Posthouse-Note: the rest of the header is left out\r\n";

/// One part of the multipart/report: its fields and its body, both with CRLF at their ends.
struct BodyPart {
  std::string fields, body;
};

SevenBitPlan plan_of(std::string_view text) {
  SevenBitScan scan;
  scan.feed(text);
  return scan.finish();
}

/// True if it may stand in a 7-bit message as it is, whatever it is.
bool is_fit(std::string_view text) {
  const SevenBitPlan plan = plan_of("\r\n" + std::string(text));
  return plan.possible() && !plan.needed();
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  codec::QuotedPrintableEncoder encoder(codec::QuotedPrintable::text);
  encoder.feed(text, out);
  encoder.finish(out);
  return out;
}

/// With the type's field, and the body encoded if it has to be.
BodyPart part(std::string_view type, std::string_view description, std::string body) {
  std::string fields =
      fmt::format("Content-Description: {}\r\nContent-Type: {}\r\n", description, type);
  if (!is_fit(body)) {
    body = quoted_printable(body);
    fields += "Content-Transfer-Encoding: quoted-printable\r\n";
  }
  if (!body.empty() && !body.ends_with("\r\n")) body += "\r\n";
  return {std::move(fields), std::move(body)};
}

BodyPart whole_message(const Dsn& dsn) {
  const std::string_view description =
      dsn.kind == DsnAction::failed ? "Undelivered message" : "Message";
  SevenBitPlan plan = plan_of(dsn.original);
  if (!plan.possible()) return part("message/global", description, dsn.original);
  std::string body;
  SevenBitWriter writer(std::move(plan));
  writer.feed(dsn.original, body);
  writer.finish(body);
  if (!body.ends_with("\r\n")) body += "\r\n";
  return {fmt::format("Content-Description: {}\r\nContent-Type: message/rfc822\r\n", description),
          std::move(body)};
}

BodyPart returned_message(const Dsn& dsn) {
  if (dsn.whole_message) return whole_message(dsn);
  const std::string_view type = is_global(dsn) ? "message/global-headers" : "text/rfc822-headers";
  return part(type, "Header of the message", returned_header(dsn.original));
}

/// The stem, if it occurs nowhere; else with a number behind it that is behind none of its
/// occurrences: whoever wrote the contents could not foresee which.
std::string free_boundary(std::string_view wanted, const std::array<BodyPart, 3>& parts) {
  std::string stem;
  for (const char c : wanted)
    if ((is_alpha(c) || is_digit(c) || std::string_view("._-").contains(c)) &&
        stem.size() < kBoundaryStemOctetsMax)
      stem.push_back(c);
  if (stem.empty()) stem = "=_posthouse";

  constexpr std::size_t kDigits = 9;
  bool occurs = false;
  std::vector<std::string_view> taken;
  for (const BodyPart& one : parts) {
    const std::string_view body = one.body;
    for (std::size_t at = body.find(stem); at != body.npos; at = body.find(stem, at + 1)) {
      occurs = true;
      taken.push_back(body.substr(at + stem.size(), kDigits + 1));
    }
  }
  if (!occurs) return stem;
  std::ranges::sort(taken);
  std::size_t number = 0;
  for (const std::string_view tail : taken)
    if (tail == fmt::format("_{:09}", number)) ++number;
  return fmt::format("{}_{:09}", stem, number);
}

std::string subject(const Dsn& dsn) {
  std::string_view what;
  switch (dsn.kind) {
    case DsnAction::failed: what = "Not delivered"; break;
    case DsnAction::delayed: what = "Delayed"; break;
    case DsnAction::delivered: what = "Delivered"; break;
    case DsnAction::relayed:
    case DsnAction::expanded: what = "Passed on"; break;
  }
  std::size_t count = 0;
  const DsnRecipient* last = nullptr;
  for (const auto& one : dsn.recipients) {
    if (one.action != dsn.kind) continue;
    ++count;
    last = &one;
  }
  if (count != 1)
    return fmt::format("{}: your message to {} recipients", what,
                       count == 0 ? dsn.recipients.size() : count);
  const Address& address = last->final;
  const std::string name = to_string(address);
  if (!is_ascii(address) || name.size() > kShownAddressOctetsMax)
    return fmt::format("{}: your message to one recipient", what);
  return fmt::format("{}: your message to {}", what, printable(name, false));
}

std::string header(const Dsn& dsn, std::string_view boundary) {
  std::string out;
  const auto field = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("{}: {}\r\n", name, value);
  };
  field("Date", format_date(dsn.date));
  field("From", fmt::format("Mail Delivery System <{}>", printable(dsn.from_address, false)));
  field("To", fmt::format("<{}>", printable(to_string(dsn.to), true)));
  field("Subject", subject(dsn));
  field("Message-ID", reference(dsn.message_id));
  field("In-Reply-To", reference(dsn.original_message_id));
  field("References", reference(dsn.original_message_id));
  field("Auto-Submitted", "auto-replied");
  field("MIME-Version", "1.0");
  field("Content-Type", fmt::format("multipart/report; report-type=delivery-status;\r\n"
                                    "\tboundary=\"{}\"",
                                    boundary));
  return out;
}

}  // namespace

std::string reference(std::string_view id) {
  const bool fits =
      !id.empty() && id.size() <= kMessageIdOctetsMax &&
      std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~' && c != '<' && c != '>'; });
  return fits ? fmt::format("<{}>", id) : "";
}

std::string format_dsn(const Dsn& dsn) {
  PH_CHECK(!dsn.recipients.empty());
  const bool global = is_global(dsn);
  const std::array<BodyPart, 3> parts = {
      part(global ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", "Notification",
           dsn_text(dsn)),
      part(global ? "message/global-delivery-status" : "message/delivery-status", "Delivery report",
           dsn_fields(dsn)),
      returned_message(dsn)};
  const std::string boundary = free_boundary(dsn.boundary, parts);
  std::string out = header(dsn, boundary);
  // The line break before a boundary belongs to it: each part keeps the one that ends it.
  for (const BodyPart& one : parts)
    out += fmt::format("\r\n--{}\r\n{}\r\n{}", boundary, one.fields, one.body);
  out += fmt::format("\r\n--{}--\r\n", boundary);
  return out;
}

bool needs_smtputf8(const Dsn& dsn) { return !is_ascii(dsn.to); }

std::string returned_header(std::string_view octets) {
  HeaderScan scan;
  scan.feed(octets);
  scan.finish();
  const auto header_octets = static_cast<std::size_t>(scan.header_octets());
  const std::string_view header =
      octets.substr(0, std::min(header_octets, kReturnedHeaderOctetsMax + 2));
  std::string out;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == '\n' && (i == 0 || header[i - 1] != '\r')) out.push_back('\r');
    out.push_back(header[i]);
  }
  if (out == "\r\n" || out.empty()) return {};
  if (!out.ends_with("\r\n")) out += "\r\n";
  if (out.ends_with("\r\n\r\n")) out.resize(out.size() - 2);
  if (out.size() <= kReturnedHeaderOctetsMax) return out;

  out.resize(kReturnedHeaderOctetsMax - kCutNote.size() - 2);
  if (const std::size_t end = out.rfind('\n'); end != out.npos)
    out.resize(end + 1);
  else
    out += "\r\n";
  return out.append(kCutNote);
}

}  // namespace ph::message
