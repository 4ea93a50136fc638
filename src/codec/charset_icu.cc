// Charsets by ICU's converters, through UTF-16 and with callbacks of our own: ICU's replace
// silently, and some write U+001A where others write U+FFFD.
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <functional>

#include "codec/charset_parts.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

constexpr std::size_t kPivotUnits = 1024;
constexpr std::size_t kBlockOctets = 4096;

struct Close {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, Close>;

Converter open(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  return U_SUCCESS(error) ? std::move(converter) : nullptr;
}

bool is_about_text(UConverterCallbackReason reason) { return reason <= UCNV_IRREGULAR; }

/// ICU's ISO-2022-KR has IBM's idea of ASCII: a won sign for the backslash, and control characters
/// exchanged. What its decoder gives becomes ASCII; the other way is the inverse.
bool exchanges_ascii(const char* name) {
  return std::string_view(name).starts_with("ISO_2022,locale=ko");
}
char16_t ascii_of_icu(char16_t unit) {
  switch (unit) {
    case 0x20a9: return '\\';
    case 0x1c: return 0x1a;
    case 0x7f: return 0x1c;
    case 0x1a: return 0x7f;
    default: return unit;
  }
}
char32_t icu_of_ascii(char32_t point) {
  switch (point) {
    case '\\': return 0x20a9;
    case 0x1a: return 0x1c;
    case 0x1c: return 0x7f;
    case 0x7f: return 0x1a;
    default: return point;
  }
}

class IcuDecoder : public CharsetMachine {
 public:
  IcuDecoder(Converter converter, bool exchanges)
      : converter_(std::move(converter)), exchanges_(exchanges) {
    UErrorCode error = U_ZERO_ERROR;
    ucnv_setToUCallBack(converter_.get(), &IcuDecoder::on_malformed, this, nullptr, nullptr,
                        &error);
    PH_CHECK(U_SUCCESS(error));
  }

  void feed(std::string_view octets, std::string& out, Run& run) override {
    // ICU is not the same at every split: where it says that a fault was depends on it.
    while (!octets.empty()) {
      const std::string_view some = octets.substr(0, kBlockOctets - block_.size());
      block_ += some;
      octets.remove_prefix(some.size());
      if (block_.size() == kBlockOctets) convert(false, out, run);
    }
  }

  void finish(std::string& out, Run& run) override {
    convert(true, out, run);
    if (high_ != 0) append_utf8(0xfffd, out);
    high_ = 0;
    ucnv_resetToUnicode(converter_.get());
  }

 private:
  void convert(bool last, std::string& out, Run& run) {
    run_ = &run;
    const char* source = block_.data();
    const char* const end = source + block_.size();
    std::array<UChar, kPivotUnits> pivot;
    UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
    while (error == U_BUFFER_OVERFLOW_ERROR) {
      error = U_ZERO_ERROR;
      UChar* target = pivot.data();
      ucnv_toUnicode(converter_.get(), &target, pivot.data() + pivot.size(), &source, end, nullptr,
                     last, &error);
      put({pivot.data(), static_cast<std::size_t>(target - pivot.data())}, out);
    }
    PH_CHECK(U_SUCCESS(error));
    run.advance(block_.size());
    block_.clear();
  }

  void put(std::u16string_view units, std::string& out) {
    for (char16_t unit : units) {
      if (exchanges_) unit = ascii_of_icu(unit);
      if (high_ != 0 && U16_IS_TRAIL(unit)) {
        append_utf8(static_cast<char32_t>(U16_GET_SUPPLEMENTARY(high_, unit)), out);
        high_ = 0;
        continue;
      }
      if (high_ != 0) append_utf8(0xfffd, out);
      high_ = 0;
      if (U16_IS_LEAD(unit)) {
        high_ = unit;
      } else {
        append_utf8(U16_IS_TRAIL(unit) ? char32_t{0xfffd} : char32_t{unit}, out);
      }
    }
  }

  static void on_malformed(const void* context, UConverterToUnicodeArgs* args, const char*,
                           int32_t length, UConverterCallbackReason reason, UErrorCode* error) {
    if (!is_about_text(reason)) return;
    auto& self = *static_cast<IcuDecoder*>(const_cast<void*>(context));
    // It may have begun in an earlier block, and ICU may be looking at a copy of its own.
    const char* const begin = self.block_.data();
    const bool is_ours = std::greater_equal<>()(args->source, begin) &&
                         std::less_equal<>()(args->source, begin + self.block_.size());
    const auto behind = is_ours ? static_cast<std::uint64_t>(args->source - begin) : 0;
    const std::uint64_t end = self.run_->offset() + behind;
    self.run_->faults.add(end - std::min<std::uint64_t>(end, static_cast<std::uint64_t>(length)),
                          reason == UCNV_UNASSIGNED
                              ? Literal("octets that stand for no character of the charset")
                              : Literal("octets that the charset does not allow"));
    *error = U_ZERO_ERROR;
    const UChar replacement = 0xfffd;
    ucnv_cbToUWriteUChars(args, &replacement, 1, 0, error);
  }

