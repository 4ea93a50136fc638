#include <gtest/gtest.h>

#include "mailauth/dkim.h"

namespace ph::mailauth {
namespace {

TEST(DkimSign, PutsNothingIntoAFieldThatIsNoName) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  const auto header = message::parse_header("From: a@x.test\r\n\r\n");
  const std::string body_hash(32, 'x');
  const auto sign = [&](const std::string& domain, const std::string& selector) {
    return sign_dkim(header, {.domain = domain, .selector = selector}, key, body_hash);
  };
  EXPECT_TRUE(sign("x.test", "s1.mail_2"));
  for (const std::string name : {"", "s;b=x", "s\r\nX-Evil: 1", "s 1", "s\u00e9", "s=1", "s\n"}) {
    for (const auto& field : {sign("x.test", name), sign(name, "s")}) {
      ASSERT_FALSE(field) << *field;
      EXPECT_EQ(field.error().kind, Kind::malformed);
      EXPECT_EQ(field.error().detail, name);
    }
  }
}

}  // namespace
}  // namespace ph::mailauth
