#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include <array>
#include <cstring>
#include <string>

#include "codec/charset_table.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

using Longer = CharsetTable::Longer;

unsigned octet(char c) { return static_cast<unsigned char>(c); }

/// Octets on their way to `out`, so that it grows some KiB at a time.
class Gathered {
 public:
  explicit Gathered(std::string& out) : out_(out) {}
  ~Gathered() { flush(); }
  Gathered(const Gathered&) = delete;
  Gathered& operator=(const Gathered&) = delete;

  /// A character, at most U+FFFF or one of four octets.
  void put(char32_t point) {
    if (size_ + 4 > octets_.size()) flush();
    char* to = octets_.data() + size_;
    if (point < 0x80) {
      to[0] = static_cast<char>(point);
      size_ += 1;
    } else if (point < 0x800) {
      to[0] = static_cast<char>(0xc0U | point >> 6);
      to[1] = static_cast<char>(0x80U | (point & 0x3fU));
      size_ += 2;
    } else if (point < 0x10000) {
      to[0] = static_cast<char>(0xe0U | point >> 12);
      to[1] = static_cast<char>(0x80U | (point >> 6 & 0x3fU));
      to[2] = static_cast<char>(0x80U | (point & 0x3fU));
      size_ += 3;
    } else {
      to[0] = static_cast<char>(0xf0U | point >> 18);
      to[1] = static_cast<char>(0x80U | (point >> 12 & 0x3fU));
      to[2] = static_cast<char>(0x80U | (point >> 6 & 0x3fU));
      to[3] = static_cast<char>(0x80U | (point & 0x3fU));
      size_ += 4;
    }
  }
  void put(std::string_view text) {
    if (text.size() > 64) {
      flush();
      out_ += text;
      return;
    }
    if (size_ + text.size() > octets_.size()) flush();
    std::memcpy(octets_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }

 private:
  void flush() {
    out_.append(octets_.data(), size_);
    size_ = 0;
  }
  std::string& out_;
  std::array<char, 4096> octets_;
  std::size_t size_ = 0;
};

class TableDecoder : public CharsetMachine {
 public:
  explicit TableDecoder(const CharsetTable& table) : table_(table) {}

  void feed(std::string_view octets, std::string& out, Run& run) override {
    Gathered to(out);
    const std::uint64_t begin = run.offset();
    const bool has_pairs = !table_.pairs.empty();
    for (std::size_t i = 0; i < octets.size();) {
      if (held_octets_ == 0) {
        const unsigned first = octet(octets[i]);
        if (first < 0x80) {
          // Worth a look at many of them at once when the next is ASCII, too.
          if (i + 1 < octets.size() && octet(octets[i + 1]) < 0x80) {
            const std::size_t ascii = ascii_prefix(octets.substr(i));
            to.put(octets.substr(i, ascii));
            i += ascii;
          } else {
            to.put(char32_t{first});
            ++i;
          }
          continue;
        }
        char32_t point = table_.single[first];
        std::size_t taken = 1;
        if (has_pairs && point == CharsetTable::kLead && i + 1 < octets.size()) {
          point = table_.pair(first, octet(octets[i + 1]));
          taken = 2;
        }
        if (point <= 0x10ffff) {
          to.put(point);
          i += taken;
          continue;
        }
      }
      take(octets[i], begin + i, to, run);
      ++i;
    }
    run.advance(octets.size());
  }

  void finish(std::string& out, Run& run) override {
    Gathered to(out);
    if (held_octets_ > 0) replace(held_at_, to, run);
    held_octets_ = 0;
  }

