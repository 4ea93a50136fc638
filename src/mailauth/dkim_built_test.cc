// What the message library builds, signed in the form that forgives nothing, and what relays do to
// mail on the way. RFC 6376 §3.4.1, §3.4.3, §5.3.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mailauth/dkim.h"
#include "mailauth/testing/zone.h"
#include "message/builder.h"
#include "message/seven_bit.h"
#include "message/testing/build_recipe.h"
#include "message/testing/built_samples.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return made;
}

std::string sign(const std::string& octets) {
  const DkimSigning how{.domain = "example.test",
                        .selector = "one",
                        .header_form = Canonical::simple,
                        .body_form = Canonical::simple,
                        .signed_at = 1000};
  const auto header = message::parse_header(octets);
  BodyDigest body(how.body_form, crypto::DigestKind::sha256, std::nullopt);
  body.update(std::string_view(octets).substr(header.body()));
  return sign_dkim(header, how, key(), body.finish()).value() + octets;
}

bool passes(const std::string& octets) {
  Zone zone;
  zone.txt("one._domainkey.example.test", {format_dkim_record(key())});
  const auto header = message::parse_header(octets);
  BodyDigests bodies;
  DkimVerifier verifier(header, bodies, Wall(std::chrono::seconds(2000)));
  bodies.update(std::string_view(octets).substr(header.body()));
  bodies.finish();
  const auto outcomes = zone.run(verifier);
  return outcomes.size() == 1 && outcomes.front().result == DkimResult::pass;
}

/// Each line of `octets` as `change` makes it, with `line_end`.
template <class Change>
std::string by_line(std::string_view octets, std::string_view line_end, Change change) {
  std::string out;
  while (!octets.empty()) {
    const std::size_t end = std::min(octets.find('\n'), octets.size());
    std::string line(octets.substr(0, end));
    if (line.ends_with('\r')) line.pop_back();
    (out += change(std::move(line))) += line_end;
    octets.remove_prefix(std::min(end + 1, octets.size()));
  }
  return out;
}

using Relay = std::string (*)(const std::string&);

/// Cuts blanks at line ends, as gateways with lines of fixed length did.
std::string trimming(const std::string& octets) {
  return by_line(octets, "\r\n",
                 [](std::string line) { return line.substr(0, line.find_last_not_of(" \t") + 1); });
}
/// Keeps mail in a mailbox file, with LF, and never takes the ">" away again.
std::string mbox(const std::string& octets) {
  const std::string kept = by_line(
      octets, "\n", [](std::string line) { return line.starts_with("From ") ? ">" + line : line; });
  return by_line(kept, "\r\n", [](std::string line) { return line; });
}
/// Ends the message at the first line that is a dot.
std::string dots(const std::string& octets) {
  return octets.substr(0, octets.find("\r\n.\r\n") + 2);
}
/// Breaks lines where a line may be no longer. RFC 5321 §4.5.3.1.6.
std::string breaking(const std::string& octets) {
  return by_line(octets, "\r\n", [](std::string line) {
    for (std::size_t at = 998; at < line.size(); at += 1000) line.insert(at, "\r\n");
    return line;
  });
}
std::string seven_bits(const std::string& octets) {
  message::SevenBitScan scan;
  scan.feed(octets);
  message::SevenBitWriter writer(scan.finish());
  std::string out;
  writer.feed(octets, out);
  writer.finish(out);
  return out;
}
std::string hop(const std::string& octets) {
  return "Received: from a.test by b.test; Sat, 21 Nov 2026 10:00:00 +0000\r\n" + octets;
}

const std::vector<std::pair<const char*, Relay>> kRelays{
    {"trimming", trimming}, {"mbox", mbox}, {"breaking", breaking}, {"hop", hop}};

void goes_through(const std::string& built, message::Carry carry) {
  const std::string sent = sign(built);
  ASSERT_TRUE(passes(sent));
  for (const auto& [name, relay] : kRelays)
    EXPECT_TRUE(passes(relay(sent))) << name << "\n" << sent;
  EXPECT_TRUE(passes(dots(sent + ".\r\n"))) << sent;
  if (carry == message::Carry::seven_bit) {
    EXPECT_TRUE(passes(seven_bits(sent))) << sent;
  }
}

TEST(DkimBuilt, SamplesGoThroughRelays) {
  for (const auto& sample : message::testing::built_samples()) {
    SCOPED_TRACE(sample.name);
    goes_through(message::build(sample.message, sample.carry).value(), sample.carry);
  }
}

TEST(DkimBuilt, RecipesGoThroughRelays) {
  std::mt19937_64 numbers(6376);
  std::size_t sent = 0;
  for (int i = 0; i < 200; ++i) {
    std::string octets(numbers() % 500, '\0');
    for (char& c : octets) c = static_cast<char>(numbers() & 0xff);
    const auto recipe = message::testing::read_recipe(octets);
    if (!recipe.is_proper || recipe.carry == message::Carry::binary) continue;
    SCOPED_TRACE(i);
    goes_through(message::build(recipe.message, recipe.carry).value(), recipe.carry);
    ++sent;
  }
  EXPECT_GT(sent, 50U);
}

// What nobody took care of does not go through: the relays here are not too kind.
TEST(DkimBuilt, RelaysBreakOtherMail) {
  const std::string header = "From: a@example.test\r\nSubject: x\r\n\r\n";
  const std::vector<std::pair<std::string, Relay>> kBroken{
      {"a \r\n", trimming},
      {"From x\r\n", mbox},
      {"a\nb\r\n", mbox},
      {"a\r\n.\r\nb\r\n", dots},
      {std::string(999, 'x') + "\r\n", breaking},
      {"\xc3\xa9\r\n", seven_bits}};
  for (const auto& [body, relay] : kBroken) {
    const std::string sent = sign(header + body);
    ASSERT_TRUE(passes(sent));
    EXPECT_FALSE(passes(relay(sent))) << body;
  }
}

}  // namespace
}  // namespace ph::mailauth
