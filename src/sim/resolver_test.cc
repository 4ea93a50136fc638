// The simulated DNS: zones as tests write them, in virtual time, the same in every run.
#include "sim/resolver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ph::sim {
namespace {

using namespace std::chrono_literals;
using dns::Status;

Task<void> keep_answer(Resolver& resolver, dns::Question question, rt::Instant deadline,  // NOLINT
                       std::optional<dns::Answer>& into) {                                // NOLINT
  into = co_await resolver.query(question, deadline);
}

struct SimResolver : ::testing::Test {
  dns::Answer ask(const std::string& name, std::uint16_t type, std::chrono::seconds wait = 5s) {
    std::optional<dns::Answer> answer;
    world.spawn(keep_answer(resolver, {name, type}, world.clock.now() + wait, answer));
    EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }));
    return answer.value_or(dns::Answer{});
  }
  World world{1};
  Resolver resolver{world};
};

TEST_F(SimResolver, AnswersFromItsZones) {
  resolver.set_mx("X.test.", {{10, "mx.x.test"}, {20, "."}});
  resolver.set_a("mx.x.test", {"192.0.2.1", "2001:db8::1", "192.0.2.2"});
  resolver.set_cname("www.test", "alias.test");
  resolver.set_cname("alias.test", "mx.x.test");

  const auto mx = ask("x.TEST", dns::kTypeMx);
  EXPECT_EQ(mx.status, Status::ok);
  EXPECT_EQ(mx.canonical, "x.test");
  EXPECT_EQ(mx.data,
            (std::vector{std::string("\0\x0a\2mx\1x\4test\0", 13), std::string("\0\x14\0", 3)}));
  EXPECT_EQ(ask("mx.x.test", dns::kTypeA).data.size(), 2u);
  EXPECT_EQ(ask("mx.x.test", dns::kTypeAaaa).data.size(), 1u);
  EXPECT_EQ(ask("www.test", dns::kTypeA).canonical, "mx.x.test");
  EXPECT_EQ(ask("www.test", dns::kTypeA).status, Status::ok);
  EXPECT_EQ(ask("mx.x.test", dns::kTypeMx).status, Status::no_data);
  EXPECT_EQ(ask("test", dns::kTypeMx).status, Status::no_data);  // names are below it
  EXPECT_EQ(ask("nix.test", dns::kTypeMx).status, Status::no_name);
  EXPECT_EQ(ask("a..b", dns::kTypeMx).status, Status::failed);
  resolver.set_a("mx.x.test", {});
  EXPECT_EQ(ask("mx.x.test", dns::kTypeA).status, Status::no_name);
  EXPECT_EQ(resolver.asked().size(), 10u);
}

TEST_F(SimResolver, EndsLoopsOfAliases) {
  resolver.set_cname("a.test", "b.test");
  resolver.set_cname("b.test", "a.test");
  EXPECT_EQ(ask("a.test", dns::kTypeA).status, Status::failed);
}

TEST_F(SimResolver, GivesTheStatusThatATestWants) {
  resolver.set_a("a.test", {"192.0.2.1"});
  resolver.set_status("a.test", Status::failed);
  EXPECT_EQ(ask("a.test", dns::kTypeA).status, Status::failed);
  resolver.set_status("a.test", std::nullopt);
  resolver.set_status("a.test", dns::kTypeAaaa, Status::bogus);
  EXPECT_EQ(ask("a.test", dns::kTypeA).status, Status::ok);
  EXPECT_EQ(ask("a.test", dns::kTypeAaaa).status, Status::bogus);
  resolver.set_status("a.test", dns::kTypeA, Status::timed_out);
  const auto began = world.clock.now();
  EXPECT_EQ(ask("a.test", dns::kTypeA, 7s).status, Status::timed_out);
  EXPECT_EQ(world.clock.now() - began, 7s);
}

std::string story(std::uint64_t seed) {
  World world(1);
  Resolver resolver(
      world, {.seed = seed, .failed_per_million = 300'000, .timed_out_per_million = 300'000});
  resolver.set_a("a.test", {"192.0.2.1"});
  std::string out;
  for (int i = 0; i < 30; ++i) {
    std::optional<dns::Answer> answer;
    world.spawn(keep_answer(resolver, {"a.test", dns::kTypeA}, world.clock.now() + 5s, answer));
    EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }));
    out += fmt::format("{}@{} ", to_string(answer->status),
                       world.clock.now().time_since_epoch() / 1us);
  }
  return out;
}

TEST(SimResolverFaults, AreThoseOfTheSeed) {
  const std::string one = story(7);
  EXPECT_EQ(story(7), one);
  EXPECT_NE(story(8), one);
  for (const char* status : {"ok@", "failed@", "timed_out@"})
    EXPECT_NE(one.find(status), std::string::npos) << one;
}

}  // namespace
}  // namespace ph::sim
