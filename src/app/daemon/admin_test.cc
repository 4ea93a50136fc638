#include "app/daemon/admin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "app/daemon/admin_socket.h"
#include "app/daemon/facts.h"
#include "app/daemon/first_start.h"
#include "app/daemon/testing/open_house.h"
#include "rt/os/unix_socket.h"

namespace ph::daemon {
namespace {

namespace json = boost::json;
using testing::OpenHouse;

void expect_failure(const json::object& reply, std::string_view kind) {
  EXPECT_EQ(reply.at("ok"), json::value(false)) << json::serialize(reply);
  EXPECT_EQ(reply.at("kind").as_string(), kind) << json::serialize(reply);
  EXPECT_FALSE(reply.at("error").as_string().empty());
}

void expect_ok(const json::object& reply) {
  EXPECT_EQ(reply.at("ok"), json::value(true)) << json::serialize(reply);
}

TEST(Admin, RefusesWhatIsNoRequest) {
  OpenHouse open;
  for (const char* wrong : {"", "x", "[]", "3", "{}", R"({"command":5})",
                            R"({"command":"no.such"})", R"({"command":"domain.add"})",
                            R"({"command":"domain.add","domain":7})", "[[[[[[[[[[[[]]]]]]]]]]]]"}) {
    SCOPED_TRACE(wrong);
    expect_failure(open.ask(wrong), "malformed");
  }
  expect_failure(open.ask(std::string(kAdminRequestOctetsMax + 1, ' ')), "over_limit");
}

TEST(Admin, AnswersEveryCommandOfTheTableAsAnObject) {
  OpenHouse open;
  for (const auto name : admin_commands()) {
    const auto reply = open.ask(json::serialize(json::object{{"command", name}}));
    EXPECT_TRUE(reply.contains("ok")) << name;
  }
}

TEST(Admin, LeadsAnAccountThroughItsLife) {
  OpenHouse open;
  expect_ok(open.ask(R"({"command":"domain.add","domain":"example.test"})"));
  expect_failure(open.ask(R"({"command":"domain.add","domain":"example.test"})"), "conflict");
  const auto made = open.ask(
      R"({"command":"account.add","address":"alice@example.test","password":"s3cret","quota_octets":5000})");
  expect_ok(made);
  const auto& account = made.at("account").as_object();
  EXPECT_EQ(account.at("address"), "alice@example.test");
  EXPECT_EQ(account.at("state"), "active");
  EXPECT_EQ(account.at("quota_octets").to_number<int>(), 5000);
  EXPECT_TRUE(account.at("moved_to").is_null());
  EXPECT_EQ(account.at("forward"), json::value(false));
  EXPECT_TRUE(parse_utc(std::string_view(account.at("created").as_string())));

  const auto shown = open.ask(R"({"command":"account.show","address":"alice@example.test"})");
  expect_ok(shown);
  EXPECT_EQ(shown.at("account").as_object().at("messages").to_number<int>(), 0);

  const auto state = [&](std::string to) {
    return open.ask(R"({"command":"account.state","address":"alice@example.test","state":")" + to +
                    "\"}");
  };
  EXPECT_EQ(state("disabled").at("account").as_object().at("state"), "disabled");
  EXPECT_EQ(state("locked").at("account").as_object().at("state"), "locked");
  EXPECT_EQ(state("active").at("account").as_object().at("state"), "active");
  expect_failure(state("asleep"), "malformed");

  const auto moved = open.ask(
      R"({"command":"account.move","address":"alice@example.test","to":"a@new.test","forward":true})");
  EXPECT_EQ(moved.at("account").as_object().at("moved_to"), "a@new.test");
  EXPECT_EQ(moved.at("account").as_object().at("forward"), json::value(true));
  const auto back =
      open.ask(R"({"command":"account.move","address":"alice@example.test","to":null})");
  EXPECT_TRUE(back.at("account").as_object().at("moved_to").is_null());
  const auto quota =
      open.ask(R"({"command":"account.quota","address":"alice@example.test","quota_octets":null})");
  EXPECT_TRUE(quota.at("account").as_object().at("quota_octets").is_null());
  expect_ok(
      open.ask(R"({"command":"account.password","address":"alice@example.test","password":"x"})"));

  expect_ok(open.ask(
      R"({"command":"alias.add","address":"team@example.test","targets":["alice@example.test"]})"));
  EXPECT_EQ(open.ask(R"({"command":"alias.list"})").at("aliases").as_array().size(), 1u);
  expect_failure(open.ask(R"({"command":"domain.remove","domain":"example.test"})"), "refused");
  expect_ok(open.ask(R"({"command":"account.remove","address":"alice@example.test"})"));
  expect_failure(open.ask(R"({"command":"account.show","address":"alice@example.test"})"),
                 "not_found");
  expect_ok(open.ask(R"({"command":"domain.remove","domain":"example.test","force":true})"));
  EXPECT_TRUE(open.ask(R"({"command":"domain.list"})").at("domains").as_array().empty());
  EXPECT_TRUE(open.ask(R"({"command":"account.list"})").at("accounts").as_array().empty());
}

TEST(Admin, WhatAdministratorsDoIsExplained) {
  OpenHouse open;
  expect_ok(open.ask(R"({"command":"domain.add","domain":"example.test"})"));
  expect_ok(open.ask(
      R"({"command":"account.add","address":"alice@example.test","password":"s3cret-phrase"})"));
  const auto found = open.ask(R"({"command":"why","term":"alice@example.test"})");
  expect_ok(found);
  EXPECT_EQ(found.at("complete"), json::value(true));
  const auto& events = found.at("events").as_array();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].as_object().at("stage"), "administer");
  EXPECT_EQ(json::serialize(found).find("s3cret"), std::string::npos);
}

