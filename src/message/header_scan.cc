#include "message/header_scan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "message/address.h"
#include "message/header.h"
#include "message/header_masks.h"

namespace ph::message {
namespace {

/// A field whose name and colon lie in so many octets is begun at once: all but odd ones.
constexpr std::size_t kSkimmedOctets = 80;

/// Most are written as the standard writes them.
bool is_named(std::string_view name, std::string_view wanted) {
  return name == wanted || same_ascii(name, wanted);
}

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
  std::size_t used = 0;
  while (used < chunk.size()) {
    const std::string_view rest = chunk.substr(used);
    if (at_ == At::line_start) {
      const FieldName name = field_name(rest.substr(0, kSkimmedOctets));
      if (!name) break;
      line_offset_ = octets_ + used;
      end_delivered_to();
      capture_ = Capture::off;
      begin_field(rest.substr(0, name.octets));
      at_ = At::value;
      used += name.colon + 1;
    } else if (at_ != At::value || in_delivered_to_) {
      break;
    } else if (capture_ != Capture::off) {
      const std::size_t captured = capture_line(rest.substr(0, rest.find('\n')));
      if (captured == 0) break;
      used += captured;
    } else {  // whatever is folded behind it, too
      const std::size_t value = end_of_field(rest);
      used += value;
      if (chunk[used - 1] == '\n') at_ = At::line_start;
    }
  }
  return used;
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
      begins_folded_ = begins_folded_ || (octets_ == 1 && is_space(c));
      if (is_space(c) && (has_field_ || begins_folded_)) {
        at_ = At::value;  // folded: it belongs to the field above, if there is one
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
      if (name_octets_ <= name_.size()) begin_field({name_.data(), name_octets_});
      has_field_ = true;
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

void HeaderScan::begin_field(std::string_view name) {
  has_field_ = true;
  switch (name.size()) {  // few names are as long as one of these
    case 4:
      if (is_named(name, "Date")) has_date_ = true;
      if (is_named(name, "From")) has_from_ = true;
      return;
    case 8:
      if (is_named(name, "Received")) ++received_count_;
      return;
    case 10:
      if (!is_named(name, "Message-ID")) return;
      if (!has_message_id_) capture_ = Capture::before;
      has_message_id_ = true;
      return;
    case 11:
      if (is_named(name, "Return-Path")) has_return_path_ = true;
      return;
    case 12: in_delivered_to_ = is_named(name, "Delivered-To"); return;
    default: return;
  }
}

/// Takes from the front of a line what it knows to do with many octets at once, and returns how
/// many: all, or up to where nothing more is to be captured.
std::size_t HeaderScan::capture_line(std::string_view line) {
  std::size_t used = 0;
  while (used < line.size() && capture_ != Capture::off) {
    if (capture_ == Capture::angle) {
      const std::string_view rest = line.substr(used);
      std::size_t run = 0;
      while (run < rest.size() && rest[run] > ' ' && rest[run] < 0x7f && rest[run] != '>') ++run;
      message_id_ += rest.substr(0, std::min(run, kMessageIdOctetsMax - message_id_.size()));
      used += run;
      if (used == line.size()) break;
    }
    capture(line[used++]);
  }
  return used;
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

void HeaderScan::put_delivered_to() {
  in_delivered_to_ = false;
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
