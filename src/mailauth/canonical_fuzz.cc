// Input: an octet that says where to cut, and a body. Oracles: no crash; the digest and the count
// of octets are the same for any split.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mailauth/canonical.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  if (octets < 2) return 0;
  const std::size_t step = data[0] % 16 + 1;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, octets - 1);
  for (const auto form : {Canonical::simple, Canonical::relaxed}) {
    BodyDigest whole(form, ph::crypto::DigestKind::sha256, std::nullopt);
    BodyDigest cut(form, ph::crypto::DigestKind::sha256, std::nullopt);
    whole.update(body);
    for (std::size_t at = 0; at < body.size(); at += step) cut.update(body.substr(at, step));
    if (whole.finish() != cut.finish() || whole.octets() != cut.octets()) std::abort();
  }
  return 0;
}
