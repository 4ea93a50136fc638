#include "rt/os/answer_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace ph::rt::os {
namespace {

using namespace std::chrono_literals;
using dns::Answer;
using dns::Question;
using dns::Status;

const Question kQuestion{"a.test", dns::kTypeTxt};
const Instant kBegin{1000s};
const HashKey kKey{'k', 'e', 'y'};

Answer answer(std::uint32_t ttl, Status status = Status::ok) {
  return {.status = status, .canonical = "a.test", .data = {"\x01x"}, .ttl = ttl};
}

TEST(AnswerMemory, GivesAnAnswerUntilItsTtlHasPassed) {
  AnswerMemory memory(kKey);
  EXPECT_FALSE(memory.find(kQuestion, kBegin));
  memory.keep(kQuestion, answer(10), kBegin);
  EXPECT_EQ(memory.find(kQuestion, kBegin), answer(10));
  EXPECT_EQ(memory.find(kQuestion, kBegin + 4s), answer(6));
  EXPECT_FALSE(memory.find({"a.test", dns::kTypeMx}, kBegin));
  EXPECT_FALSE(memory.find({"b.test", dns::kTypeTxt}, kBegin));
  EXPECT_FALSE(memory.find(kQuestion, kBegin + 10s));
  memory.keep(kQuestion, answer(86400), kBegin);
  EXPECT_TRUE(memory.find(kQuestion, kBegin + 1s * kDnsRememberedSecondsMax - 1s));
  EXPECT_FALSE(memory.find(kQuestion, kBegin + 1s * kDnsRememberedSecondsMax));
}

TEST(AnswerMemory, KeepsThatThereIsNothingButNoTrouble) {
  AnswerMemory memory(kKey);
  for (const Status status : {Status::failed, Status::timed_out, Status::bogus}) {
    memory.keep(kQuestion, answer(10, status), kBegin);
    EXPECT_FALSE(memory.find(kQuestion, kBegin));
  }
  for (const Status status : {Status::no_name, Status::no_data}) {
    memory.keep(kQuestion, answer(10, status), kBegin);
    ASSERT_TRUE(memory.find(kQuestion, kBegin));
    EXPECT_EQ(memory.find(kQuestion, kBegin)->status, status);
  }
}

/// Other questions, so many that what was newer becomes older.
void fill_a_half(AnswerMemory& memory, Instant now) {
  for (std::size_t i = 0; i < kDnsRememberedMax / 2; ++i)
    memory.keep({"other" + std::to_string(i), dns::kTypeA}, answer(60), now);
}

TEST(AnswerMemory, TheOlderHalfIsFoundToo) {
  AnswerMemory memory(kKey);
  memory.keep(kQuestion, answer(30), kBegin);
  fill_a_half(memory, kBegin);
  EXPECT_EQ(memory.find(kQuestion, kBegin + 20s), answer(10));
  EXPECT_FALSE(memory.find(kQuestion, kBegin + 30s));  // its TTL counts there as well
  memory.keep(kQuestion, answer(60), kBegin);
  for (int halves = 0; halves < 2; ++halves) fill_a_half(memory, kBegin);
  EXPECT_FALSE(memory.find(kQuestion, kBegin));
}

TEST(AnswerMemory, AnOlderAnswerDoesNotOutliveTheNewerOne) {
  AnswerMemory memory(kKey);
  memory.keep(kQuestion, answer(60), kBegin);
  fill_a_half(memory, kBegin);
  memory.keep(kQuestion, answer(5, Status::no_name), kBegin + 10s);
  ASSERT_TRUE(memory.find(kQuestion, kBegin + 14s));
  EXPECT_EQ(memory.find(kQuestion, kBegin + 14s)->status, Status::no_name);
  EXPECT_FALSE(memory.find(kQuestion, kBegin + 15s));
}

TEST(AnswerMemory, AnyKeyWillDo) {
  for (const char octet : {'\0', 'a', '\xff'}) {
    HashKey key;
    key.fill(octet);
    AnswerMemory memory(key);
    memory.keep(kQuestion, answer(10), kBegin);
    EXPECT_TRUE(memory.find(kQuestion, kBegin));
  }
}

TEST(AnswerMemory, IsBounded) {
  AnswerMemory memory(kKey);
  Answer large = answer(10);
  large.data = {std::string(kDnsRememberedOctetsMax, 'x')};
  memory.keep(kQuestion, large, kBegin);
  EXPECT_FALSE(memory.find(kQuestion, kBegin));
  const auto question = [](std::size_t number) { return Question{std::to_string(number), 1}; };
  for (std::size_t i = 0; i < 3 * kDnsRememberedMax; ++i)
    memory.keep(question(i), answer(10), kBegin);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 3 * kDnsRememberedMax; ++i)
    kept += memory.find(question(i), kBegin) ? 1 : 0;
  EXPECT_LE(kept, kDnsRememberedMax);
  EXPECT_GE(kept, kDnsRememberedMax / 2);
  EXPECT_TRUE(memory.find(question(3 * kDnsRememberedMax - 1), kBegin));  // the newest
}

TEST(AnswerMemory, KeepsNothingWhenClosed) {
  AnswerMemory memory(kKey);
  memory.keep(kQuestion, answer(10), kBegin);
  memory.close();
  EXPECT_FALSE(memory.find(kQuestion, kBegin));
  memory.keep(kQuestion, answer(10), kBegin);
  EXPECT_FALSE(memory.find(kQuestion, kBegin));
}

}  // namespace
}  // namespace ph::rt::os
