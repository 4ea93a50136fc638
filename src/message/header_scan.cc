#include "message/header_scan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "message/address.h"
#include "message/header.h"

namespace ph::message {
namespace {

/// A field whose name and colon lie in so many octets is begun at once: all but odd ones.
constexpr std::size_t kSkimmedOctets = 80;

}  // namespace

void HeaderScan::feed(std::string_view chunk) {
  while (!chunk.empty() && at_ != At::complete) {
    std::size_t used = skim(chunk);
    if (used > 0) {
      octets_ += used;
    } else {
      used = 1;
      ++octets_;
      step(chunk.front());
    }
    chunk.remove_prefix(used);
  }
}

std::size_t HeaderScan::skim(std::string_view chunk) {
  if (at_ == At::value && capture_ == Capture::off && !in_delivered_to_) {
    std::size_t used = 0;
    do {  // one line, and those folded behind it
      const std::size_t lf = chunk.find('\n', used);
      if (lf == chunk.npos) return chunk.size();
      used = lf + 1;
    } while (used < chunk.size() && is_space(chunk[used]));
    at_ = At::line_start;
    return used;
  }
  if (at_ != At::line_start) return 0;
  const FieldName name = field_name(chunk.substr(0, kSkimmedOctets));
  if (!name) return 0;
  line_offset_ = octets_;
  end_delivered_to();
  capture_ = Capture::off;
  name_octets_ = name.octets;
  std::ranges::copy(chunk.substr(0, std::min(name.octets, name_.size())), name_.begin());
  begin_field();
  at_ = At::value;
  return name.colon + 1;
}

void HeaderScan::finish() {
  if (at_ == At::name || at_ == At::name_end || at_ == At::line_start_cr) return end_before_line();
  if (at_ != At::complete) header_octets_ = octets_;
  end_delivered_to();
  at_ = At::complete;
}

void HeaderScan::step(char c) {
  switch (at_) {
    case At::line_start:
      line_offset_ = octets_ - 1;
      name_octets_ = 0;
      if (c == '\r') {
        at_ = At::line_start_cr;
        return;
      }
      if (is_space(c) && has_field_) {
        at_ = At::value;  // folded: it belongs to the field above
        return;
      }
      end_delivered_to();
      capture_ = Capture::off;
      at_ = At::name;
      [[fallthrough]];
    case At::line_start_cr:
      if (c == '\n') {  // the empty line
        end_delivered_to();
        header_octets_ = octets_;
        at_ = At::complete;
        return;
      }
      if (at_ == At::line_start_cr) return end_before_line();
      [[fallthrough]];
    case At::name:
      if (c > ' ' && c <= '~' && c != ':') {
        if (name_octets_ < name_.size()) name_[name_octets_] = c;
        ++name_octets_;
        return;
      }
      at_ = At::name_end;
      [[fallthrough]];
    case At::name_end:
      if (is_space(c) && name_octets_ > 0) return;
      if (c != ':' || name_octets_ == 0) return end_before_line();
      begin_field();
      at_ = At::value;
      return;
    case At::value:
      if (c == '\n') at_ = At::line_start;
      if (in_delivered_to_ && static_cast<unsigned char>(c) > ' ' &&
          value_.size() <= kAddressOctetsMax + 2)
        value_.push_back(c);
      capture(c);
      return;
    case At::complete: return;
  }
}

void HeaderScan::begin_field() {
  has_field_ = true;
  if (name_octets_ > name_.size()) return;
  const std::string_view name(name_.data(), name_octets_);
  if (same_ascii(name, "Received")) ++received_count_;
  if (same_ascii(name, "Date")) has_date_ = true;
  if (same_ascii(name, "From")) has_from_ = true;
  in_delivered_to_ = same_ascii(name, "Delivered-To");
  if (same_ascii(name, "Return-Path")) has_return_path_ = true;
  if (same_ascii(name, "Message-ID")) {
    if (!has_message_id_) capture_ = Capture::before;
    has_message_id_ = true;
  }
}

void HeaderScan::capture(char c) {
  if (capture_ == Capture::off) return;
  const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
  if (c == '<' && capture_ != Capture::angle) {
    message_id_.clear();
    capture_ = Capture::angle;
  } else if (c == '>' && capture_ == Capture::angle) {
    capture_ = Capture::off;
  } else if (!blank) {
    if (capture_ == Capture::before && message_id_.empty()) capture_ = Capture::word;
    if (capture_ != Capture::before && message_id_.size() < kMessageIdOctetsMax)
      message_id_.push_back(c);
  } else if (capture_ == Capture::word) {
    capture_ = Capture::before;  // the first word is over; a <...> may still follow
  }
}

void HeaderScan::end_delivered_to() {
  if (!std::exchange(in_delivered_to_, false)) return;
  std::string_view text = value_;
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  const auto address = parse_address(text);
  value_.clear();
  if (!address || delivered_to_.size() >= kDeliveredToMax) return;
  std::string key = directory_key(*address);
  if (std::ranges::find(delivered_to_, key) == delivered_to_.end())
    delivered_to_.push_back(std::move(key));
}

void HeaderScan::end_before_line() {
  header_octets_ = line_offset_;
  at_ = At::complete;
}

}  // namespace ph::message
