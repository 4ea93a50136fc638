#include "app/cli/timeline.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "app/daemon/facts.h"

namespace ph::cli {
namespace {

Event event(std::int64_t ms, Stage stage, std::string id, std::string why) {
  Event out;
  out.at = wall_of(ms);
  out.stage = stage;
  out.outcome = Outcome::done;
  out.queue_id = std::move(id);
  out.sender = "a@x.test";
  out.why = std::move(why);
  return out;
}

TEST(Timeline, GroupsByMessageAndSaysHowLongEachStepTook) {
  auto accepted = event(1000, Stage::accept, "q1", "taken");
  accepted.reply = "250 ok";
  boost::json::array events{
      daemon::facts(accepted), daemon::facts(event(1500, Stage::accept, "q2", "")),
      daemon::facts(event(2250, Stage::deliver, "q1", "in\x1b[2J the mailbox")),
      daemon::facts(event(92250, Stage::access, "q1", "read"))};
  const auto text = format_timeline(events);
  EXPECT_TRUE(text.starts_with("q1 from <a@x.test>\n")) << text;
  EXPECT_NE(text.find("+1.250s  deliver done"), std::string::npos) << text;
  EXPECT_NE(text.find("+1m30s  access done"), std::string::npos) << text;
  EXPECT_NE(text.find("reply: 250 ok"), std::string::npos) << text;
  EXPECT_NE(text.find("in\\x1b[2J"), std::string::npos) << text;
  EXPECT_NE(text.find("\nq2 from"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace ph::cli
