#include "identity/names.h"

#include <gtest/gtest.h>

namespace ph::identity {
namespace {

TEST(DomainName, IsLowerCaseWithoutATrailingDot) {
  EXPECT_EQ(domain_name("Example.TEST").value(), "example.test");
  EXPECT_EQ(domain_name("example.test.").value(), "example.test");
  EXPECT_EQ(domain_name("localhost").value(), "localhost");
  EXPECT_EQ(domain_name("xn--bcher-kva.example").value(), "xn--bcher-kva.example");
  EXPECT_EQ(domain_name("bücher.example").value(), "bücher.example");
  EXPECT_EQ(domain_name("3com.example").value(), "3com.example");
}

TEST(DomainName, RefusesWhatIsNone) {
  for (const char* text : {"", ".", "..", "a..b", ".a", "-a.test", "a-.test", "a_b.test",
                           "a b.test", "a@b.test", "example.test..", "192.0.2.1", "[192.0.2.1]",
                           "example.123", "a/b", "\xff.test", "b@c", "x\r\ny"})
    EXPECT_EQ(domain_name(text).error().kind, Kind::malformed) << text;
  EXPECT_TRUE(domain_name(std::string(63, 'a') + ".test"));
  EXPECT_FALSE(domain_name(std::string(64, 'a') + ".test"));
  std::string name;
  for (int i = 0; i < 140; ++i) name += "a.";
  EXPECT_FALSE(domain_name(name + "test"));
}

TEST(NewDomainName, HasALabelsWhereThereAreAny) {
  for (const char* text :
       {"bücher.test", "BÜCHER.Test", "xn--bcher-kva.test", "XN--BCHER-KVA.test."})
    EXPECT_EQ(new_domain_name(text).value(), "xn--bcher-kva.test") << text;
  EXPECT_EQ(new_domain_name("xn--bcher-kva.bücher.test").value(),
            "xn--bcher-kva.xn--bcher-kva.test");
  // As they are: somebody may have registered them. The last would be "bÜcher".
  for (const char* text :
       {"example.test", "ab--cd.test", "xn--99999999.test", "xn--bcher-2pa.test"})
    EXPECT_EQ(new_domain_name(text).value(), text) << text;
}

TEST(NewDomainName, RefusesWhatTheDnsCannotHave) {
  for (const std::string& text : {std::string("-ü.test"), std::string("ü-.test"),
                                  std::string("\u0301a.test"), std::string("a b.test")})
    EXPECT_EQ(new_domain_name(text).error().kind, Kind::malformed) << text;
}

TEST(MailboxAddress, NeedsADomain) {
  EXPECT_TRUE(mailbox_address("alice@example.test"));
  EXPECT_TRUE(mailbox_address("\"a b\"@example.test"));
  for (const char* text :
       {"", "alice", "postmaster", "alice@", "@example.test", "a b@example.test"})
    EXPECT_EQ(mailbox_address(text).error().kind, Kind::malformed) << text;
}

}  // namespace
}  // namespace ph::identity
