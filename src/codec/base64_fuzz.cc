// Input: one octet that says where to cut, then a body. Oracles: every kernel gives the same octets
// and faults, whatever the cut; they grow no body; strict decoding takes what has no faults and no
// line breaks, and nothing else; what is encoded is decoded to the same octets, without a fault.
#include <vector>

#include "codec/base64.h"
#include "codec/testing/fuzz.h"

namespace {
namespace codec = ph::codec;
using codec::testing::same_at;

std::string without_line_breaks(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\r' && c != '\n') out.push_back(c);
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [body, cut] = codec::testing::fuzz_input(data, size);
  std::vector<const codec::Base64Kernels*> kernels = {&codec::portable_base64_kernels()};
  if (codec::avx2_base64_kernels() != nullptr) kernels.push_back(codec::avx2_base64_kernels());

  std::vector<codec::testing::Fuzzed> decoded;
  std::vector<std::string> encoded;
  for (const auto* kernel : kernels) {
    codec::Base64Decoder decoder(*kernel);
    decoded.push_back(same_at(decoder, body, cut));
    codec::Base64Encoder encoder(*kernel);
    encoded.push_back(same_at(encoder, body, cut).out);
    if (same_at(decoder, encoded.back(), cut) != codec::testing::Fuzzed{std::string(body), {}})
      std::abort();
  }
  if (decoded.front() != decoded.back() || encoded.front() != encoded.back()) std::abort();
  if (decoded.front().out.size() > body.size()) std::abort();

  const std::string strict = without_line_breaks(encoded.front());
  if (codec::encode_base64(body) != strict || codec::decode_base64(strict) != body) std::abort();
  const std::string line = without_line_breaks(body);
  const auto got = codec::decode_base64(line);
  if (got.has_value() != (decoded.front().faults.count() == 0)) std::abort();
  if (got && *got != decoded.front().out) std::abort();
  return 0;
}
