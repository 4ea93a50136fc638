#include "codec/deflate.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ph::codec {
namespace {

Result<std::string> in_pieces(std::string_view octets, std::size_t step, std::size_t octets_max) {
  std::string out;
  Inflater inflater(Inflater::Form::gzip, octets_max);
  for (std::size_t at = 0; at < octets.size(); at += step) {
    PH_TRY([[maybe_unused]] const Done fed,
           inflater.feed(octets.substr(at, step), [&out](std::string_view piece) -> Result<Done> {
             out += piece;
             return Done{};
           }));
  }
  PH_TRY([[maybe_unused]] const Done whole, inflater.finish());
  return out;
}

/// An archive of one stored and one deflated file ("b.xml": the bare stream of a gzip file).
std::string archive(std::string_view stored, std::string_view text) {
  const std::string packed = gzip(text);
  const std::string_view bare = std::string_view(packed).substr(10, packed.size() - 18);
  const auto put = [](std::string& out, std::size_t value, int octets) {
    for (int i = 0; i < octets; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  };
  std::string out, directory;
  const auto add = [&](std::string_view name, std::string_view octets, std::size_t method) {
    const std::size_t at = out.size();
    out += std::string("PK\x03\x04", 4) + std::string(4, '\0');
    put(out, method, 2);
    out += std::string(16, '\0');
    put(out, name.size(), 2);
    put(out, 3, 2);
    out += name;
    out += "xyz";  // extra
    out += octets;
    directory += std::string("PK\x01\x02", 4) + std::string(6, '\0');
    put(directory, method, 2);
    directory += std::string(8, '\0');
    put(directory, octets.size(), 4);
    put(directory, 0, 4);
    put(directory, name.size(), 2);
    directory += std::string(12, '\0');
    put(directory, at, 4);
    directory += name;
  };
  add("a.txt", stored, 0);
  add("b.XML", bare, 8);
  const std::size_t at = out.size();
  out += directory + std::string("PK\x05\x06", 4) + std::string(6, '\0');
  put(out, 2, 2);
  put(out, directory.size(), 4);
  put(out, at, 4);
  put(out, 0, 2);
  return out;
}

TEST(Deflate, GzipIsReadAtEverySplit) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "line " + std::to_string(i * i) + "\n";
  const std::string packed = gzip(text);
  EXPECT_TRUE(is_gzip(packed));
  EXPECT_LT(packed.size(), text.size());
  for (std::size_t step = 1; step <= packed.size(); ++step)
    ASSERT_EQ(in_pieces(packed, step, text.size()), text) << step;
}

TEST(Deflate, FilesOneBehindTheOtherAndPaddingBehindThem) {
  const std::string packed = gzip("one ") + gzip("two") + std::string(100, '\0');
  for (std::size_t step = 1; step <= packed.size(); ++step)
    ASSERT_EQ(in_pieces(packed, step, 100), "one two") << step;
}

TEST(Deflate, WhatIsBlownUpStopsAtTheLimit) {
  const std::string bomb = gzip(std::string(20 << 20, 'a'));
  EXPECT_LT(bomb.size(), 30000u);
  std::size_t made = 0;
  Inflater inflater(Inflater::Form::gzip, 1 << 20);
  const auto fed = inflater.feed(bomb, [&made](std::string_view piece) -> Result<Done> {
    made += piece.size();
    return Done{};
  });
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().kind, Kind::over_limit);
  EXPECT_LE(made, std::size_t{1} << 20);
  EXPECT_TRUE(gunzip(bomb, 20 << 20));
}

TEST(Deflate, WhatStandsBeforeTheDamageAndTheLimitComesAtEverySplit) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "line " + std::to_string(i * i) + "\n";
  std::string damaged = gzip(text);
  damaged[damaged.size() - 6] ^= 1;  // its checksum
  const auto read = [](std::string_view octets, std::size_t step, std::size_t octets_max) {
    std::pair<std::string, Kind> got{"", Kind::unknown};
    Inflater inflater(Inflater::Form::gzip, octets_max);
    for (std::size_t at = 0; at < octets.size(); at += step) {
      const auto fed = inflater.feed(octets.substr(at, step), [&](std::string_view piece) {
        got.first += piece;
        return Result<Done>();
      });
      if (fed) continue;
      got.second = fed.error().kind;
      break;
    }
    return got;
  };
  for (std::size_t step = 1; step <= damaged.size(); ++step) {
    ASSERT_EQ(read(damaged, step, text.size()), std::pair(text, Kind::malformed)) << step;
    ASSERT_EQ(read(damaged, step, 99), std::pair(text.substr(0, 99), Kind::over_limit)) << step;
  }
}

TEST(Deflate, DamageIsSaid) {
  std::string packed = gzip("some text that is long enough to be packed, text, text, text");
  EXPECT_EQ(gunzip(packed.substr(0, packed.size() - 1), 1000).error().kind, Kind::malformed);
  EXPECT_EQ(gunzip("", 1000).error().kind, Kind::malformed);
  packed[packed.size() - 6] ^= 1;  // its checksum
  EXPECT_EQ(gunzip(packed, 1000).error().kind, Kind::malformed);
  EXPECT_EQ(gunzip("no gzip at all", 1000).error().kind, Kind::malformed);
}

TEST(Zip, TheFileWithTheSuffixElseTheFirst) {
  const std::string octets = archive("stored as it is", "packed packed packed");
  ASSERT_TRUE(is_zip(octets));
  const auto xml = find_zip_entry(octets, ".xml");
  ASSERT_TRUE(xml);
  EXPECT_EQ(xml->name, "b.XML");
  ASSERT_TRUE(xml->deflated);
  std::string out;
  Inflater inflater(Inflater::Form::deflate, 1000);
  ASSERT_TRUE(inflater.feed(xml->octets, [&out](std::string_view piece) -> Result<Done> {
    out += piece;
    return Done{};
  }));
  EXPECT_TRUE(inflater.finish());
  EXPECT_EQ(out, "packed packed packed");
  const auto first = find_zip_entry(octets, ".json");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->octets, "stored as it is");
  EXPECT_FALSE(first->deflated);
}

TEST(Zip, WhatIsCutOffAnywhereIsNoArchive) {
  const std::string octets = archive("stored", "packed");
  for (std::size_t i = 0; i < octets.size(); ++i)
    EXPECT_FALSE(find_zip_entry(std::string_view(octets).substr(0, i), ".xml")) << i;
  // Any octet another: no crash, and views stay inside.
  for (std::size_t i = 0; i < octets.size(); ++i) {
    std::string other = octets;
    other[i] = '\xff';
    const auto found = find_zip_entry(other, ".xml");
    if (!found) continue;
    EXPECT_GE(found->octets.data(), other.data());
    EXPECT_LE(found->octets.data() + found->octets.size(), other.data() + other.size());
  }
}

}  // namespace
}  // namespace ph::codec
