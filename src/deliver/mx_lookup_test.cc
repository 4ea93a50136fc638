#include "deliver/mx_lookup.h"

#include <gtest/gtest.h>

#include <optional>

#include "sim/resolver.h"

namespace ph::deliver {
namespace {

using namespace std::chrono_literals;

Task<void> keep_result(rt::Resolver& resolver, rt::Instant deadline,  // NOLINT: outlives it
                       std::optional<route::MxResult>& into) {        // NOLINT
  route::MxResult result = co_await look_up_mx(resolver, "x.test", {}, deadline);
  into = std::move(result);
}

struct MxLookup : ::testing::Test {
  route::MxResult look_up() {
    std::optional<route::MxResult> result;
    world.spawn(keep_result(resolver, world.clock.now() + 10s, result));
    EXPECT_TRUE(world.run_until([&] { return result.has_value(); }));
    return result.value_or(route::MxResult{});
  }
  sim::World world{1};
  // Each question takes a second.
  sim::Resolver resolver{world, {.delay_min = 1s, .delay_max = 1s}};
};

TEST_F(MxLookup, AsksEachRoundAtOnce) {
  resolver.set_mx("x.test", {{10, "a.test"}, {10, "b.test"}, {20, "c.test"}});
  for (const char* host : {"a.test", "b.test", "c.test"}) resolver.set_a(host, {"192.0.2.1"});
  const auto result = look_up();
  EXPECT_EQ(result.what, route::MxResult::What::go);
  ASSERT_EQ(result.groups.size(), 2u);
  EXPECT_EQ(result.groups[0].hosts.size(), 2u);
  EXPECT_EQ(resolver.asked().size(), 7u);
  EXPECT_EQ(world.clock.now().time_since_epoch(), 2s);
}

TEST_F(MxLookup, EndsAtTheDeadline) {
  resolver.set_mx("x.test", {{10, "a.test"}, {20, "b.test"}});
  resolver.set_a("b.test", {"192.0.2.1"});
  resolver.set_status("a.test", dns::Status::timed_out);
  EXPECT_EQ(look_up().what, route::MxResult::What::go);  // by the other host
  EXPECT_EQ(world.clock.now().time_since_epoch(), 10s);
  resolver.set_status("x.test", dns::Status::timed_out);
  EXPECT_EQ(look_up().status, "4.4.3");
}

}  // namespace
}  // namespace ph::deliver
