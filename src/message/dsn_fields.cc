// The part of a notification that programs read, and how text from elsewhere is made harmless.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/date.h"
#include "message/dsn_parts.h"
#include "message/utf8.h"

namespace ph::message {
namespace {

constexpr std::size_t kFieldColumns = 76;    // where fields are folded, if they have a blank there
constexpr std::size_t kWordOctetsMax = 900;  // of a word on one line; longer ones are broken
constexpr std::size_t kDiagnosticsOctetsMax = 256 << 10;  // of all recipients together
constexpr std::size_t kDiagnosticOctetsMin = 256;         // that each may have in any case

bool is_ascii_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
}

/// Octets at the front of `word` that may stand on one line, not ending within a character.
std::size_t breakable(std::string_view word, std::size_t octets) {
  if (word.size() <= octets) return word.size();
  while (octets > 1 && (static_cast<unsigned char>(word[octets]) & 0xc0) == 0x80) --octets;
  return octets;
}

class Fields {
 public:
  explicit Fields(bool utf8) : utf8_(utf8) {}

  /// A field of one line of value, folded.
  void add(std::string_view name, std::string_view value) {
    add(name, std::vector<std::string>{printable(value, utf8_)});
  }
  /// A field of several lines, all but the first as continuations.
  void add(std::string_view name, const std::vector<std::string>& lines) {
    std::string wrapped;
    for (const auto& line : lines)
      append_wrapped(wrapped.empty() ? fmt::format("{}: {}", name, line) : line,
                     wrapped.empty() ? "" : " ", kFieldColumns, wrapped);
    // Only the first line of a field begins at the margin.
    for (std::size_t at = 0; at < wrapped.size();) {
      const std::size_t end = wrapped.find("\r\n", at) + 2;
      if (at > 0 && wrapped[at] != ' ') out_ += ' ';
      out_ += wrapped.substr(at, end - at);
      at = end;
    }
  }
  void empty_line() { out_ += "\r\n"; }
  std::string take() { return std::move(out_); }

 private:
  bool utf8_;
  std::string out_;
};

/// "rfc822; a@b"; outside ASCII "utf-8; ...": RFC 6533 §3.
std::string typed(const Address& address) {
  return fmt::format("{}; {}", is_ascii(address) ? "rfc822" : "utf-8", to_string(address));
}

/// True if it is a type, ";" and something: RFC 3461 §4.2.
bool is_typed(std::string_view original) {
  const std::size_t end = original.find(';');
  return end != 0 && end != original.npos && end + 1 < original.size() &&
         std::ranges::all_of(original.substr(0, end),
                             [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; });
}

void add_recipient(const Dsn& dsn, const DsnRecipient& one, bool utf8, Fields& out) {
  out.empty_line();
  if (is_typed(one.original)) out.add("Original-Recipient", one.original);
  out.add("Final-Recipient", typed(one.final));
  out.add("Action", to_string(one.action));
  out.add("Status", status_of(one));
  if (!one.remote_mta.empty()) out.add("Remote-MTA", "dns; " + one.remote_mta);
  auto lines = diagnostic_lines(one.diagnostic, dsn.recipients.size(), utf8);
  if (!lines.empty()) {
    lines.front().insert(0, "smtp; ");
    out.add("Diagnostic-Code", lines);
  } else if (!one.why.empty()) {
    out.add("Diagnostic-Code", "x-posthouse; " + one.why);
  }
  if (one.last_attempt) out.add("Last-Attempt-Date", format_date(*one.last_attempt));
  if (!dsn.queue_id.empty()) out.add("Final-Log-ID", dsn.queue_id);
  if (one.retry_until && one.action == DsnAction::delayed)
    out.add("Will-Retry-Until", format_date(*one.retry_until));
}

}  // namespace

std::string_view to_string(DsnAction action) {
  switch (action) {
    case DsnAction::failed: return "failed";
    case DsnAction::delayed: return "delayed";
    case DsnAction::delivered: return "delivered";
    case DsnAction::relayed: return "relayed";
    case DsnAction::expanded: return "expanded";
  }
  std::unreachable();
}

bool is_global(const Dsn& dsn) {
  return !is_ascii(dsn.to) || std::ranges::any_of(dsn.recipients, [](const DsnRecipient& one) {
    return !is_ascii(one.final) || !is_ascii_text(one.original);
  });
}

std::string printable(std::string_view text, bool utf8) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    std::size_t octets = 1;
    if (c >= ' ' && c <= '~') {
      out.push_back(c);
    } else if (c == '\t') {
      out.push_back(' ');
    } else if (octets = utf8 ? utf8_character_octets(text) : 0; octets > 0) {
      out += text.substr(0, octets);
    } else {
      octets = 1;
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(octets);
  }
  return out;
}

std::vector<std::string> diagnostic_lines(std::string_view reply, std::size_t recipient_count,
                                          bool utf8) {
  const std::size_t share = kDiagnosticsOctetsMax / std::max<std::size_t>(recipient_count, 1);
  const std::size_t octets_max = std::clamp(share, kDiagnosticOctetsMin, kDiagnosticOctetsMax);
  std::string_view rest = reply.substr(0, octets_max);
  std::vector<std::string> out;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trimmed(line).empty()) out.push_back(printable(trimmed(line), utf8));
  }
  if (reply.size() > octets_max) out.push_back("[...]");
  return out;
}

void append_wrapped(std::string_view text, std::string_view indent, std::size_t width,
                    std::string& out) {
  std::string line(indent);
  const auto put_line = [&] {
    out += line;
    out += "\r\n";
    line = indent;
  };
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    std::string_view word = text.substr(0, text.find(' '));
    word = word.substr(0, breakable(word, kWordOctetsMax));
    text.remove_prefix(word.size());
    const bool first = line.size() == indent.size();
    if (!first && line.size() + 1 + word.size() > width) put_line();
    if (line.size() > indent.size()) line += ' ';
    line += word;
  }
  if (line.size() > indent.size()) put_line();
}

std::string dsn_fields(const Dsn& dsn) {
  const bool utf8 = is_global(dsn);
  Fields out(utf8);
  if (!dsn.envelope_id.empty()) out.add("Original-Envelope-Id", dsn.envelope_id);
  out.add("Reporting-MTA", "dns; " + dsn.reporting_mta);
  if (dsn.arrival) out.add("Arrival-Date", format_date(*dsn.arrival));
  if (!dsn.queue_id.empty()) out.add("X-Posthouse-Queue-Id", dsn.queue_id);
  for (const auto& one : dsn.recipients) add_recipient(dsn, one, utf8, out);
  return out.take();
}

}  // namespace ph::message
