#include "base/keyed_hash.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ph {
namespace {

// Of the paper (15 octets) and of OpenSSL 3 (`openssl mac SIPHASH`, size 8): the key and the input
// are the octets 0, 1, 2 and so on.
TEST(KeyedHash, IsSipHash) {
  HashKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(i);
  const std::pair<std::size_t, std::uint64_t> known[] = {
      {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
      {8, 0x93f5f5799a932462},  {15, 0xa129ca6149be45e5}, {16, 0x3f2acc7f57c29bdb},
      {23, 0xa80c038ccd5ccec8}, {63, 0x958a324ceb064572}};
  for (const auto& [octets, hash] : known) {
    std::string input;
    for (std::size_t i = 0; i < octets; ++i) input += static_cast<char>(i);
    EXPECT_EQ(keyed_hash(key, input), hash) << octets;
  }
}

TEST(KeyedHash, AnotherKeyIsAnotherHash) {
  HashKey key{};
  const auto before = keyed_hash(key, "a.test");
  key[15] = 1;
  EXPECT_NE(keyed_hash(key, "a.test"), before);
  EXPECT_EQ(keyed_hash(key, "a.test"), keyed_hash(key, "a.test"));
}

}  // namespace
}  // namespace ph
