// Base 64: strict as RFC 4648 §4 defines it, for SASL exchanges and stored verifiers; and in lines
// for MIME bodies, those of others too, which have line breaks and noise. RFC 2045 §6.8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/base64_kernels.h"
#include "codec/run_stream.h"

namespace ph::codec {

/// With padding, without line breaks. O(octets), one allocation.
std::string encode_base64(std::string_view octets);

/// The inverse, strict: each value has exactly one encoding (RFC 4648 §3.3, §3.5).
/// malformed: a character outside the alphabet (white space too), padding missing or not at the
/// end, spare bits set. O(octets), one allocation.
Result<std::string> decode_base64(std::string_view text);

/// Encodes a MIME body in lines of 76 characters. RFC 2045 §6.8. No faults.
///
///   out     CRLF between the lines, none behind the last
class Base64Encoder final : public RunStream {
 public:
  explicit Base64Encoder(const Base64Kernels& kernels = base64_kernels()) : kernels_(&kernels) {}

 private:
  void start() override {}
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;

  const Base64Kernels* kernels_;
  std::array<char, kBase64LineOctets> held_{};  // octets of a line that is not full
  std::size_t held_octets_ = 0;
  bool first_line_ = true;  // no CRLF before it
};

/// Decodes octets of a MIME body that stand at a place in something larger, into whose faults its
/// own go: for Base64Decoder, which says what it takes, and for codings that contain base64.
class Base64Body {
 public:
  explicit Base64Body(const Base64Kernels& kernels = base64_kernels()) : kernels_(&kernels) {}
  /// `offset`: of the first octet, for faults.
  void take(std::string_view octets, std::uint64_t offset, std::string& out, Faults& faults);
  /// No octets follow, and `offset` is where they would. Ready for the next body.
  void end(std::uint64_t offset, std::string& out, Faults& faults);

 private:
  const char* take_whole_groups(const char* in, const char* end, const char* line, char*& out);
  void take_one(char c, std::uint64_t offset, char*& out, Faults& faults);
  void take_padding(std::uint64_t offset, char*& out, Faults& faults);
  void put_partial_group(std::uint64_t offset, char*& out, Faults& faults);

  const Base64Kernels* kernels_;
  Base64LineForm form_;       // of the last whole line seen
  std::uint32_t bits_ = 0;    // of the group under way
  unsigned characters_ = 0;   // of the group under way
  bool padded_ = false;       // the last group ended in padding, and nothing has followed
  bool padding_due_ = false;  // one more "="
};

/// Decodes a MIME body, and takes what it finds.
///
///   out     at most 3 octets for each 4 characters
///   faults  an octet that is neither of the alphabet nor CR nor LF (a blank, too): left out.
///           Padding where none belongs: left out. Octets behind the padding: taken as the next
///           body (real mail has encodings one behind the other). Padding missing, or half of it:
///           what the characters say is taken. A lone character at the end: left out. Bits that
///           padding leaves over, and that are set: left out
///   cost    O(octets), no memory; bench/README.md has figures. A line of any length is fast, one
///           whose length is a multiple of 4 the most
class Base64Decoder final : public RunStream {
 public:
  explicit Base64Decoder(const Base64Kernels& kernels = base64_kernels()) : body_(kernels) {}

 private:
  void start() override {}
  void take(std::string_view octets, std::string& out) override {
    body_.take(octets, offset(), out, fault_list());
  }
  void end(std::string& out) override { body_.end(offset(), out, fault_list()); }

  Base64Body body_;
};

}  // namespace ph::codec
