// Encoded words: header text outside ASCII, inside ASCII. RFC 2047; with languages, RFC 2231 §5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec {

inline constexpr std::size_t kEncodedWordOctetsMax = 75;         // written; RFC 2047 §2
inline constexpr std::size_t kEncodedWordLineOctetsMax = 76;     // written; RFC 2047 §2
inline constexpr std::size_t kEncodedWordCharsetOctetsMax = 80;  // read: with its language
/// Octets of header text that the stream decodes as one; a longer line is decoded in pieces.
inline constexpr std::size_t kEncodedTextOctetsMax = std::size_t{64} * 1024;

/// Header text as people read it, in valid UTF-8, whatever it is made of.
///
///   text     a header field's value, or a part of it; folded or not
///   returns  each encoded word decoded, wherever it stands (inside quotes, next to other text,
///            longer than 75 octets, with spaces inside); white space between two of them is gone.
///            Words next to each other in one charset are one run of octets, so a character may be
///            divided between them. Raw octets above 127 are UTF-8 where they are that,
///            windows-1252 otherwise, decided for each run between encoded words. Line ends and NUL
///            out of an encoded word are spaces: no header text has any
///   faults   (if not null) what no encoded word should be like, and raw octets above 127; offsets
///            in `text`
///   cost     O(octets)
std::string decode_encoded_words(std::string_view text, Faults* faults = nullptr);

/// decode_encoded_words() for whole headers, in any split: line by line, a folded line with those
/// that it is continued by. Line ends stay.
class EncodedWordDecoder : public Stream {
 public:
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void put(std::string& out);

  std::string held_;          // a line and what continues it
  std::uint64_t offset_ = 0;  // of held_
  bool line_end_ = false;     // held_ ends with a line end
  bool ended_ = false;
  Faults faults_;
};

/// Where an encoded word is to stand; each place has its own rules. RFC 2047 §5.
enum class EncodedWordKind : std::uint8_t {
  text,     // Subject and the like
  phrase,   // the name before an address: what stays as it is is an atom
  comment,  // between "(" and ")"
};

/// UTF-8 as header text.
///
///   text     no UTF-8: its octets that are none become U+FFFD
///   column   octets that stand on the line already, e.g. 9 behind "Subject: "
///   returns  ASCII, folded with CRLF and a space to lines of at most kEncodedWordLineOctetsMax
///            where white space or encoded words allow it; "" for "". What needs encoding, from the
///            first such word to the last, becomes encoded words of at most 75 octets in UTF-8,
///            cut between characters, in B or Q, whichever is shorter. Everything else stays
///            decode_encoded_words() gives back `text` if that is UTF-8 without line ends and NUL.
std::string encode_encoded_words(std::string_view text, EncodedWordKind kind, std::size_t column);

/// encode_encoded_words(), line by line as text: each line is folded for itself.
class EncodedWordEncoder : public Stream {
 public:
  explicit EncodedWordEncoder(EncodedWordKind kind = EncodedWordKind::text) : kind_(kind) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void put(std::string_view line, std::string& out);

  EncodedWordKind kind_;
  std::string held_;  // a line without its end
  std::uint64_t offset_ = 0;
  bool ended_ = false;
  Faults faults_;
};

}  // namespace ph::codec
