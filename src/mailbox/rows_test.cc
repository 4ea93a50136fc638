// The formats of docs/formats/mailbox.md, octet by octet, and what a damaged one does.
#include "mailbox/rows.h"

#include <gtest/gtest.h>

#include "mailbox/blocks.h"
#include "mailbox/limits.h"
#include "mailbox/names.h"

namespace ph::mailbox {
namespace {

std::string unhex(std::string_view text) {
  std::string out, digits;
  for (const char c : text) {
    if (c == ' ') continue;
    digits.push_back(c);
    if (digits.size() < 2) continue;
    out.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return out;
}

MessageRow example_row() {
  MessageRow row;
  row.uid = Uid{3};
  row.modseq = 5;
  row.email_id = "m1";
  row.thread_id = "t1";
  row.internal_date = wall_of(1);
  row.saved = wall_of(2);
  row.flags = 5;
  row.keywords = {"$x"};
  row.blob = "b";
  row.blob_octets = 16;
  row.prefix = "A: 1\r\n";
  row.queue_id = "q";
  row.message_id = "i";
  return row;
}

TEST(Rows, BlockIsAsDocumented) {
  const std::string octets = unhex(
      "01  01 01 05"
      "02 30  01  01 01 03  02 01 05  03 02 6d 31  04 02 74 31  05 01 02  06 01 04  07 01 05"
      "       08 02 24 78  09 01 62  0a 01 10  0b 06 41 3a 20 31 0d 0a  0c 01 71  0d 01 69");
  const auto block = parse_block(octets);
  ASSERT_TRUE(block);
  ASSERT_EQ(block->messages.size(), 1u);
  EXPECT_EQ(block->messages[0], example_row());
  EXPECT_EQ(block->messages[0].octets(), 22u);
  EXPECT_EQ(format_block(*block), octets);
}

TEST(Rows, ExpungesAreAsDocumented) {
  const std::string octets = unhex("01  01 01 09  02 04 02 02 03 00");
  const auto row = parse_expunges(octets);
  ASSERT_TRUE(row);
  const UidRanges uids({Uid{2}, Uid{3}, Uid{4}, Uid{7}});
  EXPECT_EQ(*row, (std::vector<Expunged>{{9, uids}}));
  EXPECT_EQ(format_expunges(*row), octets);
}

TEST(Rows, TheOthersComeBackAsTheyWere) {
  const AccountRow account{2049, true, wall_of(77)};
  EXPECT_EQ(parse_account(format_account(account)).value(), account);
  const MailboxRow mailbox{"id", "INBOX", 4000000000u, Role::inbox, wall_of(5)};
  EXPECT_EQ(parse_mailbox(format_mailbox(mailbox)).value(), mailbox);
  const Meta meta{1,  2, std::uint64_t{1} << 32, 4, 5, 6, true, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                  17, 18};
  EXPECT_EQ(parse_meta(format_meta(meta)).value(), meta);
  const Marker marker{Uid{4294967295u}, "m1"};
  EXPECT_EQ(parse_marker(format_marker(marker)).value(), marker);
}

TEST(Rows, DamageIsCorruptAndNeverACrash) {
  const std::string whole = format_block(Block{{example_row()}});
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const auto block = parse_block(whole.substr(0, cut));
    ASSERT_FALSE(block) << cut;
    EXPECT_EQ(block.error().kind, Kind::corrupt);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      (void)parse_block(damaged);
      (void)parse_expunges(damaged);
      (void)parse_meta(damaged);
    }
  }
  std::string newer = whole;
  newer[0] = 2;
  EXPECT_EQ(parse_block(newer).error().kind, Kind::corrupt);
  MessageRow lower = example_row();
  lower.uid = Uid{2};
  EXPECT_FALSE(parse_block(format_block(Block{{example_row(), lower}})));
}

TEST(Rows, SkipsFieldsItDoesNotKnow) {
  EXPECT_EQ(parse_marker(format_marker({Uid{1}, "m"}) + unhex("63 01 00")).value(),
            (Marker{Uid{1}, "m"}));
}

TEST(UidRanges, PackAndFindWhatIsInThem) {
  const UidRanges set({Uid{9}, Uid{1}, Uid{2}, Uid{2}, Uid{5}, Uid{4294967295u}});
  EXPECT_EQ(set.ranges().size(), 4u);
  EXPECT_TRUE(set.contains(Uid{2}) && set.contains(Uid{9}) && set.contains(Uid{4294967295u}));
  EXPECT_FALSE(set.contains(Uid{0}) || set.contains(Uid{3}) || set.contains(Uid{10}));
  EXPECT_EQ(set.next(Uid{3}), Uid{5});
  EXPECT_EQ(set.next(Uid{10}), Uid{4294967295u});
  EXPECT_EQ(UidRanges().next(Uid{1}), Uid{});
  EXPECT_EQ(set.between(Uid{2}, Uid{8}), UidRanges({Uid{2}, Uid{5}}));
  EXPECT_EQ(parse_ranges(format_ranges(set)).value(), set);
  for (const char* broken : {"00 00", "01", "ff ff ff ff 0f 01", "80", "05 00 00 00"})
    EXPECT_FALSE(parse_ranges(unhex(broken))) << broken;
}

TEST(Names, HoldersLeadBackToTheirRow) {
  const auto holder = parse_holder(format_holder("m/abc/0", Uid{77}, "blob1"));
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->partition, "m/abc/0");
  EXPECT_EQ(holder->uid, Uid{77});
  EXPECT_EQ(holder->blob, "blob1");
  for (const char* other : {"", "q/0\tm/1", "m/abc/0", "m/abc/0\tu/12/b",
                            "m/abc/0\tb/0000000000000001", "m/abc/0\tu/000000000000000g/b"})
    EXPECT_FALSE(parse_holder(other)) << other;
  EXPECT_LT(block_key(Uid{9}), block_key(Uid{10}));
  EXPECT_EQ(uid_of_block_key(block_key(Uid{4294967295u})), Uid{4294967295u});
}

