#include <gtest/gtest.h>

#include "codec/idna.h"

namespace ph::codec {
namespace {

TEST(DnsSpelling, IsOneForEachWayToWriteADomain) {
  for (const char* text :
       {"bücher.test", "Bücher.TEST", "BÜCHER.test", "xn--bcher-kva.test", "Xn--Bcher-KVA.Test"})
    EXPECT_EQ(dns_spelling(text), "xn--bcher-kva.test") << text;
  EXPECT_EQ(dns_spelling("Example.TEST"), "example.test");
  EXPECT_EQ(dns_spelling("-ü.TEST"), "-ü.test");  // has none
  EXPECT_EQ(dns_spelling("\xff.TEST"), "\xff.test");
  EXPECT_EQ(dns_spelling(""), "");
}

TEST(Spellings, BeginWithTheNameItself) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(spellings("Example.test"), Names{"example.test"});
  EXPECT_EQ(spellings("bücher.test"), (Names{"bücher.test", "xn--bcher-kva.test"}));
  EXPECT_EQ(spellings("XN--bcher-kva.test"), (Names{"xn--bcher-kva.test", "bücher.test"}));
  EXPECT_EQ(spellings("xn--bcher-kva.ü.test"),
            (Names{"xn--bcher-kva.ü.test", "bücher.ü.test", "xn--bcher-kva.xn--tda.test"}));
  EXPECT_EQ(spellings("-ü.test"), Names{"-ü.test"});
  EXPECT_EQ(spellings("xn--bcher-2pa.test"),
            Names{"xn--bcher-2pa.test"});  // "bÜcher" is no U-label
}

TEST(IsInternational, WhatCanBeWrittenInOtherWays) {
  for (const char* name : {"bücher.test", "xn--bcher-kva.test", "a.XN--x.test", "\xff"})
    EXPECT_TRUE(is_international(name)) << name;
  for (const char* name : {"", "example.test", "ab--cd.test"})
    EXPECT_FALSE(is_international(name)) << name;
}

}  // namespace
}  // namespace ph::codec
