#include "codec/binhex.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "codec/binhex_alphabet.h"
#include "codec/crc.h"

namespace ph::codec {
namespace {

constexpr std::size_t kHeaderOctetsBesideName = 1 + 1 + 4 + 4 + 2 + 4 + 4;

std::uint32_t number(std::string_view octets) {
  std::uint32_t value = 0;
  for (const char c : octets) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

}  // namespace

void BinHexDecoder::take(std::string_view octets, std::string& out) {
  for (std::size_t i = 0; i < octets.size() && state_.at != At::behind; ++i) {
    const std::uint64_t at = offset() + i;
    switch (state_.at) {
      case At::line_start:
      case At::line: look_for_file(octets[i]); break;
      case At::colon: look_behind_colon(octets[i], at, out); break;
      case At::body:
        if (const std::size_t taken = take_groups(octets.substr(i), out); taken > 0)
          i += taken - 1;
        else
          take_character(octets[i], at, out);
        break;
      case At::behind: break;
    }
  }
}

void BinHexDecoder::look_for_file(char c) {
  State& s = state_;
  if (c == '\r' || c == '\n') {
    s.announced = s.announced || s.announced_octets == kBinHexAnnouncement.size();
    s.announced_octets = 0;
    s.at = At::line_start;
    return;
  }
  if (s.at == At::line_start && is_space(c)) return;
  if (s.at == At::line_start && c == ':') {
    s.at = s.announced ? At::body : At::colon;
    s.held.clear();
    return;
  }
  const bool fits = s.at == At::line_start || s.announced_octets > 0;
  s.at = At::line;
  if (s.announced_octets == kBinHexAnnouncement.size()) return;
  s.announced_octets =
      fits && ascii_lower(c) == ascii_lower(kBinHexAnnouncement[s.announced_octets])
          ? s.announced_octets + 1
          : 0;
}

/// Nothing announced a file: are there enough of its characters?
void BinHexDecoder::look_behind_colon(char c, std::uint64_t at, std::string& out) {
  if (!is_binhex_character(c)) {
    state_.at = At::line;
    return look_for_file(c);
  }
  state_.held.push_back(c);
  if (state_.held.size() < kBinHexFirstCharacters) return;
  state_.at = At::body;
  const std::string first = std::exchange(state_.held, {});
  for (std::size_t i = 0; i < first.size(); ++i)
    take_character(first[i], at - first.size() + 1 + i, out);
}

void BinHexDecoder::take_character(char c, std::uint64_t at, std::string& out) {
  State& s = state_;
  if (is_blank(c)) return;
  if (c == ':') return end_of_file(at);
  if (s.part == Part::none) return;  // what fills up the last group, or follows a lost ":"
  const std::uint8_t value = kBinHexValues[static_cast<std::uint8_t>(c)];
  if (value == kNotInAlphabet) return fault(at, "not a character of BinHex");
  s.bits = s.bits << 6 | value;
  s.bit_count += 6;
  if (s.bit_count < 8) return;
  s.bit_count -= 8;
  take_coded(static_cast<char>(s.bits >> s.bit_count), at, out);
  s.bits &= (1U << s.bit_count) - 1;
}

/// Inside a fork, 4 characters are 3 octets, whatever bits are held. Takes as many as are nothing
/// but that, no repetition among them, and leaves the fork's last octets to put().
std::size_t BinHexDecoder::take_groups(std::string_view text, std::string& out) {
  State& s = state_;
  if (s.marker || (s.part != Part::data && s.part != Part::resource)) return 0;
  std::array<char, 3 * 64> octets;
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), s.left));
  const auto value = [&](std::size_t i) -> std::uint32_t {
    return kBinHexValues[static_cast<std::uint8_t>(text[i])];
  };
  const auto is_marker = [](std::uint32_t octet) {
    return static_cast<char>(octet) == kBinHexMarker;
  };
  std::size_t used = 0, known = 0;
  for (; used + 4 <= text.size() && known + 3 < room; used += 4, known += 3) {
    const std::uint32_t a = value(used), b = value(used + 1), c = value(used + 2),
                        d = value(used + 3);
    if ((a | b | c | d) > 63) break;
    const std::uint32_t bits = s.bits << 24 | a << 18 | b << 12 | c << 6 | d;
    const std::uint32_t group = bits >> s.bit_count;
    if (is_marker(group >> 16) || is_marker(group >> 8) || is_marker(group)) break;
    octets[known] = static_cast<char>(group >> 16);
    octets[known + 1] = static_cast<char>(group >> 8);
    octets[known + 2] = static_cast<char>(group);
    s.bits = bits & ((1U << s.bit_count) - 1);
  }
  if (known == 0) return 0;
  s.last = octets[known - 1];
  s.left -= known;
  s.crc = crc16({octets.data(), known}, s.crc);
  if ((s.part == Part::data) == (wanted_ == BinHexFork::data)) out.append(octets.data(), known);
  return used;
}

