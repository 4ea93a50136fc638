#include "crypto/password.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace ph::crypto {
namespace {

std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

std::string hex(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

const std::string kSalt = "0123456789abcdefFEDCBA9876543210";

TEST(Hash, MatchesTheVectorsOfItsStandards) {
  // FIPS 180-4, "abc".
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231 §4.3.
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // RFC 7914 §11 (its first 32 octets).
  EXPECT_EQ(hex(pbkdf2_sha256("passwd", "salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}

TEST(Hash, ComparesSecrets) {
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
}

// RFC 7677 §3: user "user", password "pencil". From the stored keys alone a server must accept the
// client's proof and make the signature of the example.
TEST(Scram, KeysFitTheExampleExchange) {
  const std::string salt = octets("5b6d99689d12358eeca04b141236fa81");  // W22ZaJ0SNY7soEsUEjb6gQ==
  const ScramKeys keys = scram_sha256_keys("pencil", salt, 4096);
  const std::string messages =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,"
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  // dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=
  const std::string proof =
      octets("747cdb65aa56224e2352137e52d7bdcad6a0f738df30782caa69a2cfb0277554");
  EXPECT_EQ(sha256(exclusive_or(proof, hmac_sha256(keys.stored_key, messages))), keys.stored_key);
  // 6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
  EXPECT_EQ(hex(hmac_sha256(keys.server_key, messages)),
            "eabae24d1062db75a9451ff0b6ea7e98c8546549ff741e672d3251b2397de46e");
}

// The reference implementation's own test: "password", "somesalt", t=2, m=64 MiB, p=1.
TEST(Argon2, AcceptsTheVectorOfTheReferenceImplementation) {
  Verifier verifier;
  verifier.argon2 =
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  EXPECT_TRUE(verify_password(verifier, "password"));
  EXPECT_FALSE(verify_password(verifier, "differentpassword"));
}

TEST(Password, IsVerifiedByWhatWasMadeOfIt) {
  const auto verifier = make_verifier("correct horse", kSalt);
  ASSERT_TRUE(verifier);
  EXPECT_TRUE(verifier->argon2.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_EQ(verifier->scram_salt, "FEDCBA9876543210");
  EXPECT_TRUE(verify_password(*verifier, "correct horse"));
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"})
    EXPECT_FALSE(verify_password(*verifier, wrong)) << wrong;
  const ScramKeys keys = scram_sha256_keys("correct horse", "FEDCBA9876543210", kScramIterations);
  EXPECT_EQ(verifier->stored_key, keys.stored_key);
  EXPECT_EQ(verifier->server_key, keys.server_key);
}

TEST(Password, HasLimits) {
  EXPECT_EQ(make_verifier("", kSalt).error().kind, Kind::malformed);
  EXPECT_TRUE(make_verifier(std::string(kPasswordOctetsMax, 'x'), kSalt));
  EXPECT_EQ(make_verifier(std::string(kPasswordOctetsMax + 1, 'x'), kSalt).error().kind,
            Kind::over_limit);
}

TEST(Password, DecoyMatchesNothingButIsReadByTheHash) {
  const Verifier decoy = decoy_verifier();
  EXPECT_EQ(decoy.argon2.size(), make_verifier("x", kSalt)->argon2.size());
  EXPECT_FALSE(verify_password(decoy, ""));
  EXPECT_FALSE(verify_password(decoy, "x"));
}

TEST(Password, RefusesVerifiersThatAreNotOursToPayFor) {
  const std::string tail = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  for (const std::string& phc :
       {std::string(), std::string("plain"), "$argon2i$v=19$m=65536,t=2,p=1" + tail,
        "$argon2id$v=16$m=65536,t=2,p=1" + tail, "$argon2id$v=19$m=4194304,t=2,p=1" + tail,
        "$argon2id$v=19$m=65536,t=1000,p=1" + tail, "$argon2id$v=19$m=65536,t=2,p=64" + tail,
        std::string("$argon2id$v=19$m=")}) {
    Verifier verifier;
    verifier.argon2 = phc;
    EXPECT_FALSE(verify_password(verifier, "password")) << phc;
  }
}

TEST(Password, VerifierSurvivesItsRecord) {
  const auto verifier = make_verifier("secret", kSalt);
  ASSERT_TRUE(verifier);
  const auto read = parse_verifier(format_verifier(*verifier));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->argon2, verifier->argon2);
  EXPECT_EQ(read->scram_iterations, kScramIterations);
  EXPECT_EQ(read->stored_key, verifier->stored_key);
  EXPECT_EQ(read->server_key, verifier->server_key);
  EXPECT_EQ(parse_verifier("").error().kind, Kind::corrupt);
  EXPECT_EQ(parse_verifier("\x02").error().kind, Kind::corrupt);
  EXPECT_EQ(parse_verifier(std::string_view("\x01\x01\x09z", 4)).error().kind, Kind::corrupt);
}

TEST(Password, WipesInPlace) {
  std::string secret = "a secret that is longer than a small string can be";
  const char* at = secret.data();
  const std::size_t octets_count = secret.size();
  wipe(secret);
  EXPECT_TRUE(secret.empty());
  for (std::size_t i = 0; i < octets_count; ++i) EXPECT_EQ(at[i], '\0');
}

}  // namespace
}  // namespace ph::crypto
