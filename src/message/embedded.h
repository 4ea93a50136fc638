// Files that stand in plain text, as before MIME: uuencoded, BinHex, yEnc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/stream.h"

namespace ph::message {

/// Files of one text that are listed.
inline constexpr std::size_t kEmbeddedFilesMax = 256;

enum class EmbeddedCoding : std::uint8_t { uuencode, binhex, yenc };

/// text[begin, end) is all of the file, its first and last line with it.
struct EmbeddedFile {
  EmbeddedCoding coding = EmbeddedCoding::uuencode;
  std::size_t begin = 0, end = 0;
  std::string name;    // as it stands there: neither UTF-8 for sure nor safe (content.h)
  bool whole = false;  // its end is there
};

/// The files in a text, in order, none inside another; at most kEmbeddedFilesMax. O(text). For the
/// decoded octets of a text part (content.h: decoded_body()), not for a large encoded one.
std::vector<EmbeddedFile> find_embedded(std::string_view text);

/// Decodes one of them when it is fed text[begin, end); of BinHex the data fork.
std::unique_ptr<codec::Stream> embedded_decoder(EmbeddedCoding coding);

}  // namespace ph::message
