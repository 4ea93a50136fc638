#include <algorithm>
#include <utility>

#include "codec/binhex.h"
#include "codec/binhex_alphabet.h"
#include "codec/crc.h"

namespace ph::codec {
namespace {

constexpr std::size_t kLineCharacters = 64;
constexpr std::size_t kShortestRun = 4, kLongestRun = 255;  // 3 octets stand for a run

/// Octets, through repetitions, into lines.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {
    out_ += kBinHexAnnouncement;
    out_ += " 4.0)\r\n\r\n:";
  }

  void part(std::string_view octets) {
    put(octets);
    const std::uint16_t crc = crc16(octets);
    put(number(crc, 2));
  }

  void end() {
    if (bit_count_ > 0) put_character(bits_ << (6 - bit_count_) & 63);
    if (column_ == kLineCharacters) out_ += "\r\n";
    out_ += ":\r\n";
  }

  static std::string number(std::uint32_t value, int octets) {
    std::string out;
    for (int i = octets - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
    return out;
  }

 private:
  void put(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size();) {
      const char c = octets[i];
      put_octet(c);
      if (c == kBinHexMarker) {
        put_octet('\0');
        ++i;
        continue;
      }
      std::size_t run = 1;
      while (run < kLongestRun && i + run < octets.size() && octets[i + run] == c) ++run;
      if (run < kShortestRun) run = 1;
      if (run > 1) {
        put_octet(kBinHexMarker);
        put_octet(static_cast<char>(run));
      }
      i += run;
    }
  }

  void put_octet(char c) {
    bits_ = bits_ << 8 | static_cast<std::uint8_t>(c);
    bit_count_ += 8;
    while (bit_count_ >= 6) {
      bit_count_ -= 6;
      put_character(bits_ >> bit_count_ & 63);
    }
    bits_ &= (1U << bit_count_) - 1;
  }

  void put_character(std::uint32_t value) {
    if (column_ == kLineCharacters) {
      out_ += "\r\n";
      column_ = 0;
    }
    out_.push_back(kBinHexAlphabet[value]);
    ++column_;
  }

  std::string& out_;
  std::uint32_t bits_ = 0;
  unsigned bit_count_ = 0;
  std::size_t column_ = 1;  // the first ":" is on the line
};

std::string four(std::string text) {
  text.resize(4, ' ');
  return text;
}

}  // namespace

void BinHexEncoder::take(std::string_view octets, std::string&) {
  const std::size_t room = kBinHexForkOctetsMax - held_.size();
  held_ += octets.substr(0, room);
  if (octets.size() > room) fault(offset() + room, "more than fits into a fork");
}

void BinHexEncoder::end(std::string& out) {
  std::string name = file_.name.substr(0, kBinHexNameOctetsMax);
  if (name.empty()) name = "untitled";
  const std::string_view resource =
      std::string_view(file_.resource).substr(0, kBinHexForkOctetsMax);
  Writer writer(out);
  writer.part(Writer::number(static_cast<std::uint32_t>(name.size()), 1) + name + '\0' +
              four(file_.type) + four(file_.creator) + Writer::number(file_.flags, 2) +
              Writer::number(static_cast<std::uint32_t>(held_.size()), 4) +
              Writer::number(static_cast<std::uint32_t>(resource.size()), 4));
  writer.part(held_);
  writer.part(resource);
  writer.end();
}

}  // namespace ph::codec
