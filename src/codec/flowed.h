// format=flowed: plain text of which each reader makes lines as wide as his window. RFC 3676.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/stream.h"
#include "codec/utf8.h"

namespace ph::codec {

inline constexpr std::size_t kFlowedLineCharactersMax = 78;  // without CRLF; RFC 3676 §4.2
/// Of a line without spaces to divide it at that are held back to see whether one comes.
inline constexpr std::size_t kFlowedHeldOctetsMax = 998;
/// Quote marks that an encoder takes for such; what is behind them is text.
inline constexpr std::size_t kFlowedDepthMax = 64;

/// Paragraphs out of flowed lines: each is one line, behind as many ">" as it is quoted deep and,
/// then, a space. Lines end with CRLF.
///
///   delsp   the parameter DelSp=yes: the space that ends a flowed line is none of the text
///   in      lines end with CRLF or LF
///   out     a line that was not quoted but begins with ">" keeps the space before it. The
///           signature separator "-- " is a paragraph of its own, with its space
///   faults  a paragraph that another quote depth ends (RFC 3676 §4.5), or the separator
class FlowedDecoder : public Stream {
 public:
  explicit FlowedDecoder(bool delsp) : delsp_(delsp) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void take(char c, std::string& out);
  void begin_text(std::string& out);
  void put_head(std::string& out);
  void put(char c, std::string& out);
  void end_line(bool has_end, std::string& out);
  void close(Literal why, std::string& out);

  bool delsp_;
  bool ended_ = false;
  // The paragraph under way.
  bool open_ = false;        // its last line was flowed
  bool owes_space_ = false;  // between quote marks and text
  std::size_t depth_ = 0;
  // The line under way.
  enum class At : std::uint8_t { start, quotes, head, text };
  At at_ = At::start;
  bool cr_ = false;
  bool stuffed_ = false, has_text_ = false;
  std::size_t line_depth_ = 0;
  std::string head_;          // what may become the separator
  std::uint64_t spaces_ = 0;  // that may end the line
  std::uint64_t offset_ = 0, line_offset_ = 0;
  Faults faults_;
};

/// Flowed lines out of paragraphs, the inverse.
///
///   delsp   write for DelSp=yes: lines may be divided where there is no space, too
///   in      UTF-8; each line (CRLF or LF) is a paragraph; ">" at its beginning are quote marks,
///           up to kFlowedDepthMax, and one space behind them is none of the text
///   out     lines of at most kFlowedLineCharactersMax characters, marks and space included,
///           divided behind spaces; longer where there is none (without delsp). Lines end with
///           CRLF. Spaces at the end of a paragraph go, but for those of "-- " alone
class FlowedEncoder : public Stream {
 public:
  explicit FlowedEncoder(bool delsp) : delsp_(delsp) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void put(char32_t point, std::uint64_t offset, std::string& out);
  void put_character(char32_t point, std::string& out);
  void put_line(std::string_view text, std::string& out) const;
  void break_line(std::string& out);
  void run_on(std::string& out);
  void end_line(bool has_end, std::string& out);
  std::size_t room() const;

  bool delsp_;
  bool ended_ = false;
  bool cr_ = false;
  enum class At : std::uint8_t { start, quotes, text };
  At at_ = At::start;
  std::size_t depth_ = 0;
  bool runs_on_ = false;        // the beginning of the line is in `out`: too long to be held
  bool divided_ = false;        // the paragraph has lines in `out`
  std::string line_;            // the line under way, without marks and spaces_
  std::size_t characters_ = 0;  // in line_
  std::size_t break_octets_ = 0, break_characters_ = 0;  // of line_ that can be a line
  std::uint64_t spaces_ = 0;                             // behind line_
  Utf8Reader reader_;
  Faults faults_;
};

}  // namespace ph::codec