void BinHexDecoder::take_coded(char c, std::uint64_t at, std::string& out) {
  State& s = state_;
  if (!s.marker) {
    s.marker = c == kBinHexMarker;
    if (s.marker) return;
    s.last = c;
    return put(c, 1, at, out);
  }
  s.marker = false;
  if (c == 0) {
    s.last = kBinHexMarker;
    return put(kBinHexMarker, 1, at, out);
  }
  if (!s.last) return fault(at, "a repetition of nothing");
  put(*s.last, static_cast<std::uint8_t>(c) - 1U, at, out);
}

void BinHexDecoder::put(char c, std::size_t times, std::uint64_t at, std::string& out) {
  State& s = state_;
  while (times > 0 && s.part != Part::none) {
    if (s.part == Part::header) {
      put_header(c, at);
      --times;
      continue;
    }
    const auto octets = static_cast<std::size_t>(std::min<std::uint64_t>(times, s.left));
    times -= octets;
    s.left -= octets;
    const bool data = s.part == Part::data;
    if (data || s.part == Part::resource) {
      for (std::size_t i = 0; i < octets; ++i) s.crc = crc16({&c, 1}, s.crc);
      if (data == (wanted_ == BinHexFork::data)) out.append(octets, c);
    } else {
      // A checksum: what remains of the one we have when it is taken away is 0.
      for (std::size_t i = 0; i < octets; ++i) {
        const std::size_t place = s.left + octets - 1 - i;
        s.crc = static_cast<std::uint16_t>(
            s.crc ^ static_cast<unsigned>(static_cast<std::uint8_t>(c)) << (8 * place));
      }
    }
    if (s.left == 0) next_part(at);
  }
}

void BinHexDecoder::put_header(char c, std::uint64_t at) {
  State& s = state_;
  s.held.push_back(c);
  const std::size_t name_octets = static_cast<std::uint8_t>(s.held[0]);
  if (s.held.size() == 1 && (name_octets == 0 || name_octets > kBinHexNameOctetsMax))
    fault(at, "a name without or with more than 63 octets");
  if (s.held.size() < name_octets + kHeaderOctetsBesideName) return;
  const std::string_view rest = std::string_view(s.held).substr(1 + name_octets);
  s.crc = crc16(s.held);
  s.header = BinHexHeader{.name = s.held.substr(1, name_octets),
                          .type = std::string(rest.substr(1, 4)),
                          .creator = std::string(rest.substr(5, 4)),
                          .flags = static_cast<std::uint16_t>(number(rest.substr(9, 2))),
                          .data_octets = number(rest.substr(11, 4)),
                          .resource_octets = number(rest.substr(15, 4))};
  next_part(at);
}

/// The part under way is whole.
void BinHexDecoder::next_part(std::uint64_t at) {
  State& s = state_;
  const auto go_to = [&s](Part part, std::uint64_t octets) {
    s.part = part;
    s.left = octets;
    return octets == 0;
  };
  switch (s.part) {
    case Part::header: go_to(Part::header_crc, 2); return;
    case Part::header_crc:
      if (s.crc != 0) fault(at, "another checksum than that of the header");
      s.crc = 0;
      if (go_to(Part::data, s.header->data_octets)) next_part(at);
      return;
    case Part::data: go_to(Part::data_crc, 2); return;
    case Part::data_crc:
      if (s.crc != 0) fault(at, "another checksum than that of the data fork");
      s.crc = 0;
      if (go_to(Part::resource, s.header->resource_octets)) next_part(at);
      return;
    case Part::resource: go_to(Part::resource_crc, 2); return;
    case Part::resource_crc:
      if (s.crc != 0) fault(at, "another checksum than that of the resource fork");
      go_to(Part::none, 0);
      return;
    case Part::none: return;
  }
}

void BinHexDecoder::end_of_file(std::uint64_t at) {
  state_.at = At::behind;
  switch (state_.part) {
    case Part::header:
    case Part::header_crc: return fault(at, "it ends in the header");
    case Part::data:
    case Part::data_crc: return fault(at, "it ends in the data fork");
    case Part::resource:
    case Part::resource_crc: return fault(at, "it ends in the resource fork");
    case Part::none: return;
  }
}

void BinHexDecoder::end(std::string&) {
  if (state_.at == At::behind) return;
  if (state_.at != At::body) return fault(0, "no BinHex file");
  if (state_.part != Part::none) {
    end_of_file(offset());
    state_.at = At::body;
  }
  fault(offset(), "no \":\" at the end");
}

std::vector<Fact> BinHexDecoder::facts() const {
  const auto& header = state_.header;
  if (!header) return {};
  return {{"name", header->name},
          {"type", header->type},
          {"creator", header->creator},
          {"data_octets", fmt::format("{}", header->data_octets)},
          {"resource_octets", fmt::format("{}", header->resource_octets)},
          {"ended", ended() ? "yes" : "no"}};
}

}  // namespace ph::codec
