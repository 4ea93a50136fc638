#include "base/event.h"

#include <gtest/gtest.h>

namespace ph {
namespace {

Event sample() {
  return {.at = wall_of(1795286400123),
          .stage = Stage::accept,
          .outcome = Outcome::done,
          .queue_id = "0000000000000001",
          .message_id = "m@example.test",
          .sender = "a@example.test",
          .recipient = "b@example.test",
          .peer = "127.0.0.1",
          .why = "on stable storage",
          .reply = "250 2.0.0 Ok"};
}

TEST(Event, ComesBackAsItWas) {
  const Event event = sample();
  EXPECT_EQ(parse_event(format_event(event)), event);
  const Event empty{.at = wall_of(-5)};
  EXPECT_EQ(parse_event(format_event(empty)), empty);
}

// The example of docs/formats/event.md.
TEST(Event, ReadsTheExampleOfItsFormatPage) {
  const std::string_view octets(
      "\x01\x01\x01\x02\x02\x01\x05\x03\x01\x01\x09\x02"
      "ok",
      14);
  EXPECT_EQ(
      parse_event(octets),
      (Event{.at = wall_of(1), .stage = Stage::accept, .outcome = Outcome::done, .why = "ok"}));
}

TEST(Event, PacksMany) {
  const std::vector<Event> events{sample(), Event{.why = "x"}, sample()};
  const std::string packed = format_events(events);
  EXPECT_EQ(parse_events(packed), events);
  EXPECT_EQ(parse_events(packed.substr(0, packed.size() - 1)).error().kind, Kind::corrupt);
}

TEST(Event, NamesWhatANewerProgramWroteWithoutFailing) {
  EXPECT_EQ(to_string(static_cast<Stage>(200)), "unknown");
  EXPECT_EQ(to_string(static_cast<Outcome>(200)), "unknown");
}

}  // namespace
}  // namespace ph
