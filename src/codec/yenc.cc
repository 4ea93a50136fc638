#include "codec/yenc.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/ascii.h"
#include "codec/crc.h"
#include "codec/yenc_heads.h"

namespace ph::codec {
namespace {

constexpr unsigned kShift = 42, kEscapeShift = 64;

char unshifted(char c, unsigned shift) {
  return static_cast<char>(static_cast<unsigned char>(c) - shift);
}

}  // namespace

void YencDecoder::start() { *this = YencDecoder(); }

void YencDecoder::take(std::string_view octets, std::string& out) {
  for (std::uint64_t at = offset(); !octets.empty() && at_ != At::behind;) {
    if (at_ != At::before && at_ != At::head) {
      take_data(octets, at, out);
    } else if (const auto line = lines_.next(octets, at)) {
      take_head(*line);
    }
  }
}

/// Up to a head, and what its "=y" says is given to lines_.
void YencDecoder::take_data(std::string_view& octets, std::uint64_t& at, std::string& out) {
  const std::size_t known = out.size();
  std::size_t used = 0;
  while (used < octets.size() && at_ != At::head) {
    if (at_ == At::text) {
      const std::string_view rest = octets.substr(used);
      const auto* const stop =
          std::ranges::find_if(rest, [](char c) { return c == '=' || c == '\r' || c == '\n'; });
      const auto run = static_cast<std::size_t>(stop - rest.begin());
      const std::size_t before = out.size();
      out += rest.substr(0, run);
      std::for_each(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                    [](char& c) { c = unshifted(c, kShift); });
      used += run;
      if (used == octets.size()) break;
    }
    take_one(octets[used], at + used, out);
    ++used;
  }
  const std::string_view decoded = std::string_view(out).substr(known);
  crc32_ = codec::crc32(decoded, crc32_);
  decoded_octets_ += decoded.size();
  octets.remove_prefix(used);
  at += used;
  if (at_ != At::head) return;
  std::string_view begun = "=y";
  std::uint64_t begun_at = equals_at_;
  lines_ = {};
  lines_.next(begun, begun_at);
}

void YencDecoder::take_one(char c, std::uint64_t at, std::string& out) {
  const bool breaks = c == '\r' || c == '\n';
  switch (at_) {
    case At::line_start:
    case At::text:
      if (breaks) {
        at_ = At::line_start;
      } else if (c == '=') {
        at_ = at_ == At::line_start ? At::line_equals : At::escape;
        equals_at_ = at;
      } else {
        out.push_back(unshifted(c, kShift));
        at_ = At::text;
      }
      return;
    case At::line_equals:
    case At::escape:
      if (c == 'y' && at_ == At::line_equals) {
        at_ = At::head;
      } else if (breaks) {
        fault(equals_at_, "\"=\" at the end of a line");
        at_ = At::line_start;
      } else {
        out.push_back(unshifted(c, kShift + kEscapeShift));
        at_ = At::text;
      }
      return;
    case At::before:
    case At::head:
    case At::behind: return;
  }
}

void YencDecoder::take_head(const TextLine& line) {
  if (at_ == At::before) {
    part_ = parse_yenc_begin(line.text);
    if (part_) at_ = At::line_start;
    return;
  }
  at_ = At::line_start;
  if (parse_yenc_end(line.text)) return take_end(line.text, line.offset);
  const auto place = parse_yenc_place(line.text);
  if (!place || placed_ || decoded_octets_ > 0)
    return fault(line.offset, "a head that does not belong here");
  placed_ = true;
  part_->begin = place->begin;
  part_->end = place->end;
}

void YencDecoder::take_end(std::string_view line, std::uint64_t at) {
  at_ = At::behind;
  const YencEnd end = *parse_yenc_end(line);
  if (part_->part != 0 && !placed_) {
    fault(at, "the part does not say which octets it has");
    part_->end = decoded_octets_;
  }
  if (end.octets != decoded_octets_) fault(at, "another number of octets than \"=yend\" says");
  if (part_->end - part_->begin != decoded_octets_)
    fault(at, "another number of octets than was said before them");
  if (end.part.value_or(part_->part) != part_->part) fault(at, "\"=yend\" is of another part");
  // In one piece, the file's checksum is that of what we have.
  const bool whole = part_->begin == 0 && part_->end == part_->file_octets;
  if (end.part_crc32.value_or(crc32_) != crc32_ || (whole && end.crc32.value_or(crc32_) != crc32_))
    fault(at, "another CRC-32 than \"=yend\" says");
  part_->file_crc32 = end.crc32;
}

void YencDecoder::end(std::string&) {
  if (at_ == At::before || at_ == At::head)
    if (const auto line = lines_.last()) take_head(*line);
  if (!part_) return fault(0, "no line says \"=ybegin\"");
  if (at_ == At::escape || at_ == At::line_equals) fault(equals_at_, "\"=\" at the end of a line");
  if (at_ != At::behind) fault(offset(), "no line says \"=yend\"");
}

void YencEncoder::take(std::string_view octets, std::string&) {
  const std::size_t room = kYencPartOctetsMax - held_.size();
  held_ += octets.substr(0, room);
  if (octets.size() > room) fault(offset() + room, "more than fits into a part");
}

void YencEncoder::end(std::string& out) {
  std::string name(trimmed(std::string_view(part_.name).substr(0, kTextLineKeptOctetsMax / 2)));
  std::ranges::replace_if(name, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, '_');
  if (name.empty()) name = "-";
  const std::size_t line_octets = std::clamp<std::size_t>(part_.line_octets, 1, 997);
  const auto to = std::back_inserter(out);
  if (part_.part == 0) {
    fmt::format_to(to, "=ybegin line={} size={} name={}\r\n", line_octets, held_.size(), name);
  } else {
    fmt::format_to(to, "=ybegin part={}", part_.part);
    if (part_.total != 0) fmt::format_to(to, " total={}", part_.total);
    fmt::format_to(to, " line={} size={} name={}\r\n=ypart begin={} end={}\r\n", line_octets,
                   part_.file_octets, name, part_.begin + 1, part_.begin + held_.size());
  }
  std::size_t column = 0;
  for (std::size_t i = 0; i < held_.size(); ++i) {
    const auto c = static_cast<char>(static_cast<unsigned char>(held_[i]) + kShift);
    const bool edge = column == 0 || column + 1 >= line_octets || i + 1 == held_.size();
    // Blanks at the edges of lines, and dots at their beginning, do not survive every transport.
    const bool escape = c == '\0' || c == '\r' || c == '\n' || c == '=' || (edge && is_space(c)) ||
                        (column == 0 && c == '.');
    if (escape) out.push_back('=');
    out.push_back(escape ? static_cast<char>(static_cast<unsigned char>(c) + kEscapeShift) : c);
    column += escape ? 2 : 1;
    if (column < line_octets) continue;
    out += "\r\n";
    column = 0;
  }
  if (column > 0) out += "\r\n";
  const std::uint32_t crc = codec::crc32(held_);
  if (part_.part == 0) {
    fmt::format_to(to, "=yend size={} crc32={:08x}\r\n", held_.size(), crc);
  } else {
    fmt::format_to(to, "=yend size={} part={} pcrc32={:08x}", held_.size(), part_.part, crc);
    if (part_.file_crc32) fmt::format_to(to, " crc32={:08x}", *part_.file_crc32);
    out += "\r\n";
  }
}

}  // namespace ph::codec
