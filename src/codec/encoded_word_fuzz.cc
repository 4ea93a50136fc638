// Input: an octet that picks a kind, one that picks where to cut, then header text. Oracles:
// decoding gives valid UTF-8, as a stream the same at any cut; encoded text is ASCII, its lines
// with encoded words are short, and it is decoded to the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/charset.h"
#include "codec/encoded_word.h"
#include "codec/testing/stream_run.h"
#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::run;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = data[1] % (text.size() + 1);
  const auto kind = static_cast<codec::EncodedWordKind>(data[0] % 3);
  const std::string decoded = codec::decode_encoded_words(text);
  if (!codec::is_utf8(decoded) || decoded.size() > text.size() * 4 + 16) std::abort();
  codec::EncodedWordDecoder decoder;
  if (run(decoder, text, cut) != run(decoder, text)) std::abort();
  codec::EncodedWordEncoder encoder(kind);
  if (run(encoder, text, cut) != run(encoder, text)) std::abort();

  const std::string header = codec::encode_encoded_words(text, kind, data[0] / 3);
  if (!codec::is_ascii(header)) std::abort();
  std::string unfolded;
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find("\r\n", at), header.size());
    const std::string_view line = std::string_view(header).substr(at, end - at);
    if (at > 0 && line.starts_with(' ') && line.find("=?UTF-8?") != line.npos &&
        line.size() > codec::kEncodedWordLineOctetsMax)
      std::abort();
    if (line.find_first_of("\r\n") != line.npos || line.find('\0') != line.npos) std::abort();
    unfolded += line;
    at = end + 2;
  }
  if (header.starts_with('"') || header.starts_with("\r\n")) return 0;
  std::string expected = codec::to_utf8(text, "utf-8");
  for (char& c : expected)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  if (codec::decode_encoded_words(unfolded) != expected) std::abort();
  return 0;
}
