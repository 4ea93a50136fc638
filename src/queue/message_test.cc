#include "queue/message.h"

#include <gtest/gtest.h>

#include "queue/queue_id.h"
#include "store/store.h"

namespace ph::queue {
namespace {

// The example of docs/formats/queue.md.
TEST(QueuedMessage, ReadsTheExampleOfItsFormatPage) {
  const std::string_view octets(
      "\x01\x01\x01"
      "a\x02\x01"
      "b\x03\x01x\x04\x01\x05\x05\x00\x06\x00\x07\x01p\x08\x01\x02\x09\x01"
      "\x00\x0a\x01\x00",
      29);
  Message expected;
  expected.sender = {"a", "b"};
  expected.blob = "x";
  expected.octets = 5;
  expected.peer = "p";
  expected.accepted = wall_of(1);
  EXPECT_EQ(format_message(expected), octets);
  auto read = parse_message(octets);
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(*read, expected);
}

// RFC 3461 §5.2.1: RET and ENVID go on as they came, or were not said.
TEST(QueuedMessage, KeepsWhatItsSenderWantsBack) {
  for (const bool full : {false, true}) {
    for (const bool headers : {false, true}) {
      Message message;
      message.blob = "x";
      message.return_full = full;
      message.return_headers = headers;
      message.envelope_id = full ? "order 7" : "";
      const auto read = parse_message(format_message(message));
      ASSERT_TRUE(read) << describe(read.error());
      EXPECT_EQ(*read, message);
    }
  }
}

TEST(QueuedMessage, KeepsItsJobs) {
  std::vector<Job> jobs;
  for (std::uint32_t i = 0; i < 250; ++i) {
    Job job{.recipient = {"u" + std::to_string(i), "example.test"},
            .state = static_cast<JobState>(1 + i % 3),
            .attempts = i,
            .next_attempt = wall_of(1000 + i),
            .why = i % 2 ? "the mailbox is full" : ""};
    if (i % 5 == 0) {
      job.held = job.warned = true;
      job.notify = Notify::success;
      job.host = "mx.b.test [192.0.2.1]:25";
      job.reply = "550-5.1.1 no\r\n550 such user\r\n";
      job.original = "rfc822;A@example.test";
    }
    if (i > 100) job.parent = i - 100;
    jobs.push_back(std::move(job));
  }
  std::vector<Job> read;
  for (std::size_t first = 0; first < jobs.size(); first += kJobsPerRow)
    ASSERT_TRUE(parse_jobs(format_jobs(jobs, first), read));
  EXPECT_EQ(read, jobs);
}

// A row must fit into a value of the store, whatever peers say.
TEST(QueuedMessage, CutsTextsSoThatARowFits) {
  Job job{.recipient = {std::string(64, 'l'), std::string(189, 'd')}};
  job.why = job.host = job.reply = job.original = std::string(4000, 'x');
  const std::string row = format_jobs(std::vector<Job>(kJobsPerRow, job), 0);
  EXPECT_LE(row.size(), store::Limits::value_octets);
  std::vector<Job> read;
  ASSERT_TRUE(parse_jobs(row, read));
  ASSERT_EQ(read.size(), kJobsPerRow);
  EXPECT_EQ(read[0].reply.size(), kJobReplyOctetsMax);
}

TEST(QueuedMessage, SaysWhenItsRowsAreDamaged) {
  const std::string row = format_jobs({Job{.recipient = {"a", "b"}}}, 0);
  std::vector<Job> jobs;
  for (std::size_t cut = 1; cut < row.size(); ++cut)
    EXPECT_FALSE(parse_jobs(row.substr(0, cut), jobs)) << cut;
  EXPECT_FALSE(parse_message(""));
  EXPECT_FALSE(parse_message("\x09"));
}

TEST(QueueIdTest, LeadsToItsPartitionAndBack) {
  const QueueId id{.day = 20778, .shard = 0, .lane = 1, .generation = 0xabcdef, .seq = 19999};
  const std::string text = to_string(id);
  EXPECT_EQ(text.size(), 16u);
  EXPECT_EQ(parse_queue_id(text), id);
  EXPECT_EQ(partition_of(id), "q/00/01/abcdef");
  EXPECT_FALSE(parse_queue_id(text.substr(1)));
  EXPECT_FALSE(parse_queue_id("m@example.test!!"));
}

TEST(QueueIdTest, SortsAsItsFieldsDo) {
  const QueueId first{.day = 1, .generation = 2, .seq = 3};
  QueueId second = first;
  second.seq = 200;
  EXPECT_LT(to_string(first), to_string(second));
  second = first;
  second.day = 300;
  EXPECT_LT(to_string(first), to_string(second));
}

}  // namespace
}  // namespace ph::queue
