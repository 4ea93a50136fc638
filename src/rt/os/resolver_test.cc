// The resolver against a small name server of our own: what it makes of answers, and that nobody
// waits longer than he asked for.
#include "rt/os/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "rt/os/event_loops.h"
#include "rt/os/testing/name_server.h"

namespace ph::rt::os {
namespace {

using namespace std::chrono_literals;
using dns::Answer;
using dns::Question;
using dns::Status;

/// Collects answers by the name asked for, from any thread.
class Answers {
 public:
  void put(const std::string& name, Answer answer) {
    {
      const std::lock_guard lock(mutex_);
      found_.emplace(name, std::move(answer));
    }
    arrived_.notify_all();
  }
  /// Waits for so many; false: they did not come.
  bool wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, 30s, [&] { return found_.size() >= count; });
  }
  Answer at(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = found_.find(name);
    return found == found_.end() ? Answer{.why = "no answer came"} : found->second;
  }
  std::size_t count(Status status) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        found_, [&](const auto& each) { return each.second.status == status; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::multimap<std::string, Answer> found_;
};

Task<void> put_answer(Resolver& resolver, Question question, Instant deadline,  // NOLINT: outlived
                      Answers& answers) {                                       // NOLINT
  Answer answer = co_await resolver.query(question, deadline);
  answers.put(question.name, std::move(answer));
}

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() { loops_.run(); }

  void ask(std::string name, Instant deadline = steady_now() + 30s,
           std::uint16_t type = dns::kTypeA) {
    rt::spawn(loops_.executors().front(),
              put_answer(*resolver_, {std::move(name), type}, deadline, answers_));
  }

  testing::NameServer server_;
  Answers answers_;
  EventLoops loops_{1};  // ended after the resolver, as OsResolver demands
  std::unique_ptr<OsResolver> resolver_ = make_resolver({.servers = {server_.at()}}).value();
};

TEST_F(ResolverTest, SaysWhatAnAuthoritativeServerSays) {
  for (const char* name :
       {"ok.test", "OK.Test.", "alias.test", "nix.test", "fail.test", "refused.test", "a..b"})
    ask(name);
  ask(std::string("a\0b", 3));
  ASSERT_TRUE(answers_.wait(8));

  const Answer ok = answers_.at("ok.test");
  EXPECT_EQ(ok.status, Status::ok) << ok.why;
  EXPECT_EQ(ok.canonical, "ok.test");
  EXPECT_EQ(std::set(ok.data.begin(), ok.data.end()),
            (std::set{std::string("\xc0\0\2\1", 4), std::string("\xc0\0\2\2", 4)}));
  EXPECT_EQ(ok.ttl, 60u);
  EXPECT_FALSE(ok.secure);
  EXPECT_EQ(answers_.at("OK.Test.").canonical, "ok.test");

  const Answer alias = answers_.at("alias.test");
  EXPECT_EQ(alias.status, Status::ok) << alias.why;
  EXPECT_EQ(alias.canonical, "ok.test");
  EXPECT_FALSE(alias.data.empty());

  EXPECT_EQ(answers_.at("nix.test").status, Status::no_name);
  EXPECT_EQ(answers_.at("nix.test").canonical, "nix.test");
  for (const std::string& name : {std::string("fail.test"), std::string("refused.test"),
                                  std::string("a..b"), std::string("a\0b", 3)}) {
    EXPECT_EQ(answers_.at(name).status, Status::failed) << name;
    EXPECT_FALSE(answers_.at(name).why.empty()) << name;
  }
}

TEST_F(ResolverTest, SaysThatThereIsNoneOfThisType) {
  ask("ok.test", steady_now() + 30s, dns::kTypeMx);
  ASSERT_TRUE(answers_.wait(1));
  EXPECT_EQ(answers_.at("ok.test").status, Status::no_data);
}

TEST_F(ResolverTest, RemembersAnswers) {
  ask("ok.test");
  ASSERT_TRUE(answers_.wait(1));
  const unsigned before = server_.questions();
  for (int i = 0; i < 10; ++i) ask("ok.test");
  ASSERT_TRUE(answers_.wait(11));
  EXPECT_EQ(answers_.count(Status::ok), 11u);
  EXPECT_EQ(server_.questions(), before);
}

TEST_F(ResolverTest, AnswersAtTheDeadline) {
  const Instant began = steady_now();
  ask("silent.test", began + 100ms);
  ask("ok.test", began - 1s);  // has passed
  ASSERT_TRUE(answers_.wait(2));
  EXPECT_EQ(answers_.at("silent.test").status, Status::timed_out);
  EXPECT_EQ(answers_.at("ok.test").status, Status::timed_out);
  EXPECT_GE(steady_now() - began, 100ms);
  ask("ok.test");  // and goes on
  ASSERT_TRUE(answers_.wait(3));
  EXPECT_EQ(answers_.count(Status::ok), 1u);
}

// What was given up still occupies libunbound: the rest waits its turn, and no longer than asked.
TEST_F(ResolverTest, WorksOnSoManyQuestionsAtATime) {
  const std::size_t count = kDnsUnderWayMax + 50;
  const Instant deadline = steady_now() + 300ms;
  for (std::size_t i = 0; i < count; ++i)
    ask("silent.test", deadline, static_cast<std::uint16_t>(i + 1000));
  ASSERT_TRUE(answers_.wait(count));
  EXPECT_EQ(answers_.count(Status::timed_out), count);
}

TEST_F(ResolverTest, TellsEveryoneWhenItCloses) {
  for (std::uint16_t i = 0; i < 20; ++i) ask("silent.test", steady_now() + 1h, 1000 + i);
  ask("ok.test");
  ASSERT_TRUE(answers_.wait(1));  // it is at work
  resolver_->close();
  ASSERT_TRUE(answers_.wait(21));
  EXPECT_EQ(answers_.count(Status::failed), 20u);
  ask("ok.test");
  ASSERT_TRUE(answers_.wait(22));
  EXPECT_EQ(answers_.count(Status::failed), 21u);
}

TEST_F(ResolverTest, SaysWhichFileItCannotRead) {
  const auto made = make_resolver({.resolv_conf = "/nonexistent/resolv.conf"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, Kind::unavailable);
  EXPECT_NE(made.error().detail.find("/nonexistent/resolv.conf"), std::string::npos);
}

}  // namespace
}  // namespace ph::rt::os
