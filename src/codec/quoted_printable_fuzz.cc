// Input: one octet that picks where to cut, then a body. Oracles: decoding depends neither on
// the cut nor on the kernel, and never grows; what is encoded has short 7-bit lines and is decoded
// to the same octets, as text and as binary.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "codec/quoted_printable.h"

namespace {
namespace codec = ph::codec;

std::pair<std::string, codec::Faults> decoded(
    std::string_view text, std::size_t cut,
    codec::QuotedPrintableKernel kernel = codec::avx2_quoted_printable_kernel()) {
  codec::QuotedPrintableDecoder decoder(kernel);
  std::string out;
  decoder.feed(text.substr(0, cut), out);
  decoder.feed(text.substr(cut), out);
  decoder.finish(out);
  return {out, decoder.faults()};
}

std::string encoded(std::string_view octets, codec::QuotedPrintable flavour, std::size_t cut) {
  codec::QuotedPrintableEncoder encoder(flavour);
  std::string out;
  encoder.feed(octets.substr(0, cut), out);
  encoder.feed(octets.substr(cut), out);
  encoder.finish(out);
  return out;
}

bool is_fit(std::string_view text) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') {
      if (text.substr(i, 2) != "\r\n") return false;
      ++i;
      column = 0;
    } else if (++column > codec::kQuotedPrintableLineOctetsMax || text[i] == '\x7f' ||
               (text[i] < ' ' && text[i] != '\t')) {
      return false;
    }
  }
  return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = body.empty() ? 0 : data[0] % (body.size() + 1);
  const auto whole = decoded(body, body.size());
  if (whole != decoded(body, cut) || whole.first.size() > body.size()) std::abort();
  if (whole != decoded(body, cut, nullptr)) std::abort();
  for (const auto flavour : {codec::QuotedPrintable::text, codec::QuotedPrintable::binary}) {
    const std::string text = encoded(body, flavour, body.size());
    if (text != encoded(body, flavour, cut) || !is_fit(text)) std::abort();
    if (decoded(text, text.size()) != std::pair(std::string(body), codec::Faults())) std::abort();
  }
  return 0;
}
