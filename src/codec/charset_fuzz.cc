// Input: an octet that picks a charset, one that picks where to cut, then octets. Oracles: decoding
// gives valid UTF-8, the same at the cut and not much larger; so does encoding; what was encoded
// without faults is decoded to the same characters by the charsets that have one form for each.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/charset.h"
#include "codec/testing/stream_run.h"
#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::run;
  if (size < 2) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = data[1] % (octets.size() + 1);
  const auto names = codec::charsets();
  const std::string_view name = data[0] < names.size() ? names[data[0]] : octets.substr(0, 20);
  codec::CharsetDecoder decoder(name);
  const auto whole = run(decoder, octets);
  if (run(decoder, octets, cut) != whole) std::abort();
  if (!codec::is_utf8(whole.out) || whole.out.size() > octets.size() * 4 + 16) std::abort();
  for (const codec::Fault& fault : whole.faults.kept())
    if (fault.offset > octets.size()) std::abort();  // at the end: what is missing
  if (codec::to_utf8(octets, name) != whole.out) std::abort();

  codec::CharsetEncoder encoder(name);
  const auto raw = run(encoder, octets);
  if (run(encoder, octets, cut) != raw) std::abort();
  const auto written = run(encoder, whole.out);
  if (written.faults.count() > 0 || decoder.is_guess()) return 0;
  // Others have characters that stand for several of Unicode's, or marks that they drop.
  constexpr std::string_view kExact[] = {"utf-8", "gb18030", "windows-1251", "koi8-r", "ibm850"};
  for (const std::string_view exact : kExact)
    if (name == exact && run(decoder, written.out).out != whole.out) std::abort();
  return 0;
}