 private:
  /// The octet at `at`: one that begins a character or goes on with held_.
  void take(char c, std::uint64_t at, Gathered& to, Run& run) {
    if (held_octets_ == 0) {
      const char32_t point = table_.single[octet(c)];
      if (point == CharsetTable::kLead) {
        held_[held_octets_++] = c;
        held_at_ = at;
      } else if (!put(point, to)) {
        replace(at, to, run);
      }
      return;
    }
    held_[held_octets_++] = c;
    if (may_go_on()) return;
    const char32_t point = held_character();
    const std::array<char, 4> octets = held_;
    const std::size_t count = held_octets_;
    held_octets_ = 0;
    if (put(point, to)) return;
    replace(held_at_, to, run);
    // What can be ASCII is not swallowed with what went wrong before it.
    const std::uint64_t from = held_at_;
    const std::size_t kept = count > 2 && table_.longer == Longer::gb18030 ? 1 : count - 1;
    for (std::size_t i = kept; i < count; ++i)
      if (i < count - 1 || octet(octets[i]) < 0x80) take(octets[i], from + i, to, run);
  }

  bool may_go_on() const {
    const unsigned last = octet(held_[held_octets_ - 1U]);
    switch (table_.longer) {
      case Longer::none: return false;
      case Longer::euc_jp:
        return held_octets_ == 2 && octet(held_[0]) == 0x8f && last >= 0xa1 && last < 0xff;
      case Longer::gb18030:
        if (held_octets_ == 2) return last >= '0' && last <= '9';
        return held_octets_ == 3 && last >= 0x81 && last < 0xff;
    }
    return false;
  }

  char32_t held_character() {
    const unsigned first = octet(held_[0]), second = octet(held_[1]), third = octet(held_[2]);
    if (held_octets_ == 2) return table_.pair(first, second);
    if (table_.longer == Longer::euc_jp) {
      if (third < CharsetTable::kTrailMin || third == 0xff) return CharsetTable::kNone;
      return table_.triples[(second - CharsetTable::kLeadMin) * CharsetTable::kTrails +
                            (third - CharsetTable::kTrailMin)];
    }
    if (held_octets_ < 4) return CharsetTable::kNone;
    return four_octets();
  }

  /// GB 18030 has too many of these for a table.
  char32_t four_octets() {
    UErrorCode error = U_ZERO_ERROR;
    if (converter_ == nullptr) {
      converter_.reset(ucnv_open(table_.converter, &error));
      ucnv_setToUCallBack(converter_.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr,
                          &error);
      PH_CHECK(U_SUCCESS(error));
    }
    std::array<UChar, 4> units;
    ucnv_resetToUnicode(converter_.get());
    const int32_t count =
        ucnv_toUChars(converter_.get(), units.data(), static_cast<int32_t>(units.size()),
                      held_.data(), static_cast<int32_t>(held_.size()), &error);
    if (U_FAILURE(error)) return CharsetTable::kNone;
    if (count == 1 && !U16_IS_SURROGATE(units[0])) return units[0];
    if (count == 2 && U16_IS_LEAD(units[0]) && U16_IS_TRAIL(units[1]))
      return static_cast<char32_t>(U16_GET_SUPPLEMENTARY(units[0], units[1]));
    return CharsetTable::kNone;
  }

  static bool put(char32_t point, Gathered& to) {
    if (point == CharsetTable::kNone || point == CharsetTable::kLead) return false;
    if ((point & CharsetTable::kTwo) != 0) {
      to.put(point >> 16 & 0x7fff);
      to.put(point & 0xffff);
    } else {
      to.put(point);
    }
    return true;
  }

  static void replace(std::uint64_t at, Gathered& to, Run& run) {
    run.faults.add(at, "octets that stand for no character of the charset");
    to.put(char32_t{0xfffd});
  }

  struct Close {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
  };

  const CharsetTable& table_;
  std::unique_ptr<UConverter, Close> converter_;  // for four_octets()
  std::array<char, 4> held_{};                    // the beginning of a character
  std::uint8_t held_octets_ = 0;
  std::uint64_t held_at_ = 0;
};

}  // namespace

std::unique_ptr<CharsetMachine> table_decoder(const CharsetTable& table) {
  return std::make_unique<TableDecoder>(table);
}

}  // namespace ph::codec
