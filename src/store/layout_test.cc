// The formats, octet by octet; docs/formats/store.md shows the same examples.
#include "store/layout.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/record.h"
#include "store/crc32c.h"
#include "store/ids.h"

namespace ph::store {
namespace {

std::string from_hex(std::string_view hex) {
  std::string octets;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    digits.push_back(c);
    if (digits.size() < 2) continue;
    octets.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return octets;
}

/// The hex example under this title in docs/formats/store.md.
std::string example(const std::string& title) {
  std::ifstream file(std::string(PH_SOURCE_DIR) + "/docs/formats/store.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  const auto heading = page.find("Example: " + title + "\n");
  if (heading == std::string::npos) return "";
  const auto begin = page.find("```\n", heading) + 4;
  return from_hex(page.substr(begin, page.find("```", begin) - begin));
}

Version version_of(std::string_view text) {
  Version version;
  std::ranges::copy(text, version.b);
  return version;
}

TEST(Crc32c, KnowsTheVectorsOfTheRfc) {  // RFC 3720 §B.4
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  const std::string text = "any cut gives the same checksum";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text));
}

TEST(Ids, AreNeverTheSameAndSayTheirDay) {
  Ids ids(7), later(8);
  EXPECT_FALSE(ids.next_version() == ids.next_version());
  EXPECT_FALSE(ids.next_version() == later.next_version());
  const BlobId id = ids.next_blob(20000);
  EXPECT_TRUE(is_blob_id(id)) << id;
  EXPECT_EQ(creation_day(id), 20000u);
  EXPECT_LT(id, later.next_blob(20000));
  EXPECT_LT(later.next_blob(20000), ids.next_blob(20001)) << "ids sort by day";
  for (std::string_view bad :
       {"", "short", "0123456789012345678901234w", "01234567890123456789012345x"})
    EXPECT_FALSE(is_blob_id(bad)) << bad;
}

TEST(Layout, StoreRecordAsDocumented) {
  const auto store = parse_store(example("the store"));
  ASSERT_TRUE(store);
  EXPECT_EQ(*store, (StoreRecord{.format = 1, .incarnation = 300}));
  EXPECT_EQ(format_store(*store), example("the store"));
}

TEST(Layout, ANewerStoreIsNotGuessedAt) {
  const auto newer = parse_store(format_store({.format = kStoreFormat + 1, .incarnation = 1}));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind, Kind::corrupt);
  EXPECT_NE(newer.error().what.find("newer"), std::string_view::npos);
  EXPECT_FALSE(parse_store("\x02"));
  EXPECT_FALSE(parse_store(""));
}

TEST(Layout, RowAsDocumented) {
  const std::string key = row_key("a/17", "mbox");
  const std::string octets = example("a row");
  const auto row = parse_row(key, octets);
  ASSERT_TRUE(row) << describe(row.error());
  EXPECT_EQ(row->value, "INBOX");
  EXPECT_EQ(row->version, version_of("000000000c0000000000000015"));
  EXPECT_EQ(format_row(key, row->version, row->value), octets);
  EXPECT_EQ(split_row_key(key).partition, "a/17");
  EXPECT_EQ(split_row_key(key).key, "mbox");
  EXPECT_FALSE(parse_row(row_key("a/18", "mbox"), octets)) << "a row belongs to its key";
}

TEST(Layout, HeadAndHolderAsDocumented) {
  const std::string id = "0jh0000000000c000000000016";
  const auto head = parse_head(id, example("a head"));
  ASSERT_TRUE(head) << describe(head.error());
  EXPECT_EQ(head->info.octets, 300000u);
  EXPECT_EQ(head->info.crc32c, 0x12345678u);
  EXPECT_EQ(head->chunk_octets, (std::vector<std::uint32_t>{262144, 37856}));
  EXPECT_EQ(format_head(id, *head), example("a head"));
  EXPECT_EQ(parse_holder(example("a holder")), 20000u);
  EXPECT_EQ(format_holder(20000), example("a holder"));
}

TEST(Layout, ChunkAsDocumented) {
  const std::string key = chunk_key("0jh0000000000c000000000016", 258);
  EXPECT_EQ(key.substr(26), std::string("\0\0\1\2", 4));
  const std::string octets = example("a chunk");
  const auto body = parse_chunk(key, octets);
  ASSERT_TRUE(body) << describe(body.error());
  EXPECT_EQ(*body, "Hello\r\n");
  EXPECT_EQ(format_chunk_prefix(key, *body) + "Hello\r\n", octets);
}

// No octet of a record can change without being noticed, nor its end be missing.
TEST(Layout, EveryBitIsCovered) {
  const std::string id = "0jh0000000000c000000000016", key = row_key("p", "k");
  const std::string ckey = chunk_key(id, 0);
  const std::string row = format_row(key, version_of("000000000c0000000000000015"), "value");
  const std::string head = format_head(id, {{7, 9}, {3, 4}});
  const std::string chunk = format_chunk_prefix(ckey, "body") + "body";
  const auto expect_noticed = [](const std::string& octets, auto parses) {
    EXPECT_TRUE(parses(octets));
    for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
      std::string damaged = octets;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_FALSE(parses(damaged)) << "bit " << bit;
    }
    for (std::size_t end = 0; end < octets.size(); ++end)
      EXPECT_FALSE(parses(octets.substr(0, end))) << "cut at " << end;
  };
  expect_noticed(row, [&](const std::string& o) { return parse_row(key, o).has_value(); });
  expect_noticed(head, [&](const std::string& o) { return parse_head(id, o).has_value(); });
  expect_noticed(chunk, [&](const std::string& o) { return parse_chunk(ckey, o).has_value(); });
}

TEST(Layout, PartitionsStayApart) {
  EXPECT_LT(row_key("a", "\xff"), partition_end("a"));
  EXPECT_LT(partition_end("a"), row_key("a!", ""));
  EXPECT_LT(row_key("a", "z"), row_key("a/1", "a"));
}

}  // namespace
}  // namespace ph::store