TEST(Names, ThreadsFollowTheMessageId) {
  EXPECT_EQ(thread_id("a@b", "m1"), thread_id("a@b", "m2"));
  EXPECT_NE(thread_id("a@b", "m1"), thread_id("a@c", "m1"));
  EXPECT_NE(thread_id("", "m1"), thread_id("", "m2"));
}

std::vector<MessageRow> rows_of(std::size_t count, std::size_t prefix_octets) {
  std::vector<MessageRow> rows(count, example_row());
  for (std::size_t i = 0; i < count; ++i) {
    rows[i].uid = Uid{static_cast<std::uint32_t>(i + 1)};
    rows[i].prefix.assign(prefix_octets, 'p');
  }
  return rows;
}

TEST(Blocks, KeepTheirLimitsAndTheOrder) {
  for (const std::size_t prefix : {std::size_t{0}, std::size_t{700}, kPrefixOctetsMax}) {
    const auto rows = rows_of(300, prefix);
    std::vector<MessageRow> found;
    for (const auto& packed : pack(rows)) {
      EXPECT_LE(packed.value.size(), store::Limits::value_octets);
      auto block = parse_block(packed.value).value();
      EXPECT_LE(block.messages.size(), kBlockMessagesMax);
      EXPECT_EQ(packed.messages, block.messages.size());
      EXPECT_EQ(packed.key, block_key(block.messages.back().uid));
      std::ranges::move(block.messages, std::back_inserter(found));
    }
    EXPECT_EQ(found, rows);
  }
  EXPECT_EQ(pack(rows_of(300, 0)).size(), 3u);
}

TEST(Blocks, LoseOnlyWhatIsTakenOut) {
  const auto packed = pack(rows_of(10, 50)).front();
  auto block = parse_block(packed.value).value();
  auto some = without(packed.key, block, UidRanges({Uid{1}, Uid{10}, Uid{11}}));
  EXPECT_EQ(some.removed.size(), 2u);
  EXPECT_EQ(some.put.key, packed.key);
  EXPECT_EQ(parse_block(*some.put.value)->messages.size(), 8u);
  EXPECT_TRUE(without(packed.key, block, UidRanges({Uid{11}})).removed.empty());
  UidRanges all;
  all.append(UidRange{Uid{1}, Uid{10}});
  EXPECT_FALSE(without(packed.key, block, all).put.value);
}

}  // namespace
}  // namespace ph::mailbox
