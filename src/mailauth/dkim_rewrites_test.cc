#include "mailauth/dkim_rewrites.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ph::mailauth {
namespace {

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return made;
}

constexpr std::string_view kHead =
    "From: Ann <ann@x.test>\r\nTo: l@lists.test\r\nSubject: Re: old  news\r\n"
    "Content-Transfer-Encoding: 8bit\r\n";

std::string signed_in(Canonical form, std::string_view head) {
  const std::string message = std::string(head) + "\r\nbody\r\n";
  BodyDigest body(Canonical::relaxed, crypto::DigestKind::sha256, std::nullopt);
  body.update("body\r\n");
  const DkimSigning how{.domain = "x.test", .selector = "s", .header_form = form};
  return sign_dkim(message::parse_header(message), how, key(), body.finish()).value() + message;
}

using Changes = std::vector<std::pair<std::string, std::string>>;

std::string changed(std::string text, const Changes& changes) {
  for (const auto& [from, to] : changes) {
    const auto at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    if (at != text.npos) text.replace(at, from.size(), to);
  }
  return text;
}

std::vector<std::string> said_of(const std::string& message) {
  const auto header = message::parse_header(message);
  const auto& field = *header.first("dkim-signature");
  std::vector<std::string> out;
  for (const auto& each : diagnose_header(header, field, parse_dkim_signature(field.value).value(),
                                          format_dkim_record(key())))
    out.push_back(each.kind + ": " + each.what);
  std::ranges::sort(out);
  return out;
}

struct Case {
  Changes changes;
  std::vector<std::string> said;
};

const std::string kTag = "field_rewritten: Subject rewritten: \"[list]\" was put before it";
const std::string kFrom =
    "field_rewritten: From rewritten: it was \"Ann <ann@x.test>\", which is in Reply-To now";
const std::string kAdded =
    "field_added: Reply-To was added, and the signature says that there was none";
const Changes kTagged{{"Subject: Re", "Subject: [list] Re"}};
const Changes kMunged{
    {"From: Ann <ann@x.test>", "From: Ann via L <l@lists.test>\r\nReply-To: Ann <ann@x.test>"}};

TEST(DkimRewrites, AreProvedByTheKey) {
  const std::vector<Case> cases{
      {kTagged, {kTag}},
      {{{"Subject: Re", "Subject: [EXTERNAL]\r\n  [list] Re"}},
       {"field_rewritten: Subject rewritten: \"[EXTERNAL] [list]\" was put before it"}},
      {{{"Re: old  news", "Re: [list one] old  news"}},
       {"field_rewritten: Subject rewritten: \"[list one]\" was put into it"}},
      {{{"old  news", "old  news (was: old)"}},
       {"field_rewritten: Subject rewritten: \"(was: old)\" was put behind it"}},
      {{{": 8bit", ": base64"}},
       {"field_rewritten: Content-Transfer-Encoding rewritten: it was 8bit; the body was encoded "
        "anew on the way"}},
      {{{"To: l@", "Reply-To: l@lists.test\r\nTo: l@"}}, {kAdded}},
      {kMunged, {kAdded, kFrom}},
      {{kTagged[0], kMunged[0]}, {kAdded, kFrom, kTag}},
  };
  for (const Canonical form : {Canonical::relaxed, Canonical::simple}) {
    // A fold that came with it is one of several in the simple form: nobody knows which.
    const std::string good = signed_in(form, kHead);
    for (const auto& [changes, said] : cases) {
      EXPECT_EQ(said_of(changed(good, changes)), said) << changed(good, changes);
    }
  }
}

TEST(DkimRewrites, SayNothingThatIsNotProved) {
  const std::string good = signed_in(Canonical::relaxed, kHead);
  for (const Changes& changes : std::vector<Changes>{
           {{"old", "new"}},
           {{"Subject: Re: old  news\r\n", ""}},
           {kTagged[0], {"To: l@lists", "To: k@lists"}},
           {{"Subject: Re: old  news\r\n", "Subject: Re: old  news\r\nSubject: x\r\n"}},
           {{"d=x.test;", "d=x.test; t=1;"}},
       })
    EXPECT_TRUE(said_of(changed(good, changes)).empty()) << changes[0].first;
  // Of a list that is known by its trace it is said to be likely.
  const auto said =
      said_of(changed(good, {{"Re: old", "[list] new"}, {"To:", "List-Id: l\r\nTo:"}}));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("may have put it"), said[0].npos) << said[0];
}

TEST(DkimRewrites, AreNotLookedForInAHugeHeader) {
  const std::string long_to = "To: " + std::string(kDiagnosedHeaderOctetsMax, 'x') + "\r\n";
  EXPECT_TRUE(said_of(changed(signed_in(Canonical::relaxed, std::string(kHead) + long_to), kTagged))
                  .empty());
  const std::string words = [] {
    std::string out;
    for (int i = 0; i < 1000; ++i) out += "word ";
    return out;
  }();
  EXPECT_TRUE(
      said_of(changed(signed_in(Canonical::relaxed, kHead), {{"Re: old", words + "old"}})).empty());
}

}  // namespace
}  // namespace ph::mailauth
