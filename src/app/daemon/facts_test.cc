#include "app/daemon/facts.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace ph::daemon {
namespace {

TEST(Utc, IsWrittenWithMillisecondsAndReadsBack) {
  EXPECT_EQ(format_utc(wall_of(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc(wall_of(1795287062123)), "2026-11-21T18:51:02.123Z");
  for (const std::int64_t ms : {0LL, 1LL, 951782400000LL, 1795287062123LL, 4102444799999LL}) {
    EXPECT_EQ(unix_ms(*parse_utc(format_utc(wall_of(ms)))), ms);
  }
  for (const char* wrong :
       {"", "2026-11-21", "2026-11-21T18:51:02.123+", "2026-13-21T18:51:02.123Z",
        "2026-02-30T18:51:02.123Z", "2026-11-21 18:51:02.123Z"}) {
    EXPECT_FALSE(parse_utc(wrong)) << wrong;
  }
}

TEST(Facts, OfAnEventLeaveNothingOutAndAreUtf8) {
  Event event;
  event.at = wall_of(1795287062123);
  event.stage = Stage::accept;
  event.outcome = Outcome::done;
  event.why = "caf\xe9";
  EXPECT_EQ(
      boost::json::serialize(facts(event)),
      "{\"at\":\"2026-11-21T18:51:02.123Z\",\"stage\":\"accept\",\"outcome\":\"done\","
      "\"queue_id\":\"\",\"message_id\":\"\",\"sender\":\"\",\"recipient\":\"\",\"peer\":\"\","
      "\"why\":\"caf\ufffd\",\"reply\":\"\"}");
}

TEST(Facts, OfAJobAndAnAliasAndADomain) {
  queue::JobInfo job;
  job.queue_id = "q1";
  job.recipient = "b@x.test";
  job.octets = 7;
  job.accepted = wall_of(1000);
  EXPECT_EQ(
      boost::json::serialize(facts(job)),
      "{\"queue_id\":\"q1\",\"sender\":\"\",\"recipient\":\"b@x.test\",\"state\":\"\",\"octets\":7,"
      "\"accepted\":\"1970-01-01T00:00:01.000Z\",\"next_attempt\":null,\"attempts\":0,"
      "\"why\":\"\",\"host\":\"\",\"reply\":\"\"}");
  EXPECT_EQ(boost::json::serialize(facts(identity::Administration::Alias{"a@x", {"b@x", "c@x"}})),
            "{\"address\":\"a@x\",\"targets\":[\"b@x\",\"c@x\"]}");
  EXPECT_EQ(boost::json::serialize(facts(identity::Domain{"x.test", wall_of(0)})),
            "{\"domain\":\"x.test\",\"created\":null}");
}

}  // namespace
}  // namespace ph::daemon
