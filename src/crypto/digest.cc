#include "crypto/digest.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "crypto/openssl.h"

namespace ph::crypto {
namespace {

using ContextPointer = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

// Fetched once, never freed: as in hash.cc.
const EVP_MD* fetched(DigestKind kind) {
  static EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PH_CHECK(sha1 != nullptr && sha256 != nullptr);
  return kind == DigestKind::sha1 ? sha1 : sha256;
}

std::string final_of(EVP_MD_CTX* context) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned octets = 0;
  PH_CHECK(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), &octets) == 1);
  out.resize(octets);
  return out;
}

}  // namespace

struct Digest::State {
  DigestKind kind;
  ContextPointer context{EVP_MD_CTX_new()};
  void begin() {
    PH_CHECK(context && EVP_DigestInit_ex2(context.get(), fetched(kind), nullptr) == 1);
  }
};

Digest::Digest(DigestKind kind) : state_(std::make_unique<State>(kind)) { state_->begin(); }
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(std::string_view octets) {
  PH_CHECK(EVP_DigestUpdate(state_->context.get(), octets.data(), octets.size()) == 1);
}

std::string Digest::finish() {
  std::string out = final_of(state_->context.get());
  state_->begin();
  return out;
}

std::string Digest::peek(std::string_view tail) const {
  const ContextPointer copy(EVP_MD_CTX_new());
  PH_CHECK(copy && EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()) == 1 &&
           EVP_DigestUpdate(copy.get(), tail.data(), tail.size()) == 1);
  return final_of(copy.get());
}

}  // namespace ph::crypto
