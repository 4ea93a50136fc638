#include "codec/charset.h"

#include <optional>

#include "codec/charset_parts.h"
#include "codec/charset_table.h"
#include "codec/utf7.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

class Utf8Decoder : public CharsetMachine {
 public:
  void feed(std::string_view octets, std::string& out, Run& run) override {
    while (!octets.empty() && !held_.empty()) {
      held_.push_back(octets.front());
      const Utf8Head head = utf8_head(held_);
      if (head.is == Utf8Head::Is::malformed) {
        held_.pop_back();
        replace(run.offset() - held_.size(), out, run);
        held_.clear();
        break;
      }
      octets.remove_prefix(1);
      run.advance(1);
      if (head.is == Utf8Head::Is::character) {
        out += held_;
        held_.clear();
      }
    }
    while (!octets.empty()) {
      std::size_t taken = utf8_prefix(octets);
      out.append(octets.substr(0, taken));
      if (taken < octets.size()) {
        const Utf8Head head = utf8_head(octets.substr(taken));
        if (head.is == Utf8Head::Is::incomplete) {
          held_ = octets.substr(taken);
        } else {
          replace(run.offset() + taken, out, run);
        }
        taken += head.octets;
      }
      octets.remove_prefix(taken);
      run.advance(taken);
    }
  }

  void finish(std::string& out, Run& run) override {
    if (!held_.empty()) replace(run.offset() - held_.size(), out, run);
    held_.clear();
  }

 private:
  static void replace(std::uint64_t offset, std::string& out, Run& run) {
    run.faults.add(offset, "not UTF-8");
    out += kReplacementCharacter;
  }

  std::string held_;  // the beginning of a character
};

/// What an encoder does that does not know its charset.
class AsItIs : public CharsetMachine {
 public:
  void feed(std::string_view octets, std::string& out, Run& run) override {
    const std::size_t ascii = ascii_prefix(octets);
    if (ascii < octets.size() && run.faults.count() == 0)
      run.faults.add(run.offset() + ascii, "the charset is not known: the text stays as it is");
    out += octets;
    run.advance(octets.size());
  }
  void finish(std::string&, Run&) override {}
};

constexpr const char* kWindows1252 = "ibm-5348_P100-1997";

/// By a table of ours, if ICU has what it takes; else by ICU; null if it does not have it.
std::unique_ptr<CharsetMachine> converter_decoder(const char* converter) {
  if (const CharsetTable* table = charset_table(converter)) return table_decoder(*table);
  return icu_decoder(converter);
}

}  // namespace

std::unique_ptr<CharsetMachine> utf8_decoder() { return std::make_unique<Utf8Decoder>(); }

void GuessDecoder::feed(std::string_view octets, std::string& out, Run& run) {
  if (ended_) *this = GuessDecoder(claimed_);
  if (chosen_ == nullptr && held_.empty()) {
    const std::size_t ascii = ascii_prefix(octets);
    out.append(octets.substr(0, ascii));
    octets.remove_prefix(ascii);
    run.advance(ascii);
    if (!octets.empty() && claimed_)
      run.faults.add(run.offset(), "octets above 127 that the charset does not explain");
  }
  if (chosen_ == nullptr && !octets.empty()) {
    const std::string_view some = octets.substr(0, kCharsetGuessOctetsMax - held_.size());
    held_ += some;
    octets.remove_prefix(some.size());
    if (held_.size() == kCharsetGuessOctetsMax) choose(false, out, run);
  }
  if (chosen_ != nullptr) chosen_->feed(octets, out, run);
}

void GuessDecoder::finish(std::string& out, Run& run) {
  if (ended_) *this = GuessDecoder(claimed_);
  if (chosen_ == nullptr && !held_.empty()) choose(true, out, run);
  if (chosen_ != nullptr) chosen_->finish(out, run);
  ended_ = true;
}

