// The part of a notification that people read.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/date.h"
#include "message/dsn_parts.h"

namespace ph::message {
namespace {

constexpr std::size_t kColumns = 72;
constexpr std::string_view kIndent = "      ";
constexpr std::size_t kShownSubjectOctetsMax = 200;

class Text {
 public:
  explicit Text(const Dsn& dsn) : dsn_(dsn), utf8_(is_global(dsn)) {}

  std::string write() {
    paragraph(
        fmt::format("This is the mail server {}. It writes to you about a message that you "
                    "sent{}.",
                    printable(dsn_.reporting_mta, utf8_), subject()));
    for (const DsnAction action : {DsnAction::failed, DsnAction::delayed, DsnAction::delivered,
                                   DsnAction::relayed, DsnAction::expanded})
      section(action);
    details();
    return std::move(out_);
  }

 private:
  void paragraph(std::string_view text) {
    append_wrapped(text, "", kColumns, out_);
    out_ += "\r\n";
  }
  void indented(std::string_view text) { append_wrapped(text, kIndent, kColumns, out_); }

  /// ' ("Lunch on Friday")' if that is readable as it stands.
  std::string subject() const {
    const std::string value = header_value(dsn_.original, "Subject");
    const bool plain = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; }) &&
                       !value.contains("=?") && value.size() <= kShownSubjectOctetsMax;
    return plain && !value.empty() ? fmt::format(" (\"{}\")", value) : "";
  }

  void section(DsnAction action) {
    const auto mine = [action](const DsnRecipient& one) { return one.action == action; };
    const auto count = std::ranges::count_if(dsn_.recipients, mine);
    if (count == 0) return;
    paragraph(beginning(action, count > 1));
    for (const auto& one : dsn_.recipients)
      if (mine(one)) recipient(one);
    if (const std::string_view end = ending(action); !end.empty()) paragraph(end);
  }

  static std::string beginning(DsnAction action, bool several) {
    const std::string_view these = several ? "these addresses" : "this address";
    switch (action) {
      case DsnAction::failed:
        return fmt::format("Your message could NOT be delivered to {}, and we have stopped trying:",
                           these);
      case DsnAction::delayed:
        return fmt::format(
            "Your message is late. It could not be delivered to {} yet; we keep "
            "trying:",
            these);
      case DsnAction::delivered: return fmt::format("Your message was delivered to {}:", these);
      case DsnAction::relayed:
        return fmt::format(
            "Your message was handed on to the next mail server for {}. It does not "
            "confirm deliveries, so this is the last that you hear from us:",
            these);
      case DsnAction::expanded:
        return fmt::format(
            "Your message was sent on to all whom {} for. You will not be told what "
            "becomes of each:",
            several ? "these addresses stand" : "this address stands");
    }
    std::unreachable();
  }
  static std::string_view ending(DsnAction action) {
    if (action != DsnAction::delayed) return {};
    return "You need not do anything now, and need not send it again. You will hear from us again "
           "only if it cannot be delivered in the end.";
  }

  void recipient(const DsnRecipient& one) {
    append_wrapped(printable(to_string(one.final), utf8_), "  ", kColumns, out_);
    const bool bad = one.action == DsnAction::failed || one.action == DsnAction::delayed;
    if (bad) reason(one);
    const auto lines = diagnostic_lines(one.diagnostic, dsn_.recipients.size(), utf8_);
    if (!lines.empty()) {
      const std::string name = printable(one.remote_mta, utf8_);
      indented(name.empty() ? "The answer was:" : fmt::format("The mail server {} said:", name));
      for (const auto& line : lines)
        append_wrapped(line, std::string(kIndent) + "> ", kColumns, out_);
    }
    if (one.retry_until && one.action == DsnAction::delayed)
      indented(fmt::format("We keep trying until {}.", format_date(*one.retry_until)));
    out_ += "\r\n";
  }

  void reason(const DsnRecipient& one) {
    const std::string status = status_of(one);
    const Advice said = advice(status);
    indented(fmt::format("{} (Code {})", said.means, status));
    if (!one.why.empty()) indented("In detail: " + printable(one.why, utf8_));
    if (one.action == DsnAction::failed)
      indented(fmt::format("What you can do: {}", said.what_to_do));
  }

  void details() {
    paragraph(fmt::format("If you ask the postmaster for help (postmaster@{}), please name:",
                          printable(dsn_.reporting_mta, utf8_)));
    const auto line = [this](std::string_view name, std::string_view value) {
      if (!value.empty())
        append_wrapped(fmt::format("{} {}", name, printable(value, utf8_)), "  ", kColumns, out_);
    };
    line("Queue id:", dsn_.queue_id);
    line("Message-ID:", reference(dsn_.original_message_id));
    line("Envelope id:", dsn_.envelope_id);
    if (dsn_.arrival) line("We got it on:", format_date(*dsn_.arrival));
    out_ += "\r\n";
    append_wrapped(dsn_.whole_message
                       ? "What programs need to know, and your message, follow below."
                       : "What programs need to know, and your message's header, follow below.",
                   "", kColumns, out_);
  }

  const Dsn& dsn_;
  bool utf8_;
  std::string out_;
};

}  // namespace

std::string header_value(std::string_view header, std::string_view name) {
  std::string value;
  bool inside = false;
  while (!header.empty()) {
    const std::size_t end = header.find('\n');
    std::string_view line = header.substr(0, end);
    header.remove_prefix(end == header.npos ? header.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (inside && is_space(line.front())) {
      value += ' ';
      value += trimmed(line);
      continue;
    }
    if (inside) break;
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !same_ascii(trimmed(line.substr(0, colon)), name)) continue;
    inside = true;
    value = trimmed(line.substr(colon + 1));
  }
  return std::string(trimmed(value));
}

std::string dsn_text(const Dsn& dsn) { return Text(dsn).write(); }

}  // namespace ph::message
