// Input: the text of a TXT record. Oracles: no crash; a record that is read is read the same when
// its key is written again; the key is one of its kind, or none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/base64.h"
#include "mailauth/dkim_record.h"
#include "mailauth/tag_list.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph;
  const std::string_view text(reinterpret_cast<const char*>(data), octets);
  const auto record = mailauth::parse_dkim_record(text);
  if (!record) return 0;
  require(text.size() <= mailauth::kTagListOctetsMax);
  const bool rsa = record->kind == crypto::KeyKind::rsa;
  const auto again =
      mailauth::parse_dkim_record(std::string("v=DKIM1; k=") + (rsa ? "rsa" : "ed25519") +
                                  "; p=" + codec::encode_base64(record->key));
  // Base 64 written anew may be longer than what has no padding.
  if (record->key.size() < 40'000) require(again && again->key == record->key);
  if (record->key.empty()) return 0;
  const auto key =
      rsa ? crypto::PublicKey::rsa(record->key) : crypto::PublicKey::ed25519(record->key);
  if (!key) return 0;
  require(key->kind() == record->kind && key->bits() <= crypto::kRsaBitsMax);
  require(!key->verify(crypto::DigestKind::sha256, std::string(32, 'x'), "no signature"));
  return 0;
}
