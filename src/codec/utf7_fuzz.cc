// Input: an octet that picks where to cut, then octets. Oracles: UTF-7 and names of mailboxes are
// decoded to the same at any cut, to valid UTF-8; what is encoded is ASCII and comes back without
// faults; a mailbox's name without faults is what would be written. Percent-encoding and xtext,
// too.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/charset.h"
#include "codec/hex_escape.h"
#include "codec/testing/stream_run.h"
#include "codec/utf7.h"
#include "codec/xtext.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::run;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % (text.size() + 1);
  for (const auto flavour : {codec::Utf7::text, codec::Utf7::mailbox}) {
    codec::Utf7Decoder decoder(flavour);
    codec::Utf7Encoder encoder(flavour);
    const auto decoded = run(decoder, text);
    if (run(decoder, text, cut) != decoded || !codec::is_utf8(decoded.out)) std::abort();
    const auto encoded = run(encoder, text);
    if (run(encoder, text, cut) != encoded || !codec::is_ascii(encoded.out)) std::abort();
    const auto back = run(decoder, encoded.out);
    if (back.faults.count() > 0 || back.out != codec::to_utf8(text, "utf-8")) std::abort();
    if (flavour == codec::Utf7::mailbox && decoded.faults.count() == 0 &&
        codec::encode_mailbox_name(decoded.out) != text)
      std::abort();
  }
  for (const auto coding : {codec::HexEscape::percent, codec::HexEscape::xtext}) {
    codec::HexEscapeDecoder decoder(coding);
    codec::HexEscapeEncoder encoder(coding);
    const auto decoded = run(decoder, text);
    if (run(decoder, text, cut) != decoded) std::abort();
    const auto back = run(decoder, run(encoder, text, cut).out);
    if (back.out != text || back.faults.count() > 0) std::abort();
    if (coding == codec::HexEscape::percent) continue;
    // The strict functions are of the same mind.
    const auto strict = codec::decode_xtext(text);
    if (strict.has_value() != (decoded.faults.count() == 0)) std::abort();
    if (strict && *strict != decoded.out) std::abort();
    if (codec::encode_xtext(text) != run(encoder, text).out) std::abort();
  }
  return 0;
}
