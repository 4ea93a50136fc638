#include "base/record.h"

#include <gtest/gtest.h>

namespace ph {
namespace {

// The example of docs/formats/record.md.
TEST(Record, ReadsTheExampleOfItsFormatPage) {
  const std::string_view octets(
      "\x01\x01\x03"
      "abc"
      "\x02\x02\xac\x02\x03\x01\x03",
      13);
  auto reader = RecordReader::open(octets, 1);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->next());
  EXPECT_EQ(reader->tag(), 1u);
  EXPECT_EQ(reader->text(), "abc");
  ASSERT_TRUE(reader->next());
  EXPECT_EQ(reader->number(), 300u);
  ASSERT_TRUE(reader->next());
  EXPECT_EQ(reader->signed_number(), -2);
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->broken());
  EXPECT_EQ(RecordWriter(1).text(1, "abc").number(2, 300).signed_number(3, -2).take(), octets);
}

TEST(Record, KeepsEveryNumber) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, ~std::uint64_t{0}}) {
    const std::string octets =
        RecordWriter(1).number(1, value).signed_number(2, static_cast<std::int64_t>(value)).take();
    auto reader = RecordReader::open(octets, 1);
    ASSERT_TRUE(reader && reader->next());
    EXPECT_EQ(reader->number(), value);
    ASSERT_TRUE(reader->next());
    EXPECT_EQ(reader->signed_number(), static_cast<std::int64_t>(value));
    EXPECT_FALSE(reader->broken());
  }
}

TEST(Record, RefusesAVersionItDoesNotKnow) {
  EXPECT_EQ(RecordReader::open("\x02", 1).error().kind, Kind::corrupt);
  EXPECT_EQ(RecordReader::open(std::string_view("\0", 1), 1).error().kind, Kind::corrupt);
  EXPECT_EQ(RecordReader::open("", 1).error().kind, Kind::corrupt);
}

// A record cut anywhere is either whole up to a field's end, or known to be broken: never misread.
TEST(Record, NoticesEveryCut) {
  const std::string whole = RecordWriter(1).text(1, "abc").number(2, 300).take();
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    auto reader = RecordReader::open(std::string_view(whole).substr(0, cut), 1);
    ASSERT_TRUE(reader);
    std::size_t fields = 0;
    while (reader->next()) ++fields;
    EXPECT_EQ(reader->broken(), cut != 1 && cut != 6) << fields;
  }
}

}  // namespace
}  // namespace ph
