// Records and fields that end early, as answers and lines that were cut: each prefix of each is
// read as what it says, or not at all.
#include <gtest/gtest.h>

#include "mailauth/arc_parts.h"
#include "mailauth/dkim_record.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/spf_record.h"

namespace ph::mailauth {
namespace {

struct Case {
  std::string_view what, text;
  bool (*reads)(std::string_view);
  std::vector<std::string_view> needs;  // without each of them it cannot be read
  std::size_t prefixes = 0;             // that can
};

template <auto parse>
bool reads(std::string_view text) {
  return parse(text).has_value();
}

TEST(Prefixes, AreReadAsWhatTheySay) {
  const std::vector<Case> cases{
      {"spf", "v=spf1 ip4:10.0.0.0/8 include:a.test -all", reads<parse_spf_record>, {"v=spf1"}, 12},
      {"key", "v=DKIM1; k=ed25519; p=AAAA", reads<parse_dkim_record>, {"v=DKIM1", "p="}, 4},
      {"dmarc",
       "v=DMARC1; p=reject; rua=mailto:a@b.test",
       reads<parse_dmarc_record>,
       {"v=DMARC1"},
       25},
      {"dkim",
       "v=1; a=rsa-sha256; d=x.test; s=s; h=from; bh=AAAA; b=AAAA",
       reads<parse_dkim_signature>,
       {"v=1", "a=rsa-sha256", "d=", "s=s", "h=from", "bh=", "b="},
       3},
      {"arc message",
       "i=1; a=rsa-sha256; d=x.test; s=s; h=from; bh=AAAA; b=AAAA",
       reads<parse_arc_message_signature>,
       {"a=rsa-sha256", "d=", "h=from", "bh=", "; b="},
       3},
      {"arc seal",
       "i=1; a=rsa-sha256; cv=none; d=x.test; s=s; b=AAAA",
       reads<parse_arc_seal>,
       {"cv=none", "a=rsa-sha256", "d=", "s=s", "b="},
       3},
  };
  for (const Case& c : cases) {
    std::size_t prefixes = 0;
    for (std::size_t octets = 0; octets <= c.text.size(); ++octets) {
      const auto prefix = c.text.substr(0, octets);
      if (!c.reads(prefix)) continue;
      ++prefixes;
      for (const auto each : c.needs)
        EXPECT_NE(prefix.find(each), prefix.npos) << c.what << ": " << prefix;
    }
    EXPECT_TRUE(c.reads(c.text)) << c.what;
    EXPECT_EQ(prefixes, c.prefixes) << c.what;
  }
}

TEST(Prefixes, OfASpfRecordHaveItsTermsInOrder) {
  const std::string_view text = "v=spf1 a mx/24 ip6:2001:db8::/32 exists:%{ir}.x.test ?all";
  const auto whole = parse_spf_record(text).value();
  for (std::size_t octets = 0; octets <= text.size(); ++octets) {
    const auto record = parse_spf_record(text.substr(0, octets));
    if (!record) continue;
    for (std::size_t i = 0; i + 1 < record->directives.size(); ++i)
      EXPECT_EQ(record->directives[i], whole.directives[i]) << octets;
  }
}

}  // namespace
}  // namespace ph::mailauth
