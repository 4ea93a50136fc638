#include "net/run_check.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "sim/resolver.h"

namespace ph::net {
namespace {

using namespace std::chrono_literals;

/// Knows answers, and asks for those that are missing: what run_check() wants of such a class.
struct Known {
  std::map<dns::Question, dns::Answer> answers;
  std::vector<dns::Question> open;
  const dns::Answer* find(const std::string& name) {
    const dns::Question question{name, dns::kTypeA};
    const auto found = answers.find(question);
    if (found == answers.end()) open.push_back(question);
    return found == answers.end() ? nullptr : &found->second;
  }
  std::vector<dns::Question> take_questions() { return std::exchange(open, {}); }
  void answer(const dns::Question& question, dns::Answer answer) {
    answers[question] = std::move(answer);
  }
};

/// Needs a and b, and then c.
struct ThreeNames {
  int* runs;
  std::optional<std::vector<dns::Status>> operator()(Known& known) const {
    ++*runs;
    const auto* a = known.find("a.test");
    const auto* b = known.find("b.test");
    if (a == nullptr || b == nullptr) return std::nullopt;
    const auto* c = known.find("c.test");
    if (c == nullptr) return std::nullopt;
    return std::vector{a->status, b->status, c->status};
  }
};

Task<void> keep(rt::Resolver& resolver, Known& known, int* runs,  // NOLINT: outlive it
                rt::Instant deadline,
                std::optional<std::vector<dns::Status>>& into) {  // NOLINT
  auto outcome = co_await run_check(resolver, known, ThreeNames{runs}, deadline);
  into = std::move(outcome);
}

struct RunCheck : ::testing::Test {
  std::vector<dns::Status> check(Known& known) {
    std::optional<std::vector<dns::Status>> outcome;
    world.spawn(keep(resolver, known, &runs, world.clock.now() + 10s, outcome));
    EXPECT_TRUE(world.run_until([&] { return outcome.has_value(); }));
    return outcome.value_or(std::vector<dns::Status>{});
  }
  int runs = 0;
  sim::World world{1};
  sim::Resolver resolver{world, {.delay_min = 1s, .delay_max = 1s}};  // each question
};

TEST_F(RunCheck, AsksEachRoundAtOnce) {
  for (const char* name : {"a.test", "c.test"}) resolver.set_a(name, {"192.0.2.1"});
  Known known;
  EXPECT_EQ(check(known), (std::vector{dns::Status::ok, dns::Status::no_name, dns::Status::ok}));
  EXPECT_EQ(resolver.asked().size(), 3u);
  EXPECT_EQ(world.clock.now().time_since_epoch(), 2s);
  EXPECT_EQ(runs, 3);
  // What is known is not asked again.
  check(known);
  EXPECT_EQ(resolver.asked().size(), 3u);
}

TEST_F(RunCheck, EndsAtTheDeadline) {
  resolver.set_status("b.test", dns::Status::timed_out);
  Known known;
  EXPECT_EQ(check(known),
            (std::vector{dns::Status::no_name, dns::Status::timed_out, dns::Status::timed_out}));
  EXPECT_EQ(world.clock.now().time_since_epoch(), 10s);
}

}  // namespace
}  // namespace ph::net
