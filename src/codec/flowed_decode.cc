#include "codec/flowed.h"

namespace ph::codec {
namespace {

constexpr std::string_view kSeparator = "-- ";  // RFC 3676 §4.3

}  // namespace

void FlowedDecoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = FlowedDecoder(delsp_);
  for (const char c : octets) {
    if (cr_ && c != '\n') take('\r', out);
    cr_ = c == '\r';
    if (c == '\n') {
      end_line(true, out);
      line_offset_ = offset_ + 1;
    } else if (!cr_) {
      take(c, out);
    }
    ++offset_;
  }
}

void FlowedDecoder::finish(std::string& out) {
  if (ended_) *this = FlowedDecoder(delsp_);
  if (cr_) take('\r', out);
  if (at_ != At::start) {
    end_line(false, out);
  } else if (open_) {
    out += "\r\n";
  }
  ended_ = true;
}

void FlowedDecoder::take(char c, std::string& out) {
  if (at_ == At::start || at_ == At::quotes) {
    at_ = At::quotes;
    if (c == '>') {
      ++line_depth_;
      return;
    }
    begin_text(out);
    stuffed_ = c == ' ';
    if (stuffed_) return;
  }
  if (at_ == At::head) {
    head_.push_back(c);
    if (kSeparator.starts_with(head_)) return;
    head_.pop_back();
    put_head(out);
  }
  put(c, out);
}

/// The quote depth of the line is known.
void FlowedDecoder::begin_text(std::string& out) {
  at_ = At::head;
  if (open_ && line_depth_ != depth_) close("a paragraph that another quote depth ends", out);
}

/// The line is no separator.
void FlowedDecoder::put_head(std::string& out) {
  at_ = At::text;
  if (!open_) {
    out.append(line_depth_, '>');
    depth_ = line_depth_;
    owes_space_ = depth_ > 0;
  }
  for (const char c : head_) put(c, out);
}

void FlowedDecoder::put(char c, std::string& out) {
  if (c == ' ') {
    ++spaces_;
    return;
  }
  const bool first = !has_text_ && !open_ && spaces_ == 0;
  // Without the space that it was stuffed with it would look like a quote.
  if (owes_space_ || (first && c == '>' && stuffed_)) out.push_back(' ');
  owes_space_ = false;
  has_text_ = true;
  out.append(spaces_, ' ');
  spaces_ = 0;
  out.push_back(c);
}

void FlowedDecoder::end_line(bool has_end, std::string& out) {
  if (cr_ && !has_end) cr_ = false;
  if (at_ == At::start || at_ == At::quotes) begin_text(out);
  bool flowed = false;
  if (at_ == At::head && head_ == kSeparator) {
    if (open_) close("a paragraph that the signature ends", out);
    out.append(line_depth_, '>');
    if (line_depth_ > 0) out.push_back(' ');
    out += kSeparator;
  } else {
    if (at_ == At::head) put_head(out);
    flowed = spaces_ > 0;
    const std::uint64_t kept = spaces_ - (flowed && delsp_ ? 1 : 0);
    if (flowed && kept > 0) {
      if (owes_space_) out.push_back(' ');
      owes_space_ = false;
      out.append(kept, ' ');
    }
  }
  if (has_end && !flowed) out += "\r\n";
  open_ = flowed;
  at_ = At::start;
  cr_ = stuffed_ = has_text_ = false;
  line_depth_ = 0;
  head_.clear();
  spaces_ = 0;
}

void FlowedDecoder::close(Literal why, std::string& out) {
  faults_.add(line_offset_, why);
  out += "\r\n";
  open_ = false;
}

}  // namespace ph::codec
