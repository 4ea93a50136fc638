// Runs tests/conformance/pop3/*.json. A case is what the client sends ("wire") and what the server
// must answer ("out"), exactly and at every split of the wire. A wire that is a list arrives in
// just these pieces. The other keys say which house is around the session; see read_house().
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "wire/pop3/testing/house.h"

namespace ph::pop3 {
namespace {

namespace json = boost::json;

struct Case {
  std::string file;
  json::object object;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  const std::filesystem::path folder = PH_SOURCE_DIR "/tests/conformance/pop3";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (const auto& c : json::parse(text).at("cases").as_array())
      all.push_back({entry.path().stem().string(), c.as_object()});
  }
  return all;
}

std::string text(const json::object& object, std::string_view key,
                 std::string_view otherwise = {}) {
  const auto* value = object.if_contains(key);
  return std::string(value ? std::string_view(value->as_string()) : otherwise);
}

bool flag(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->as_bool();
}

template <class T>
std::vector<T> values(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? json::value_to<std::vector<T>>(*value) : std::vector<T>();
}

testing::House read_house(const json::object& c) {
  testing::House house;
  house.messages = values<std::string>(c, "messages");
  house.expunge_fails = flag(c, "expunge_fails");
  house.unique_prefix = text(c, "unique_prefix", house.unique_prefix);
  const std::string login = text(c, "login_fails");
  if (login == "locked") house.login_fails = LoginAnswer::What::locked;
  if (login == "disabled") house.login_fails = LoginAnswer::What::disabled;
  if (login == "unavailable") house.login_fails = LoginAnswer::What::unavailable;
  const std::string maildrop = text(c, "maildrop_fails");
  if (maildrop == "in_use") house.maildrop = MaildropAnswer::What::in_use;
  if (maildrop == "unavailable") house.maildrop = MaildropAnswer::What::unavailable;
  const std::string message = text(c, "message_fails");
  if (message == "gone") house.message_fails = MessageAnswer::gone;
  if (message == "unavailable") house.message_fails = MessageAnswer::unavailable;
  if (message == "cut") house.message_fails = MessageAnswer::cut;
  return house;
}

void run(const json::object& c, const std::vector<std::string_view>& pieces) {
  testing::House house = read_house(c);
  const std::string tls = text(c, "tls", "active");
  testing::Server server(house, {"mail.example.test", tls != "none", tls == "active",
                                 flag(c, "allow_plaintext") || flag(c, "logged_in")});
  server.feed(flag(c, "logged_in") ? "USER alice\r\nPASS secret\r\n" : "");
  if (flag(c, "logged_in")) house.logins.clear();

  std::string out;
  for (const std::string_view piece : pieces) out += server.feed(piece);
  EXPECT_EQ(out, text(c, "out"));
  EXPECT_EQ(server.closed(), flag(c, "closed"));
  EXPECT_EQ(server.handshakes(), flag(c, "handshake") ? 1u : 0u);
  EXPECT_EQ(house.expunged, values<std::uint32_t>(c, "expunged"));
  EXPECT_EQ(house.logins, values<std::string>(c, "logins"));
}

struct Pop3Conformance : ::testing::TestWithParam<Case> {};

TEST_P(Pop3Conformance, AnswersAsWritten) {
  const json::object& c = GetParam().object;
  SCOPED_TRACE(text(c, "spec"));
  if (c.at("wire").is_array()) {
    const auto pieces = values<std::string>(c, "wire");
    return run(c, std::vector<std::string_view>(pieces.begin(), pieces.end()));
  }
  const std::string wire = text(c, "wire");
  for (std::size_t cut = 0; cut <= wire.size() && !HasFailure(); ++cut) {
    SCOPED_TRACE(cut);
    run(c, {std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)});
  }
}

INSTANTIATE_TEST_SUITE_P(File, Pop3Conformance, ::testing::ValuesIn(cases()), [](const auto& test) {
  std::string id = test.param.file + "_" + text(test.param.object, "id");
  std::ranges::replace(id, '-', '_');
  return id;
});

}  // namespace
}  // namespace ph::pop3
