// What charset.cc is made of; no interface for others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec {

inline constexpr std::string_view kUnknownCharset = "unknown-8bit";

/// How the octets of a charset are to be read.
enum class CharsetForm : std::uint8_t { guess, utf_8, utf_7, icu };

struct CharsetName {
  std::string_view canonical;
  CharsetForm form;
  // ICU's names of the converters. Never a name from outside: ICU would look for a file of that
  // name.
  const char* reads;
  const char* writes;
};

/// Null canonical: not known.
CharsetName find_charset(std::string_view name);

/// Where a run is, and what was wrong in it.
class Run {
 public:
  /// Before each feed.
  void begin() {
    if (!ended_) return;
    *this = Run();
  }
  void advance(std::size_t octets) { offset_ += octets; }
  void end() { ended_ = true; }
  /// Of the next octet to be looked at.
  std::uint64_t offset() const { return offset_; }
  Faults faults;

 private:
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

/// One direction of a charset. After finish() it is as new.
class CharsetMachine {
 public:
  virtual ~CharsetMachine() = default;
  virtual void feed(std::string_view octets, std::string& out, Run& run) = 0;
  virtual void finish(std::string& out, Run& run) = 0;
};

std::unique_ptr<CharsetMachine> utf8_decoder();
/// Null when ICU does not have it.
std::unique_ptr<CharsetMachine> icu_decoder(const char* converter);
std::unique_ptr<CharsetMachine> icu_encoder(const char* converter);

/// Text of which nobody knows the charset.
class GuessDecoder : public CharsetMachine {
 public:
  /// `claimed`: there is a name for its charset, which does not help.
  explicit GuessDecoder(bool claimed) : claimed_(claimed) {}
  void feed(std::string_view octets, std::string& out, Run& run) override;
  void finish(std::string& out, Run& run) override;
  std::string_view charset() const { return charset_; }

 private:
  void choose(bool all, std::string& out, Run& run);

  bool claimed_;
  bool ended_ = false;
  std::string held_;  // from the first octet above 127
  std::unique_ptr<CharsetMachine> chosen_;
  std::string_view charset_ = "us-ascii";
};

}  // namespace ph::codec
