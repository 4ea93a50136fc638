// The loops beneath base64, once in portable C++ and once for AVX2: the same octets from either.
// For base64.h and for tests that hold one against the other.
#pragma once

#include <cstddef>
#include <string_view>

namespace ph::codec {

/// Octets behind those said that a kernel may overwrite in its output.
inline constexpr std::size_t kBase64SlackOctets = 8;
inline constexpr std::size_t kBase64LineOctets = 57;      // of a MIME body that one line carries
inline constexpr std::size_t kBase64LineCharacters = 76;  // RFC 2045 §6.8

/// The form of lines that a body has had so far: characters, and the octets of the line end.
struct Base64LineForm {
  std::size_t characters = kBase64LineCharacters;  // a multiple of 4
  std::size_t end_octets = 2;                      // CRLF; or 1, LF
};

/// Whole groups of 4 characters and 3 octets; what is not whole, and padding, is the caller's.
struct Base64Kernels {
  std::string_view name;
  /// Decodes groups from the front of in[0, octets) up to the first that has another character.
  /// Returns the characters taken; 3 octets written for each 4, and kBase64SlackOctets spoiled.
  std::size_t (*decode_groups)(const char* in, std::size_t octets, char* out);
  /// Decodes whole lines of `form` with nothing but the alphabet in them, as many as there are.
  /// May take fewer, and none. Returns the lines taken; spoils as decode_groups does.
  std::size_t (*decode_lines)(const char* in, std::size_t octets, Base64LineForm form, char* out);
  /// Encodes `groups` groups: 3 octets each of `in`, 4 characters each of `out`, none spoiled.
  void (*encode_groups)(const char* in, std::size_t groups, char* out);
  /// Encodes `lines` lines of 57 octets as CRLF and 76 characters each, none spoiled.
  void (*encode_lines)(const char* in, std::size_t lines, char* out);
};

const Base64Kernels& portable_base64_kernels();
/// Those for AVX2, or nullptr where the processor or the build has none.
const Base64Kernels* avx2_base64_kernels();
/// The fastest that run here.
const Base64Kernels& base64_kernels();

}  // namespace ph::codec
