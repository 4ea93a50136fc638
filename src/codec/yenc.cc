#include "codec/yenc.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "codec/crc.h"
#include "codec/yenc_heads.h"
#include "codec/yenc_shift.h"

namespace ph::codec {
namespace {

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
      used += take_shifted(octets.substr(used), out);
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

/// The octets that are only shifted.
std::size_t YencDecoder::take_shifted(std::string_view octets, std::string& out) {
  const std::size_t used = out.size();
  std::size_t run = 0;
  out.resize_and_overwrite(used + octets.size() + kYencSlackOctets, [&](char* begin, std::size_t) {
    run = shift_octets<true>(octets, octets.size(), 256U - kYencShift, begin + used);
    return used + run;
  });
  return run;
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
        out.push_back(unshifted(c, kYencShift));
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
        out.push_back(unshifted(c, kYencShift + kYencEscapeShift));
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

/// A line from the front of `left`.
void YencEncoder::put_line(std::string_view& left, std::size_t line_octets, std::string& out) {
  const std::size_t known = out.size();
  const std::size_t room = known + line_octets + 1 + 2 + kYencSlackOctets;
  out.resize_and_overwrite(room, [&](char* begin, std::size_t) {
    char* const line = begin + known;
    std::size_t column = 0;
    while (column < line_octets && !left.empty()) {
      const bool edge = column == 0 || column + 1 >= line_octets || left.size() == 1;
      if (!edge) {
        const std::size_t inside = std::min(line_octets - 1 - column, left.size() - 1);
        const std::size_t run = shift_octets<false>(left, inside, kYencShift, line + column);
        left.remove_prefix(run);
        column += run;
        if (run == inside) continue;
      }
      const char c = yenc_shifted(left.front(), kYencShift);
      left.remove_prefix(1);
      // Blanks at the edges of lines, and dots at their beginning, do not survive every transport.
      const bool escape = is_yenc_special(c) || (edge && is_space(c)) || (column == 0 && c == '.');
      if (escape) line[column++] = '=';
      line[column++] = escape ? yenc_shifted(c, kYencEscapeShift) : c;
    }
    line[column++] = '\r';
    line[column++] = '\n';
    return known + column;
  });
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
  for (std::string_view left = held_; !left.empty();) put_line(left, line_octets, out);
  const std::uint32_t crc = codec::crc32(held_);
  if (part_.part == 0) {
    fmt::format_to(to, "=yend size={} crc32={:08x}\r\n", held_.size(), crc);
  } else {
    fmt::format_to(to, "=yend size={} part={} pcrc32={:08x}", held_.size(), part_.part, crc);
    if (part_.file_crc32) fmt::format_to(to, " crc32={:08x}", *part_.file_crc32);
    out += "\r\n";
  }
}

std::vector<Fact> YencDecoder::facts() const {
  if (!part_) return {};
  std::vector<Fact> out{{"name", part_->name},
                        {"file_octets", fmt::format("{}", part_->file_octets)},
                        {"crc32", fmt::format("{:08x}", crc32_)},
                        {"ended", ended() ? "yes" : "no"}};
  if (part_->part > 0) {
    out.push_back({"part", fmt::format("{}", part_->part)});
    out.push_back({"total", fmt::format("{}", part_->total)});
    out.push_back({"begin", fmt::format("{}", part_->begin)});
    out.push_back({"end", fmt::format("{}", part_->end)});
  }
  return out;
}

}  // namespace ph::codec
