#include "message/seven_bit.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace ph::message {
namespace {

/// Where lines of an encoded body are broken: long before kLineOctetsMax, so that an escape or two
/// still fit; base64 has lines of 76.
constexpr std::size_t kMendQuotedPrintableColumn = 900;
constexpr std::size_t kMendBase64Column = 76;

Literal reason(SevenBitObstacle obstacle) {
  switch (obstacle) {
    case SevenBitObstacle::none: return "";
    case SevenBitObstacle::header_octets:
      return "its header has characters that only SMTPUTF8 can carry";
    case SevenBitObstacle::header_line: return "a line of its header is too long";
    case SevenBitObstacle::header_too_long: return "the header of one of its parts is too long";
    case SevenBitObstacle::too_deep: return "its parts are nested too deep";
    case SevenBitObstacle::too_many_parts: return "it has too many parts";
    case SevenBitObstacle::message_fragment: return "it is a fragment of a message in 8 bits";
    case SevenBitObstacle::encoded_composite:
      return "one of its parts has parts of its own and yet an encoding";
    case SevenBitObstacle::no_boundary: return "it does not say where its parts begin";
    case SevenBitObstacle::unknown_encoding: return "one of its parts has an unknown encoding";
  }
  std::unreachable();
}

}  // namespace

std::string_view to_string(SevenBitObstacle obstacle) { return reason(obstacle).text; }

SevenBitWriter::SevenBitWriter(SevenBitPlan plan) : plan_(std::move(plan)) {
  PH_CHECK(plan_.possible());
}

void SevenBitWriter::feed(std::string_view chunk, std::string& out) {
  while (!chunk.empty()) {
    begin_due_edits(out);
    std::size_t octets = chunk.size();
    if (next_ < plan_.edits.size()) {
      const Edit& edit = plan_.edits[next_];
      octets = static_cast<std::size_t>(
          std::min<std::uint64_t>(octets, (inside_ ? edit.to : edit.from) - at_));
    }
    if (inside_)
      convert(chunk.substr(0, octets), out);
    else
      out += chunk.substr(0, octets);
    chunk.remove_prefix(octets);
    at_ += octets;
    if (inside_ && at_ == plan_.edits[next_].to) end_edit(out);
  }
}

void SevenBitWriter::finish(std::string& out) {
  begin_due_edits(out);
  PH_CHECK(at_ == plan_.octets && next_ == plan_.edits.size());  // what was scanned, all of it
}

void SevenBitWriter::begin_due_edits(std::string& out) {
  while (!inside_ && next_ < plan_.edits.size() && plan_.edits[next_].from == at_) {
    const Edit& edit = plan_.edits[next_];
    out += edit.text;
    if (edit.from == edit.to)
      ++next_;
    else
      inside_ = true;
  }
}

void SevenBitWriter::convert(std::string_view octets, std::string& out) {
  switch (plan_.edits[next_].what) {
    case Edit::What::replace: return;
    case Edit::What::quoted_printable: return quoted_printable_.feed(octets, out);
    case Edit::What::base64: return base64_.feed(octets, out);
    case Edit::What::mend_quoted_printable:
    case Edit::What::mend_base64:
    case Edit::What::mask:
      for (const char c : octets) mend(c, out);
      return;
  }
}

void SevenBitWriter::end_edit(std::string& out) {
  quoted_printable_.finish(out);
  base64_.finish(out);
  if (cr_) put_stray('\r', out);
  // A part's last line break belongs to the boundary behind it; a message's to its last line.
  const Edit& edit = plan_.edits[next_];
  if (edit.what == Edit::What::base64 && edit.to == plan_.octets) out += "\r\n";
  column_ = 0;
  escape_ = 0;
  cr_ = broken_ = inside_ = false;
  ++next_;
}

void SevenBitWriter::mend(char c, std::string& out) {
  if (cr_) {
    cr_ = false;
    if (c == '\n') {
      out += "\r\n";
      column_ = 0;
      escape_ = 0;
      broken_ = false;
      return;
    }
    put_stray('\r', out);
  }
  if (c == '\r') {
    cr_ = true;
  } else if (c == '\n' || c == '\0' || static_cast<unsigned char>(c) > 0x7f) {
    put_stray(c, out);
  } else {
    put_fit(c, out);
  }
}

/// An octet that 7-bit data may not have.
void SevenBitWriter::put_stray(char c, std::string& out) {
  const Edit::What what = plan_.edits[next_].what;
  if (what == Edit::What::mend_base64) return;  // no decoder looks at it: RFC 2045 §6.8
  if (what == Edit::What::mask) return put_fit('?', out);
  if (escape_ == 2) {  // the "=" before it was no escape: say so, or it would become one
    out += "3D";
    column_ += 2;
  }
  if (column_ >= kMendQuotedPrintableColumn) break_line("=\r\n", out);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(c);
  out.append({'=', kHex[value >> 4], kHex[value & 15]});
  column_ += 3;
  escape_ = 0;
}

void SevenBitWriter::put_fit(char c, std::string& out) {
  const Edit::What what = plan_.edits[next_].what;
  const bool quoted = what == Edit::What::mend_quoted_printable;
  if (quoted) {
    if (escape_ == 0 && column_ >= kMendQuotedPrintableColumn) break_line("=\r\n", out);
  } else if (column_ == (what == Edit::What::mask ? kLineOctetsMax : kMendBase64Column)) {
    break_line("\r\n", out);
  }
  if (c == '-' && column_ == 0 && broken_) {  // a line of our making is no boundary
    if (quoted) put_stray(c, out);
    if (what != Edit::What::mask) return;
    c = '?';
  }
  if (quoted && c == '=')
    escape_ = 2;
  else if (escape_ > 0)
    --escape_;
  out.push_back(c);
  ++column_;
}

void SevenBitWriter::break_line(std::string_view line_end, std::string& out) {
  out += line_end;
  column_ = 0;
  broken_ = true;
}

}  // namespace ph::message
