// Every coding by its name, for whoever learns the name at run time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/stream.h"

namespace ph::codec {

/// Octets of the codings that have to see all of their input at once ("idna", "rfc2231").
inline constexpr std::size_t kHeldInputOctetsMax = 16 << 20;

/// What some codings want to know besides the octets.
struct CodingOptions {
  std::string name;    // of the file (uuencode, BinHex, yEnc), or of the parameter (RFC 2231)
  bool delsp = false;  // format=flowed: DelSp=yes
  bool resource_fork = false;  // BinHex: that fork instead of the data fork
};

/// One coding. Streams are made for one input, or for several one after the other.
struct Coding {
  std::string_view name;     // "base64"
  std::string_view aliases;  // further names, apart by blanks
  std::string_view about;    // one line, for people
  std::string_view spec;     // where it is defined
  std::unique_ptr<Stream> (*encoder)(const CodingOptions& options);
  std::unique_ptr<Stream> (*decoder)(const CodingOptions& options);
};

/// All of them but charsets, by name.
std::span<const Coding> codings();

/// An encoder or decoder by the name of its coding, in any case; "charset:NAME" is NAME to UTF-8
/// (decode) and back. not_found: no such coding; the detail names the nearest.
Result<std::unique_ptr<Stream>> make_encoder(std::string_view name, const CodingOptions& options);
Result<std::unique_ptr<Stream>> make_decoder(std::string_view name, const CodingOptions& options);

}  // namespace ph::codec
