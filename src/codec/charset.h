// Charsets: text in any of those that mail is written in, as UTF-8, and back. RFC 2045 §2.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec {

/// Octets, counted from the first one above 127, after which text in an unknown charset has to be
/// UTF-8 or is not: as many are held back until it is known.
inline constexpr std::size_t kCharsetGuessOctetsMax = std::size_t{64} * 1024;
/// Octets of a charset's name that are looked at.
inline constexpr std::size_t kCharsetNameOctetsMax = 64;

/// What a name of a charset, as mail writes it, is read as: "gb2312" and "cn-gb" as "gb18030".
///
///   name     in any case, with any of "-_. :" in it or not, with quotes, white space or a
///            language ("*en") around it
///   returns  the name of the charset it is read as, mostly in lower case, for ever valid;
///            "us-ascii" and "unknown-8bit" (for "", "none", "x-unknown", "8bit",
///            "x-user-defined", ...) are read as CharsetDecoder says; "" when it is not known
///
/// Read as something larger, because what is labelled so often holds more than the label says: all
/// of GB 2312 and GBK as GB 18030, EUC-KR as windows-949, ISO 8859-1, -9 and -11 as windows-1252,
/// -1254 and -874 (the C1 controls that they would have instead are in no text), Shift_JIS with
/// the characters of windows-31j. WHATWG's Encoding Standard reads web pages so.
std::string_view canonical_charset(std::string_view name);

/// The names that canonical_charset() returns, but for those that ICU alone knows.
std::span<const std::string_view> charsets();

/// Text in a charset, as UTF-8.
///
///   charset   any name that canonical_charset() takes, or any other: an unknown one
///   out       malformed octets and those that stand for no character are U+FFFD, one for each
///             sequence that does not fit, and are faults
///
/// Text without charset, in US-ASCII or in an unknown one is read as UTF-8 if its octets above 127
/// are that, and as windows-1252 otherwise; kCharsetGuessOctetsMax of them decide. That it was
/// guessed is one fault at the first of these octets, unless no charset was claimed ("" and all
/// that is read as "unknown-8bit").
///
/// A U+FEFF at the beginning stays, except for UTF-16 and UTF-32, where it is the byte order mark.
/// Memory: some 100 octets for a charset of one or two octets a character (whose table, 1 to 200
/// KiB, is made once for all, at its first use: a few ms); some KiB for others, of which up to 4
/// KiB of text are held back; kCharsetGuessOctetsMax more for a guess.
class CharsetDecoder : public Stream {
 public:
  explicit CharsetDecoder(std::string_view charset);
  ~CharsetDecoder() override;
  CharsetDecoder(CharsetDecoder&&) noexcept;
  CharsetDecoder& operator=(CharsetDecoder&&) noexcept;

  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override;

  /// What the text is read as: canonical_charset()'s name, and for a guess "us-ascii" as long as
  /// nothing else was seen, then "utf-8" or "windows-1252".
  std::string_view charset() const;
  /// True if that is a guess.
  bool is_guess() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// UTF-8 as text in a charset.
///
///   charset  any name that canonical_charset() takes; what is written is what the name says, not
///            the larger charset that it is read as: "iso-8859-1" has no euro sign
///   out      characters that the charset does not have, and octets that are no UTF-8, are "?" and
///            are faults; "us-ascii" for all that has no charset. Text for an unknown charset stays
///            as it is, with a fault at its first octet above 127
class CharsetEncoder : public Stream {
 public:
  explicit CharsetEncoder(std::string_view charset);
  ~CharsetEncoder() override;
  CharsetEncoder(CharsetEncoder&&) noexcept;
  CharsetEncoder& operator=(CharsetEncoder&&) noexcept;

  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// All of a text at once. ASCII and valid UTF-8 cost a look at each octet and a copy.
std::string to_utf8(std::string_view octets, std::string_view charset);

}  // namespace ph::codec
