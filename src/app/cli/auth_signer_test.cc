#include "app/cli/auth_signer.h"

#include <gtest/gtest.h>

#include <fstream>

namespace ph::cli {
namespace {

TEST(AuthSigner, TakesSelectorsAsTheDnsKnowsThem) {
  for (const auto& [typed, known] : std::vector<std::pair<std::string, std::string>>{
           {"s1", "s1"},
           {"S1", "s1"},
           {"2026.mail", "2026.mail"},
           {"a--b", "a--b"},
           {"s1.", "s1"},
           {"s\u00e9", "xn--s-bga"},
           {"\u00e9.B\u00fccher", "xn--9ca.xn--bcher-kva"}}) {
    const auto name = selector_of(typed);
    ASSERT_TRUE(name) << typed << ": " << name.error().what;
    EXPECT_EQ(*name, known);
  }
}

TEST(AuthSigner, RefusesWhatIsNoSelector) {
  for (const std::string typed :
       {"", "s;b=x", "s\r\nX-Evil: 1", "s\r\n", "a b", " s", ".", "..", "a..b", ".a", "-a", "a-",
        "s_1", "a@b", "s\t1", "\u00e9;b=x", "\xff", "a:b", "a=b"}) {
    const auto name = selector_of(typed);
    ASSERT_FALSE(name) << typed << " became " << *name;
    EXPECT_EQ(name.error().kind, Kind::malformed);
    if (!typed.empty()) {
      EXPECT_TRUE(name.error().detail.starts_with(typed)) << name.error().detail;
    }
  }
  EXPECT_FALSE(selector_of(std::string("s\0", 2)));
  EXPECT_FALSE(selector_of(std::string(64, 'a')));
}

TEST(AuthSigner, RefusesWhatIsNoDomain) {
  for (const std::string typed : {"", "a b", "user@good.test", "192.0.2.1", "192.0.2.1.",
                                  "2001:db8::1", "[192.0.2.1]", "a;d=b", "a..b", "a.test\r\nb"}) {
    EXPECT_FALSE(domain_of(typed, Underscores::taken)) << typed;
    EXPECT_FALSE(domain_of(typed, Underscores::refused)) << typed;
  }
  EXPECT_EQ(domain_of("Good.Test.", Underscores::refused).value(), "good.test");
  EXPECT_EQ(domain_of("b\u00fccher.test", Underscores::refused).value(), "xn--bcher-kva.test");
  EXPECT_EQ(domain_of("_spf.good.test", Underscores::taken).value(), "_spf.good.test");
  EXPECT_FALSE(domain_of("_spf.good.test", Underscores::refused));
}

std::string file_with(const std::string& name, const std::string& octets) {
  std::string path = ::testing::TempDir() + "auth_signer_" + name;
  std::ofstream(path, std::ios::binary) << octets;
  return path;
}

Result<Signer> signer_with(const std::string& key_file) {
  return signer_of({.domain = "x.test", .selector = "s", .key = key_file});
}

TEST(AuthSigner, RefusesKeysThatProveNothing) {
  for (const unsigned bits : {512U, 768U}) {
    const auto key = crypto::PrivateKey::generate(crypto::KeyKind::rsa, bits).value();
    const std::string file = file_with("short.pem", key.pem());
    const auto signer = signer_with(file);
    ASSERT_FALSE(signer) << bits;
    EXPECT_NE(signer.error().what.find("too short"), std::string::npos) << signer.error().what;
    EXPECT_EQ(signer.error().detail, file + " has " + std::to_string(bits) + " bits");
  }
  for (const auto& key : {crypto::PrivateKey::generate(crypto::KeyKind::rsa, 1024).value(),
                          crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value()})
    EXPECT_TRUE(signer_with(file_with("fine.pem", key.pem())));
}

TEST(AuthSigner, NamesTheFileThatIsNoKey) {
  const std::string file = file_with("no.pem", "not a key\n");
  const auto signer = signer_with(file);
  ASSERT_FALSE(signer);
  EXPECT_NE(signer.error().detail.find(file), std::string::npos) << signer.error().detail;
}

mailauth::DkimSigning made_of(AuthRequest request) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return signing_of(request, {"x.test", "s", key}, wall_of(1'000'000)).value();
}

TEST(AuthSigner, SignsAsARequestSays) {
  using mailauth::Canonical;
  const auto usual = made_of({});
  EXPECT_EQ(usual.signed_at, 1000U);
  EXPECT_FALSE(usual.expires);
  EXPECT_TRUE(usual.oversign && usual.fields.empty() && usual.identity.empty());
  EXPECT_EQ(usual.header_form, Canonical::relaxed);
  EXPECT_EQ(usual.body_form, Canonical::relaxed);

  const auto other = made_of({.expires = "1m",
                              .canonical = "simple/relaxed",
                              .identity = "a;b=c\u00e9 d@Sub.X.test",
                              .fields = "From: Subject:x-own",
                              .no_oversign = true});
  EXPECT_EQ(other.expires, 1060U);
  EXPECT_EQ(other.header_form, Canonical::simple);
  EXPECT_EQ(other.body_form, Canonical::relaxed);
  EXPECT_EQ(other.identity, "a=3Bb=3Dc=C3=A9=20d@sub.x.test");
  EXPECT_EQ(other.fields, (std::vector<std::string>{"From", "Subject", "x-own"}));
  EXPECT_FALSE(other.oversign);
  EXPECT_EQ(made_of({.canonical = "relaxed"}).body_form, Canonical::simple);
  EXPECT_EQ(made_of({.identity = "@x.test"}).identity, "@x.test");
}

TEST(AuthSigner, SaysWhichPartOfARequestIsWrong) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  for (const auto& [request, words] : std::vector<std::pair<AuthRequest, std::string>>{
           {{.expires = "soon"}, "--expires"},
           {{.expires = "0s"}, "--expires"},
           {{.canonical = "strict"}, "--canonical"},
           {{.canonical = "relaxed/"}, "--canonical"},
           {{.canonical = "relaxed/simple/simple"}, "--canonical"},
           {{.identity = "x.test"}, "--identity"},
           {{.identity = "a@other.test"}, "--identity"},
           {{.identity = "a@notx.test"}, "--identity"},
           {{.identity = "a@x.test;b=x"}, "cannot be a domain"},
           {{.identity = std::string(65, 'a') + "@x.test"}, "--identity"},
           {{.fields = "from::to"}, "--fields"},
           {{.fields = "from;b"}, "--fields"},
           {{.fields = "from\r\nX-Evil"}, "--fields"}}) {
    const auto how = signing_of(request, {"x.test", "s", key}, wall_of(1'000'000));
    ASSERT_FALSE(how) << words;
    EXPECT_EQ(how.error().kind, Kind::malformed);
    EXPECT_NE(how.error().what.find(words), std::string::npos) << how.error().what;
  }
}

TEST(AuthSigner, PutsFieldsBelowTheLineOfAMailbox) {
  for (const std::string top : {"", "From a@x.test Sat Nov 21 10:00:00 2026\r\n",
                                "From a\r\n>From b\r\n", " folded from nowhere\r\n"}) {
    const std::string rest = "From: a@x.test\r\n\r\nFrom a\r\n";
    const std::string message = top + rest;
    const std::string made = with_fields(message, message::parse_header(message), "New: 1\r\n");
    EXPECT_EQ(made, top + "New: 1\r\n" + rest);
    EXPECT_EQ(message::parse_header(made).fields().front().raw, "New: 1\r\n");
  }
}

}  // namespace
}  // namespace ph::cli
