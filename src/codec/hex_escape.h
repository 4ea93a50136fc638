// Escapes of two hex digits behind a sign: what percent-encoding and xtext have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec {

enum class HexEscape : std::uint8_t {
  percent,  // RFC 3986 §2.1
  xtext,    // RFC 3461 §4
};

/// Octets as text: all but the plain characters of the coding become a sign and two upper case hex
/// digits. No input is wrong.
class HexEscapeEncoder : public Stream {
 public:
  explicit HexEscapeEncoder(HexEscape coding) : coding_(coding) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string&) override {}
  const Faults& faults() const override { return faults_; }

 private:
  HexEscape coding_;
  Faults faults_;  // stays empty
};

/// The inverse.
///   out     a sign that begins no escape stays as it is, and so do characters that the coding
///           does not have
///   faults  both; in xtext lower case digits, too, which are taken
class HexEscapeDecoder : public Stream {
 public:
  explicit HexEscapeDecoder(HexEscape coding) : coding_(coding) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void take(char c, std::string& out);
  void give_up(std::string& out);

  HexEscape coding_;
  bool ended_ = false;
  std::string held_;  // the beginning of an escape
  std::uint64_t offset_ = 0;
  Faults faults_;
};

}  // namespace ph::codec
