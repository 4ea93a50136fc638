#include "route/route.h"

#include <gtest/gtest.h>

#include <map>

namespace ph::route {
namespace {

using message::Address;

Address at(const std::string& text) {
  const auto split = text.rfind('@');
  return {text.substr(0, split), text.substr(split + 1)};
}

/// A directory in a map; what it does not list is not local unless it is in example.test.
struct Book {
  std::map<std::string, Answer> rows;
  std::size_t asked = 0;

  void account(const std::string& address, const std::string& id) {
    rows[address] = {Answer::What::account, id, 1000, true, {}, false};
  }
  void alias(const std::string& address, std::vector<Address> targets) {
    rows[address] = {Answer::What::alias, {}, {}, true, std::move(targets), false};
  }
  void moved(const std::string& address, const std::string& to, bool forward) {
    rows[address] = {Answer::What::moved, "old", {}, true, {at(to)}, forward};
  }
  Answer look_up(const Address& address) {
    ++asked;
    const auto found = rows.find(message::directory_key(address));
    if (found != rows.end()) return found->second;
    Answer answer;
    if (address.domain == "example.test") answer.what = Answer::What::unknown_user;
    return answer;
  }
};

std::vector<Plan> plan(Book& book, const std::string& recipient) {
  RoutePlanner planner(at(recipient));
  while (auto address = planner.question()) planner.answer(book.look_up(*address));
  return planner.take_plans();
}

/// "deliver alice-id alice@example.test via list@example.test" and so on.
std::vector<std::string> told(const std::vector<Plan>& plans) {
  static constexpr const char* names[] = {"deliver", "relay", "defer", "fail"};
  std::vector<std::string> out;
  for (const Plan& p : plans) {
    std::string line = names[static_cast<int>(p.what)];
    if (!p.account.empty()) line += " " + p.account;
    line += " " + message::to_string(p.recipient);
    for (const Address& via : p.via) line += " via " + message::to_string(via);
    if (!p.why.empty()) line += ": " + std::string(p.why);
    out.push_back(line);
  }
  return out;
}
using Lines = std::vector<std::string>;

TEST(Route, PlansTheSimpleCases) {
  Book book;
  book.account("alice@example.test", "A");
  EXPECT_EQ(told(plan(book, "Alice@example.test")), Lines{"deliver A Alice@example.test"});
  EXPECT_EQ(plan(book, "alice@example.test")[0].quota_octets, 1000u);
  EXPECT_EQ(told(plan(book, "x@other.test")), Lines{"relay x@other.test"});
  EXPECT_EQ(told(plan(book, "nobody@example.test")),
            Lines{"fail nobody@example.test: no such mailbox here"});
}

TEST(Route, DefersForAnAccountThatTakesNoMail) {
  Book book;
  book.account("alice@example.test", "A");
  book.rows["alice@example.test"].accepts = false;
  EXPECT_EQ(told(plan(book, "alice@example.test")),
            Lines{"defer A alice@example.test: the account takes no mail for now"});
}

TEST(Route, ExpandsAliasesOnceForEachTarget) {
  Book book;
  book.account("alice@example.test", "A");
  book.account("bob@example.test", "B");
  book.alias("staff@example.test",
             {at("alice@example.test"), at("bob@example.test"), at("Carol@other.test")});
  book.alias("all@example.test", {at("staff@example.test"), at("ALICE@example.test"),
                                  at("Carol@other.test"), at("carol@other.test")});
  EXPECT_EQ(told(plan(book, "all@example.test")),
            (Lines{"deliver A ALICE@example.test via all@example.test",
                   "relay Carol@other.test via all@example.test",
                   "relay carol@other.test via all@example.test",
                   "deliver B bob@example.test via all@example.test via staff@example.test"}));
}

TEST(Route, ForwardsWhatHasMovedIfAsked) {
  Book book;
  book.moved("old@example.test", "new@other.test", true);
  book.moved("gone@example.test", "new@other.test", false);
  EXPECT_EQ(told(plan(book, "old@example.test")),
            Lines{"relay new@other.test via old@example.test"});
  EXPECT_EQ(told(plan(book, "gone@example.test")),
            Lines{"fail gone@example.test: the mailbox has moved, and mail for it is not sent on"});
}

TEST(Route, EndsLoops) {
  Book book;
  book.account("alice@example.test", "A");
  book.alias("self@example.test", {at("self@example.test")});
  book.alias("case@example.test", {at("CASE@example.test"), at("Case@example.test")});
  book.alias("a@example.test", {at("b@example.test")});
  book.alias("b@example.test", {at("a@example.test"), at("alice@example.test")});
  book.moved("m@example.test", "n@example.test", true);
  book.moved("n@example.test", "m@example.test", true);
  EXPECT_EQ(told(plan(book, "self@example.test")),
            Lines{"fail self@example.test: the alias leads to nobody but itself"});
  EXPECT_EQ(told(plan(book, "case@example.test")),
            Lines{"fail case@example.test: the alias leads to nobody but itself"});
  EXPECT_EQ(told(plan(book, "a@example.test")),
            Lines{"deliver A alice@example.test via a@example.test via b@example.test"});
  EXPECT_EQ(told(plan(book, "m@example.test")),
            Lines{"fail m@example.test: the alias leads to nobody but itself"});
}

TEST(Route, LimitsDepth) {
  Book book;
  book.account("end@example.test", "E");
  const auto chain = [&book](std::size_t links) {
    for (std::size_t i = 0; i < links; ++i)
      book.alias(
          "l" + std::to_string(i) + "@example.test",
          {at(i + 1 < links ? "l" + std::to_string(i + 1) + "@example.test" : "end@example.test")});
  };
  chain(kAliasDepthMax);
  auto plans = plan(book, "l0@example.test");
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].what, Plan::What::deliver);
  EXPECT_EQ(plans[0].via.size(), kAliasDepthMax);
  chain(kAliasDepthMax + 1);
  plans = plan(book, "l0@example.test");
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].what, Plan::What::fail);
  EXPECT_EQ(plans[0].why, "aliases are nested too deep");
  EXPECT_EQ(plans[0].recipient, at("l0@example.test"));
  EXPECT_TRUE(plans[0].via.empty());
}

TEST(Route, LimitsCountAsAWhole) {
  Book book;
  const auto many = [](const std::string& prefix, std::size_t count) {
    std::vector<Address> out;
    for (std::size_t i = 0; i < count; ++i)
      out.push_back(at(prefix + std::to_string(i) + "@x.test"));
    return out;
  };
  book.alias("fits@example.test", many("r", kPlansMax));
  book.alias("many@example.test", many("r", kPlansMax + 1));
  book.alias("wild@example.test", many("r", 10 * kQuestionsMax));
  EXPECT_EQ(plan(book, "fits@example.test").size(), kPlansMax);
  EXPECT_EQ(told(plan(book, "many@example.test")),
            Lines{"fail many@example.test: the alias leads to too many recipients"});
  book.asked = 0;
  EXPECT_EQ(told(plan(book, "wild@example.test")),
            Lines{"fail wild@example.test: the alias leads to too many addresses"});
  EXPECT_LE(book.asked, kQuestionsMax);
}

TEST(Route, KeepsTheQuestionUntilItIsAnswered) {
  RoutePlanner planner(at("a@example.test"));
  EXPECT_EQ(planner.question(), at("a@example.test"));
  EXPECT_EQ(planner.question(), at("a@example.test"));
  planner.answer({});
  EXPECT_EQ(planner.question(), std::nullopt);
}

}  // namespace
}  // namespace ph::route