void GuessDecoder::choose(bool all, std::string& out, Run& run) {
  const std::string_view held = held_;
  const std::size_t valid = utf8_prefix(held);
  // A character that the limit cuts may still become one.
  const bool is_utf8 = valid == held.size() ||
                       (!all && utf8_head(held.substr(valid)).is == Utf8Head::Is::incomplete);
  charset_ = is_utf8 ? "utf-8" : "windows-1252";
  chosen_ = is_utf8 ? utf8_decoder() : converter_decoder(kWindows1252);
  PH_CHECK(chosen_ != nullptr);
  chosen_->feed(held_, out, run);
  held_.clear();
}

struct CharsetDecoder::Parts {
  std::string_view charset;
  std::unique_ptr<CharsetMachine> machine;
  const GuessDecoder* guess = nullptr;  // machine, when it is one
  std::optional<Utf7Decoder> utf7;      // instead of a machine: a stream of its own
  Run run;
};

CharsetDecoder::CharsetDecoder(std::string_view charset) : parts_(std::make_unique<Parts>()) {
  const CharsetName name = find_charset(charset);
  parts_->charset = name.canonical;
  if (name.form == CharsetForm::utf_8) parts_->machine = utf8_decoder();
  if (name.form == CharsetForm::icu) parts_->machine = converter_decoder(name.reads);
  if (name.form == CharsetForm::utf_7) parts_->utf7.emplace(Utf7::text);
  if (parts_->machine != nullptr || parts_->utf7) return;
  auto guess = std::make_unique<GuessDecoder>(name.canonical != kUnknownCharset);
  parts_->guess = guess.get();
  parts_->machine = std::move(guess);
}

CharsetDecoder::~CharsetDecoder() = default;
CharsetDecoder::CharsetDecoder(CharsetDecoder&&) noexcept = default;
CharsetDecoder& CharsetDecoder::operator=(CharsetDecoder&&) noexcept = default;

void CharsetDecoder::feed(std::string_view octets, std::string& out) {
  if (parts_->utf7) return parts_->utf7->feed(octets, out);
  parts_->run.begin();
  parts_->machine->feed(octets, out, parts_->run);
}

void CharsetDecoder::finish(std::string& out) {
  if (parts_->utf7) return parts_->utf7->finish(out);
  parts_->run.begin();
  parts_->machine->finish(out, parts_->run);
  parts_->run.end();
}

const Faults& CharsetDecoder::faults() const {
  return parts_->utf7 ? parts_->utf7->faults() : parts_->run.faults;
}
bool CharsetDecoder::is_guess() const { return parts_->guess != nullptr; }
std::string_view CharsetDecoder::charset() const {
  return is_guess() ? parts_->guess->charset() : parts_->charset;
}

struct CharsetEncoder::Parts {
  std::unique_ptr<CharsetMachine> machine;
  Run run;
};

CharsetEncoder::CharsetEncoder(std::string_view charset) : parts_(std::make_unique<Parts>()) {
  const CharsetName name = find_charset(charset);
  if (name.writes != nullptr) parts_->machine = icu_encoder(name.writes);
  if (parts_->machine == nullptr) parts_->machine = std::make_unique<AsItIs>();
}

CharsetEncoder::~CharsetEncoder() = default;
CharsetEncoder::CharsetEncoder(CharsetEncoder&&) noexcept = default;
CharsetEncoder& CharsetEncoder::operator=(CharsetEncoder&&) noexcept = default;

void CharsetEncoder::feed(std::string_view octets, std::string& out) {
  parts_->run.begin();
  parts_->machine->feed(octets, out, parts_->run);
}

void CharsetEncoder::finish(std::string& out) {
  parts_->run.begin();
  parts_->machine->finish(out, parts_->run);
  parts_->run.end();
}

const Faults& CharsetEncoder::faults() const { return parts_->run.faults; }

std::string to_utf8(std::string_view octets, std::string_view charset) {
  const CharsetName name = find_charset(charset);
  if (name.form == CharsetForm::utf_8 || name.form == CharsetForm::guess) {
    if (is_utf8(octets)) return std::string(octets);
  }
  CharsetDecoder decoder(charset);
  std::string out;
  out.reserve(octets.size() + octets.size() / 2);
  decoder.feed(octets, out);
  decoder.finish(out);
  return out;
}

std::string_view canonical_charset(std::string_view name) { return find_charset(name).canonical; }

}  // namespace ph::codec