TEST(Admin, TheQueueOfANewHouseIsEmpty) {
  OpenHouse open;
  const auto list = open.ask(R"({"command":"queue.list"})");
  EXPECT_TRUE(list.at("jobs").as_array().empty());
  const auto stats = open.ask(R"({"command":"queue.stats"})").at("stats").as_object();
  EXPECT_EQ(stats.at("messages").to_number<int>(), 0);
  EXPECT_TRUE(stats.at("oldest_accepted").is_null());
  EXPECT_TRUE(stats.at("destinations").as_array().empty());
  EXPECT_FALSE(open.ask(R"({"command":"queue.hold"})").at("ok").as_bool()) << "of which messages?";
  EXPECT_FALSE(
      open.ask(R"({"command":"queue.show","queue_id":"0000000000000000"})").at("ok").as_bool());
  const auto none = open.ask(R"({"command":"queue.delete","domain":"x.test"})");
  EXPECT_EQ(none.at("changed").to_number<int>(), 0);
}

TEST(AdminLine, EndsAtLf) {
  EXPECT_EQ(next_admin_line("").consumed, 0u);
  EXPECT_EQ(next_admin_line("{\"a\":1}").consumed, 0u);
  EXPECT_EQ(next_admin_line("{}\r\nx").text, "{}");
  EXPECT_EQ(next_admin_line("{}\r\nx").consumed, 4u);
  EXPECT_EQ(next_admin_line("\n").consumed, 1u);
}

Task<std::string> converse(std::string path, std::string lines, std::size_t replies,
                           rt::World& world) {  // NOLINT: outlives the task
  const auto deadline = world.clock.now() + std::chrono::seconds(30);
  auto stream = co_await rt::os::connect_unix(std::move(path), deadline);
  if (!stream) co_return "no connection";
  net::Connection connection(std::move(*stream));
  const auto sent = co_await connection.send(std::move(lines), deadline);
  if (!sent) co_return "not sent";
  while (static_cast<std::size_t>(std::ranges::count(connection.input(), '\n')) < replies) {
    const auto got = co_await connection.receive(deadline);
    if (!got) break;
  }
  co_return std::string(connection.input());
}

Task<bool> end(AdminSocket& socket) {  // NOLINT: outlives the task
  co_await socket.finish();
  co_return true;
}

TEST(AdminSocket, AnswersLinesInOrderAndClosesAfterOneThatIsTooLong) {
  OpenHouse open;
  const std::string path = ::testing::TempDir() + "ph-admin-test.sock";
  auto acceptor = rt::os::listen_unix(open.executor(), path);
  ASSERT_TRUE(acceptor) << describe(acceptor.error());
  AdminSocket socket(std::move(*acceptor), open.executor(), open.rooms());
  rt::spawn(open.executor(), [](AdminSocket* s) -> Task<void> {
    s->start();
    co_return;
  }(&socket));
  const auto two = open.run(converse(
      path, "{\"command\":\"domain.add\",\"domain\":\"a.test\"}\n{\"command\":\"domain.list\"}\r\n",
      2, open.world()));
  const auto middle = two.find('\n');
  ASSERT_NE(middle, std::string::npos) << two;
  EXPECT_TRUE(json::parse(two.substr(0, middle)).as_object().contains("domain"));
  EXPECT_TRUE(
      json::parse(two.substr(middle + 1, two.size() - middle - 2)).as_object().contains("domains"));

  const std::string flood(kAdminRequestOctetsMax + 10, ' ');
  const auto last = open.run(converse(path, flood, 1, open.world()));
  EXPECT_NE(last.find("over_limit"), std::string::npos) << last;
  open.run(end(socket));
}

TEST(FirstStart, MakesTwoAccountsOnceAndSaysWhatToType) {
  OpenHouse open;
  Config config = default_config();
  config.file = "it's here.toml";
  const auto text = open.run(first_start(open.house(), config, "build/release/posthouse"));
  ASSERT_TRUE(text) << describe(text.error());
  EXPECT_NE(text->find("send --config 'it'\\''s here.toml' --user alice@example.test"),
            std::string::npos)
      << *text;
  EXPECT_EQ(open.ask(R"({"command":"account.list"})").at("accounts").as_array().size(), 2u);
  const auto again = open.run(first_start(open.house(), config, "posthouse"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->find("POSTHOUSE_PASSWORD"), std::string::npos);
}

TEST(RandomPassword, HasFourGroupsOfFive) {
  OpenHouse open;
  const auto one = random_password(open.world().random);
  EXPECT_EQ(one.size(), 23u);
  EXPECT_EQ(std::ranges::count(one, '-'), 3);
  EXPECT_NE(one, random_password(open.world().random));
}

}  // namespace
}  // namespace ph::daemon
