#include <algorithm>

#include "codec/flowed.h"

namespace ph::codec {
namespace {

constexpr std::string_view kSeparator = "-- ";  // RFC 3676 §4.3

bool needs_stuffing(std::string_view text) {  // RFC 3676 §4.4
  return text.starts_with(' ') || text.starts_with('>') || text.starts_with("From ");
}

}  // namespace

void FlowedEncoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = FlowedEncoder(delsp_);
  reader_.feed(octets, [&](char32_t point, std::uint64_t offset) { put(point, offset, out); });
}

void FlowedEncoder::finish(std::string& out) {
  if (ended_) *this = FlowedEncoder(delsp_);
  reader_.finish([&](char32_t point, std::uint64_t offset) { put(point, offset, out); });
  if (cr_) put_character('\r', out);
  if (at_ != At::start) end_line(false, out);
  ended_ = true;
}

void FlowedEncoder::put(char32_t point, std::uint64_t offset, std::string& out) {
  if (point == Utf8Reader::kMalformed) {
    faults_.add(offset, "not UTF-8");
    point = 0xfffd;
  }
  if (cr_ && point != '\n') put_character('\r', out);
  cr_ = point == '\r';
  if (point == '\n') {
    end_line(true, out);
  } else if (!cr_) {
    put_character(point, out);
  }
}

void FlowedEncoder::put_character(char32_t point, std::string& out) {
  if (at_ != At::text) {
    at_ = At::quotes;
    if (point == '>' && depth_ < kFlowedDepthMax) {
      ++depth_;
      return;
    }
    at_ = At::text;
    if (point == ' ' && depth_ > 0) return;
  }
  if (point == ' ') {
    ++spaces_;
    return;
  }
  if (spaces_ > 0 && runs_on_) {
    out.append(spaces_ + (delsp_ ? 1 : 0), ' ');
    out += "\r\n";
    spaces_ = 0;
    runs_on_ = false;
  }
  if (line_.size() + spaces_ > kFlowedHeldOctetsMax) run_on(out);
  if (spaces_ > 0) {
    line_.append(spaces_, ' ');
    characters_ += spaces_;
    spaces_ = 0;
    if (line_ != kSeparator) {
      break_octets_ = line_.size();
      break_characters_ = characters_;
    }
  }
  if (!runs_on_ && characters_ + 1 > room() && (break_octets_ > 0 || (delsp_ && characters_ > 0)))
    break_line(out);
  if (runs_on_) {
    append_utf8(point, out);
    return;
  }
  append_utf8(point, line_);
  ++characters_;
}

std::size_t FlowedEncoder::room() const {
  const std::size_t marks = depth_ > 0 ? depth_ + 1 : needs_stuffing(line_) ? 1 : 0;
  return kFlowedLineCharactersMax - marks - (delsp_ ? 1 : 0);
}

/// The line is full: what is behind the last space of it goes on the next.
void FlowedEncoder::break_line(std::string& out) {
  divided_ = true;
  if (break_octets_ == 0) {
    break_octets_ = line_.size();
    break_characters_ = characters_;
  }
  put_line(std::string_view(line_).substr(0, break_octets_), out);
  out += delsp_ ? " \r\n" : "\r\n";
  line_.erase(0, break_octets_);
  characters_ -= break_characters_;
  break_octets_ = break_characters_ = 0;
}

/// No space comes to divide the line at: what there is of it goes out, with the spaces behind it.
void FlowedEncoder::run_on(std::string& out) {
  divided_ = true;
  if (spaces_ > 0) {
    // Here it can be divided.
    put_line(line_, out);
    out.append(spaces_ + (delsp_ ? 1 : 0), ' ');
    out += "\r\n";
    spaces_ = 0;
  } else {
    put_line(line_, out);
    runs_on_ = true;
  }
  line_.clear();
  characters_ = break_octets_ = break_characters_ = 0;
}

void FlowedEncoder::put_line(std::string_view text, std::string& out) const {
  out.append(depth_, '>');
  if (depth_ > 0 ? !text.empty() : needs_stuffing(text)) out.push_back(' ');
  out += text;
}

void FlowedEncoder::end_line(bool has_end, std::string& out) {
  // "--" that ends a longer paragraph is none: with its space it would be taken for one.
  const bool separates = !divided_ && spaces_ == 1 && line_ + " " == kSeparator;
  if (!runs_on_) put_line(separates ? kSeparator : line_, out);
  if (has_end) out += "\r\n";
  at_ = At::start;
  cr_ = runs_on_ = divided_ = false;
  depth_ = 0;
  line_.clear();
  characters_ = break_octets_ = break_characters_ = 0;
  spaces_ = 0;
}

}  // namespace ph::codec