  Converter converter_;
  bool exchanges_;
  std::string block_;   // not converted yet
  char16_t high_ = 0;   // the first half of a surrogate pair
  Run* run_ = nullptr;  // of the call under way
};

class IcuEncoder : public CharsetMachine {
 public:
  IcuEncoder(Converter converter, bool exchanges)
      : converter_(std::move(converter)), exchanges_(exchanges) {
    UErrorCode error = U_ZERO_ERROR;
    ucnv_setFromUCallBack(converter_.get(), &IcuEncoder::on_unencodable, this, nullptr, nullptr,
                          &error);
    PH_CHECK(U_SUCCESS(error));
    // Those that switch need to see every character.
    const UConverterType type = ucnv_getType(converter_.get());
    keeps_ascii_ = ucnv_getMinCharSize(converter_.get()) == 1 && type != UCNV_ISO_2022 &&
                   type != UCNV_HZ && type != UCNV_UTF7;
  }

  void feed(std::string_view octets, std::string& out, Run& run) override {
    run_ = &run;
    while (!octets.empty()) {
      std::size_t taken = 0;
      if (!held_.empty()) {
        held_.push_back(octets.front());
        taken = 1;
        const Utf8Head head = utf8_head(held_);
        if (head.is == Utf8Head::Is::character) {
          put_point(head.point, run.offset() + 1 - held_.size(), out);
          held_.clear();
        } else if (head.is == Utf8Head::Is::malformed) {
          // All but the octet just taken.
          malformed(run.offset() + 1 - held_.size(), out);
          held_.clear();
          taken = 0;
        }
      } else {
        taken = take(octets, out);
      }
      octets.remove_prefix(taken);
      run.advance(taken);
    }
  }

  void finish(std::string& out, Run& run) override {
    run_ = &run;
    if (!held_.empty()) malformed(run.offset() - held_.size(), out);
    held_.clear();
    flush_units(true, out);
    ucnv_resetFromUnicode(converter_.get());
  }

 private:
  std::size_t take(std::string_view octets, std::string& out) {
    if (keeps_ascii_) {
      if (const std::size_t ascii = ascii_prefix(octets); ascii > 0) {
        flush_units(false, out);
        out.append(octets.substr(0, ascii));
        return ascii;
      }
    }
    const Utf8Head head = utf8_head(octets);
    switch (head.is) {
      case Utf8Head::Is::character: put_point(head.point, run_->offset(), out); break;
      case Utf8Head::Is::malformed: malformed(run_->offset(), out); break;
      case Utf8Head::Is::incomplete: held_ = octets; break;
    }
    return head.octets;
  }

  void malformed(std::uint64_t offset, std::string& out) {
    // Faults that are kept stay in order; ICU is slow for a single character.
    if (run_->faults.kept().size() < kFaultsKeptMax) flush_units(false, out);
    run_->faults.add(offset, "not UTF-8");
    put_point('?', offset, out);
  }

  void put_point(char32_t point, std::uint64_t offset, std::string& out) {
    if (units_ + 2 > pivot_.size()) flush_units(false, out);
    if (exchanges_) point = icu_of_ascii(point);
    std::size_t count = 0;
    if (point > 0xffff) {
      pivot_[units_ + count++] = U16_LEAD(point);
      pivot_[units_ + count++] = U16_TRAIL(point);
    } else {
      pivot_[units_ + count++] = static_cast<UChar>(point);
    }
    for (std::size_t i = 0; i < count; ++i) offsets_[units_++] = offset;
  }

  void flush_units(bool last, std::string& out) {
    if (units_ == 0 && !last) return;
    const UChar* source = pivot_.data();
    const UChar* const end = source + units_;
    std::array<char, kPivotUnits * 4> octets;
    UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
    while (error == U_BUFFER_OVERFLOW_ERROR) {
      error = U_ZERO_ERROR;
      char* target = octets.data();
      ucnv_fromUnicode(converter_.get(), &target, octets.data() + octets.size(), &source, end,
                       nullptr, last, &error);
      out.append(octets.data(), target);
    }
    PH_CHECK(U_SUCCESS(error));
    units_ = 0;
  }

  static void on_unencodable(const void* context, UConverterFromUnicodeArgs* args, const UChar*,
                             int32_t length, UChar32, UConverterCallbackReason reason,
                             UErrorCode* error) {
    if (!is_about_text(reason)) return;
    auto& self = *static_cast<IcuEncoder*>(const_cast<void*>(context));
    const auto behind = args->source - self.pivot_.data();
    const auto unit = std::clamp<std::ptrdiff_t>(behind - length, 0, kPivotUnits - 1);
    self.run_->faults.add(self.offsets_[static_cast<std::size_t>(unit)],
                          "a character that the charset does not have");
    *error = U_ZERO_ERROR;
    const UChar mark = '?';
    const UChar* source = &mark;
    ucnv_cbFromUWriteUChars(args, &source, source + 1, 0, error);
  }

  Converter converter_;
  bool exchanges_;
  bool keeps_ascii_;
  std::string held_;  // the beginning of a character
  std::array<UChar, kPivotUnits> pivot_;
  std::array<std::uint64_t, kPivotUnits> offsets_;  // of the characters in pivot_
  std::size_t units_ = 0;
  Run* run_ = nullptr;  // of the call under way
};

}  // namespace

std::unique_ptr<CharsetMachine> icu_decoder(const char* converter) {
  Converter opened = open(converter);
  return opened ? std::make_unique<IcuDecoder>(std::move(opened), exchanges_ascii(converter))
                : nullptr;
}

std::unique_ptr<CharsetMachine> icu_encoder(const char* converter) {
  Converter opened = open(converter);
  return opened ? std::make_unique<IcuEncoder>(std::move(opened), exchanges_ascii(converter))
                : nullptr;
}

}  // namespace ph::codec
