#include "crypto/signature_key.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "crypto/rsa_numbers.h"

namespace ph::crypto {
namespace {

const PrivateKey& rsa_key() {
  static const auto key = PrivateKey::generate(KeyKind::rsa, 1024).value();
  return key;
}

/// A value in DER, of fewer than 65,536 octets.
std::string value(char tag, std::string_view content) {
  std::string out(1, tag);
  if (content.size() > 127) {
    out += '\x82';
    out += static_cast<char>(content.size() >> 8);
  }
  out += static_cast<char>(content.size());
  return out + std::string(content);
}

std::string bare_key(std::string_view modulus, std::string_view exponent) {
  return value(0x30, value(0x02, modulus) + value(0x02, exponent));
}

const std::string kDigest(32, 'd');

TEST(SignatureKey, VerifiesWithTheKeyAsItIsPublishedAndBare) {  // RFC 5280 §4.1, RFC 8017 A.1.1
  const std::string signature = rsa_key().sign(kDigest).value();
  const std::string der = rsa_key().public_octets();
  const auto numbers = read_rsa_numbers(der);
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->modulus.size(), 128U);
  EXPECT_EQ(numbers->exponent, std::string_view("\x01\x00\x01", 3));
  const std::string modulus = std::string(1, '\0') + std::string(numbers->modulus);
  for (const std::string& form : {der, bare_key(modulus, numbers->exponent), der + "behind it"}) {
    const auto key = PublicKey::rsa(form);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->bits(), 1024U);
    EXPECT_TRUE(key->verify(DigestKind::sha256, kDigest, signature));
    EXPECT_FALSE(key->verify(DigestKind::sha256, std::string(32, 'e'), signature));
    EXPECT_FALSE(key->verify(DigestKind::sha1, kDigest.substr(0, 20), signature));
    EXPECT_FALSE(key->verify(DigestKind::sha256, kDigest, signature.substr(1)));
  }
}

// A context is kept for the next one: what it was asked before must not tell.
TEST(SignatureKey, VerifiesForSeveralThreadsInAnyOrder) {
  const std::string signature = rsa_key().sign(kDigest).value();
  const auto key = PublicKey::rsa(rsa_key().public_octets()).value();
  std::atomic<int> wrong = 0;
  const auto verify = [&] {
    for (int i = 0; i < 300; ++i) {
      const bool good = i % 3 == 0;
      const std::string digest = good ? std::string(kDigest) : std::string(32, 'e');
      const std::string octets = i % 3 == 2 ? signature.substr(1) : signature;
      if (key.verify(DigestKind::sha256, digest, octets) != good) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(verify);
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(wrong, 0);
}

TEST(SignatureKey, RefusesEveryPrefixAndAnyChangedTag) {
  const std::string der = rsa_key().public_octets();
  for (std::size_t octets = 0; octets < der.size(); ++octets)
    EXPECT_FALSE(PublicKey::rsa(std::string_view(der).substr(0, octets))) << octets;
  for (const std::size_t at : {0U, 1U, 4U, 6U, 8U, 19U, 22U, 23U}) {  // tags, lengths, the name
    std::string changed = der;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    EXPECT_FALSE(PublicKey::rsa(changed)) << at;
  }
}

TEST(SignatureKey, RefusesWhatIsNoKey) {
  const std::string one("\x01", 1), negative("\x80", 1), zero("\0\0", 2);
  for (const std::string& der :
       {bare_key("", one), bare_key(negative, one), bare_key(zero, one), bare_key(one, zero),
        value(0x30, value(0x02, one)), std::string("\x30\x80\x02\x01\x03\x02\x01\x03\x00\x00", 10),
        std::string("\x30\x85\x01\x00\x00\x00\x00", 7)})
    EXPECT_FALSE(PublicKey::rsa(der));
  const auto huge = PublicKey::rsa(bare_key('\x01' + std::string(kRsaBitsMax / 8, '\x01'), one));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().kind, Kind::over_limit);
  const auto long_one = PublicKey::rsa(std::string(kPublicKeyOctetsMax + 1, '\x30'));
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().kind, Kind::over_limit);
}

TEST(SignatureKey, TakesEd25519BareAndInItsInfo) {  // RFC 8463 §4, RFC 8410 §4
  const auto pair = PrivateKey::generate(KeyKind::ed25519).value();
  const std::string signature = pair.sign(kDigest).value();
  const std::string bare = pair.public_octets();
  const std::string info("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  for (const std::string& form : {bare, info + bare}) {
    const auto key = PublicKey::ed25519(form);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->verify(DigestKind::sha256, kDigest, signature));
    EXPECT_FALSE(key->verify(DigestKind::sha256, std::string(32, 'e'), signature));
  }
  for (const std::string& form : {std::string(), bare.substr(1), bare + "x", info})
    EXPECT_FALSE(PublicKey::ed25519(form));
}

}  // namespace
}  // namespace ph::crypto
