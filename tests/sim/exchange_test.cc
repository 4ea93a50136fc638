// Two servers and their clients over virtual days of faults. Each message that was accepted is
// delivered or reported to its sender, each copy too many has its reason in the journals; when the
// faults stop the queues drain; and the same seed tells the same story.
#include "sim/exchange.h"

#include "sim/copies_explained.h"

namespace ph::testing {
namespace {

constexpr Size kLong{.faults = 200h, .drain = 6 * 24h, .messages = 1000};
constexpr Size kShort{.faults = 30h, .drain = 6 * 24h, .messages = 100};

/// How often the message is in mailboxes, as clients and journals have it.
int copies_due(const Sent& sent, const CopiesExplained& why) {
  if (sent.fate == Fate::bounced) return 0;
  const std::string home = sent.sender.substr(sent.sender.find('@') + 1, 1);
  if (sent.recipient.starts_with("list@")) return 1 + why.taken(other_server(home), sent.mark);
  if (sent.recipient.substr(sent.recipient.find('@') + 1, 1) == home) return 1;
  return why.taken(other_server(home), sent.mark);
}

int reports_due(const Sent& sent, const CopiesExplained& why) {
  if (sent.fate == Fate::delivered) return 0;
  const std::string home = sent.sender.substr(sent.sender.find('@') + 1, 1);
  // Where the loop closes each message that came round is noticed for itself.
  return sent.recipient.starts_with("loop@") ? why.taken(home, sent.mark) : 1;
}

std::size_t deaths(const Story& story) {
  std::size_t sum = 0;
  for (const auto& [server, instants] : story.dead) sum += instants.size();
  return sum;
}

void check(const Story& story, const Size& size) {
  EXPECT_EQ(story.accepted.size(), static_cast<std::size_t>(kClients * size.messages));
  EXPECT_EQ(story.queued, 0u) << "the queues drain when the faults stop";
  const CopiesExplained why(story);
  EXPECT_EQ(why.unexplained(), std::vector<std::string>()) << "copies without a reason";
  int wrong = 0;
  for (const auto& [mark, sent] : story.accepted) {
    const int copies = count(story.copies, mark), reports = count(story.reports, mark);
    const int due = copies_due(sent, why), reports_wanted = reports_due(sent, why);
    const bool ended = sent.fate == Fate::delivered ? copies > 0 : reports > 0;
    if (ended && copies == due && reports == reports_wanted) continue;
    ADD_FAILURE() << mark << " from " << sent.sender << " to " << sent.recipient << ": " << copies
                  << " copies of " << due << ", " << reports << " reports of " << reports_wanted;
    if (++wrong > 20) break;
  }
  fmt::print(
      "{} messages, {} lives, {} deaths; {} changes failed, {} without room, {} late; {} silences; "
      "{} copies too many by a doubt, {} by a death; {} log lines, {} events, digest {:016x}\n",
      story.accepted.size(), story.lives, deaths(story), story.failed_changes, story.without_room,
      story.late_changes, story.silences, why.by_doubt(), why.by_death(), story.log_lines,
      story.events.at("a").size() + story.events.at("b").size(), story.digest);
  // The seed was unkind.
  EXPECT_GT(deaths(story), 2u);
  EXPECT_GT(story.failed_changes, 0u);
  EXPECT_GT(story.late_changes, 0u);
  EXPECT_GT(story.silences, 0);
}

TEST(Exchange, EndsEachMessageTheSameWayEachTimeOverTwoHundredHours) {
  const Story story = Exchange(1, kLong).run();
  check(story, kLong);
  const CopiesExplained why(story);
  EXPECT_GT(why.by_doubt(), 0);
  EXPECT_GT(why.by_death(), 0);
  EXPECT_GT(story.without_room, 0u);  // rare enough that a short story may meet none

  const Story again = Exchange(1, kLong).run();
  EXPECT_EQ(story.digest, again.digest) << "the same seed, another story";
  EXPECT_EQ(story.log_lines, again.log_lines);
  EXPECT_EQ(story.accepted, again.accepted);
  EXPECT_EQ(story.copies, again.copies);
  EXPECT_EQ(story.reports, again.reports);
  const auto [mine, other] = std::ranges::mismatch(story.log, again.log);
  if (mine != story.log.end() || other != again.log.end())
    ADD_FAILURE() << "they part at line " << mine - story.log.begin() << "\n"
                  << (mine == story.log.end() ? "(end)" : *mine) << "\n"
                  << (other == again.log.end() ? "(end)" : *other);
}

class ExchangeSeeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ExchangeSeeds, EndEachMessage) { check(Exchange(GetParam(), kShort).run(), kShort); }

INSTANTIATE_TEST_SUITE_P(Short, ExchangeSeeds, ::testing::Values(2, 3, 4));

}  // namespace
}  // namespace ph::testing
