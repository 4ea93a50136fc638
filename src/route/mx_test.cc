#include "route/mx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "base/ip_text.h"
#include "base/testing/conformance.h"
#include "wire/dns/rdata.h"

namespace ph::route {
namespace {

using dns::Status;

/// What the DNS says: what is not here is no_data for names that are, else NXDOMAIN.
class Records {
 public:
  Records& mx(const std::string& domain, std::uint16_t preference, const std::string& host) {
    add(domain, dns::kTypeMx, dns::format_mx({preference, host}).value());
    return *this;
  }
  Records& a(const std::string& name, const std::string& address) {
    const auto octets = parse_ip_text(address).value();
    add(name, octets.size() == kIpv4Octets ? dns::kTypeA : dns::kTypeAaaa, octets);
    return *this;
  }
  Records& cname(const std::string& name, const std::string& target) {
    aliases_[name] = target;
    return *this;
  }
  Records& exists(const std::string& name) {
    names_.insert(name);
    return *this;
  }
  Records& fails(const std::string& name, std::uint16_t type, Status status) {
    failures_[{name, type}] = status;
    return *this;
  }
  /// As a case has it: "x.test MX 10 a.test", "a.test A 192.0.2.1", "a.test A failed",
  /// "x.test CNAME y.test", "x.test exists", "x.test MX broken" (rdata that is none).
  void line(const std::string& text) {
    std::istringstream in(text);
    std::string name, type, value, host;
    in >> name >> type >> value >> host;
    if (type == "exists") {
      exists(name);
    } else if (type == "CNAME") {
      cname(name, value);
    } else if (value == "broken") {
      add(name, dns::kTypeMx, "?");
    } else if (const auto status = failure(value)) {
      const std::uint16_t number = type == "MX"  ? dns::kTypeMx
                                   : type == "A" ? dns::kTypeA
                                                 : dns::kTypeAaaa;
      fails(name, number, *status);
    } else if (type == "MX") {
      mx(name, static_cast<std::uint16_t>(std::stoi(value)), host);
    } else {
      a(name, value);
    }
  }
  Records& secure() {
    secure_ = true;
    return *this;
  }

  dns::Answer look_up(const dns::Question& question) const {
    dns::Answer answer;
    const auto alias = aliases_.find(question.name);
    const std::string& name = alias == aliases_.end() ? question.name : alias->second;
    answer.canonical = name;
    answer.secure = secure_;
    answer.ttl = 60 + question.type;
    if (const auto failed = failures_.find({name, question.type}); failed != failures_.end()) {
      answer.status = failed->second;
      if (failed->second == Status::failed) answer.why = "SERVFAIL";
    } else if (const auto found = data_.find({name, question.type}); found != data_.end()) {
      answer.status = Status::ok;
      answer.data = found->second;
    } else {
      answer.status = names_.contains(name) ? Status::no_data : Status::no_name;
    }
    return answer;
  }

 private:
  static std::optional<Status> failure(std::string_view word) {
    for (const Status status : {Status::failed, Status::timed_out, Status::bogus})
      if (to_string(status) == word) return status;
    return std::nullopt;
  }
  void add(const std::string& name, std::uint16_t type, std::string rdata) {
    names_.insert(name);
    data_[{name, type}].push_back(std::move(rdata));
  }
  std::map<dns::Question, std::vector<std::string>> data_;
  std::map<dns::Question, Status> failures_;
  std::map<std::string, std::string> aliases_;
  std::set<std::string> names_;
  bool secure_ = false;
};

/// `backwards`: the last question of a round is answered first.
MxResult plan(const std::string& domain, const Records& records, const MxSelf& self = {},
              bool backwards = false) {
  MxPlanner planner(domain, self);
  while (!planner.done()) {
    auto questions = planner.take_questions();
    if (questions.empty()) {
      ADD_FAILURE() << "neither done nor asking";
      return {};
    }
    if (backwards) std::ranges::reverse(questions);
    for (const auto& each : questions) planner.answer(each, records.look_up(each));
  }
  return planner.take_result();
}

/// "10 mx1 192.0.2.1 2001:db8::1 | 20 mx2 192.0.2.2": groups apart by bars, hosts by commas.
std::string shown(const MxResult& result) {
  std::string out;
  for (const auto& group : result.groups) {
    if (!out.empty()) out += " | ";
    out += std::to_string(group.preference);
    for (const auto& host : group.hosts) {
      out += (&host == &group.hosts.front() ? " " : ", ") + host.name;
      for (const auto& address : host.addresses) out += " " + address;
    }
  }
  return out;
}

std::string outcome(const MxResult& result) {
  switch (result.what) {
    case MxResult::What::go: return "go" + result.status;
    case MxResult::What::permanent: return "permanent " + result.status;
    case MxResult::What::temporary: return "temporary " + result.status;
  }
  return "";
}

/// Every problem of a result, in one text.
std::string problems(const MxResult& result) {
  std::string out;
  const auto add = [&](const std::string& of, const std::vector<MxProblem>& all) {
    for (const auto& each : all) {
      EXPECT_FALSE(each.fix.empty()) << each.what;
      out += of + ": " + each.what + "\n";
    }
  };
  add("", result.problems);
  for (const auto& group : result.groups)
    for (const auto& host : group.hosts) add(host.name, host.problems);
  for (const auto& host : result.left_out) add(host.name, host.problems);
  return out;
}

struct MxCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(MxCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  Records records;
  if (const auto* lines = one.as_object().if_contains("records"))
    for (const auto& line : lines->as_array()) records.line(std::string(line.as_string()));
  MxSelf self;
  if (ph::testing::has(one, "us")) self = {{"Us.Test."}, {"192.0.2.99", "2001:db8::99"}};
  const std::string domain =
      ph::testing::has(one, "domain") ? ph::testing::text(one, "domain") : "x.test";

  const MxResult result = plan(domain, records, self);
  EXPECT_EQ(outcome(result), ph::testing::text(one, "outcome")) << result.why;
  EXPECT_EQ(shown(result), ph::testing::text(one, "hosts"));
  EXPECT_EQ(result.domain, domain);
  if (ph::testing::has(one, "problem")) {
    EXPECT_NE(problems(result).find(ph::testing::text(one, "problem")), std::string::npos)
        << problems(result);
  } else {
    EXPECT_EQ(problems(result), "");
  }
  // What is said of it is one sentence for people, or nothing.
  EXPECT_EQ(result.why.empty(), result.what == MxResult::What::go);
  EXPECT_EQ(result.fix.empty(), result.what == MxResult::What::go);
  for (const auto& host : result.left_out) EXPECT_FALSE(host.left_out.empty()) << host.name;
  EXPECT_EQ(plan(domain, records, self, true).groups, result.groups);
}

INSTANTIATE_TEST_SUITE_P(File, MxCase, ::testing::ValuesIn(ph::testing::cases("route/mx.json")),
                         ph::testing::CaseName());

TEST(MxPlanner, AsksForAllAddressesAtOnce) {
  const auto records = Records().mx("x.test", 10, "a.test").mx("x.test", 20, "b.test");
  MxPlanner planner("x.test", {});
  const dns::Question mx{"x.test", dns::kTypeMx};
  EXPECT_EQ(planner.take_questions(), std::vector{mx});
  EXPECT_TRUE(planner.take_questions().empty());
  planner.answer(mx, records.look_up(mx));
  const std::vector<dns::Question> all{{"a.test", dns::kTypeAaaa},
                                       {"a.test", dns::kTypeA},
                                       {"b.test", dns::kTypeAaaa},
                                       {"b.test", dns::kTypeA}};
  EXPECT_EQ(planner.take_questions(), all);
  for (const auto& each : all) {
    EXPECT_FALSE(planner.done());
    planner.answer(each, records.look_up(each));
  }
  EXPECT_TRUE(planner.done());
}

TEST(MxPlanner, AsksNothingAboutHostsThatAreNotPreferredToUs) {
  const auto records = Records().mx("x.test", 10, "a.test").mx("x.test", 20, "us.test");
  MxPlanner planner("x.test", {{"us.test"}, {}});
  for (const auto& each : planner.take_questions()) planner.answer(each, records.look_up(each));
  for (const auto& each : planner.take_questions()) EXPECT_EQ(each.name, "a.test");
}

TEST(MxPlanner, LooksUpNoMoreHostsAndAddressesThanItsLimits) {
  Records records;
  for (std::size_t i = 0; i < kMxHostsMax + 1; ++i) {
    const auto host = "h" + std::to_string(i) + ".test";
    records.mx("x.test", static_cast<std::uint16_t>(i), host).a(host, "192.0.2.1");
  }
  for (std::size_t i = 0; i < kAddressesPerHostMax + 1; ++i)
    records.a("h0.test", "198.51.100." + std::to_string(i));
  const auto result = plan("x.test", records);
  ASSERT_EQ(result.groups.size(), kMxHostsMax);
  EXPECT_EQ(result.groups.back().preference, kMxHostsMax - 1);  // the best are kept
  EXPECT_EQ(result.groups.front().hosts.front().addresses.size(), kAddressesPerHostMax);
  EXPECT_NE(problems(result).find("more than 32 MX records"), std::string::npos);
  EXPECT_NE(problems(result).find("h0.test: it has more than 16 addresses"), std::string::npos);
}

TEST(MxPlanner, SaysWhatIsSecureAndHowLongItHolds) {
  const auto records = Records().mx("x.test", 10, "a.test").a("a.test", "192.0.2.1");
  const auto plain = plan("x.test", records);
  EXPECT_FALSE(plain.secure);
  EXPECT_FALSE(plain.groups.at(0).hosts.at(0).secure);
  EXPECT_EQ(plain.ttl, 60u + dns::kTypeA);
  const auto secure = plan("x.test", Records(records).secure());
  EXPECT_TRUE(secure.secure);
  EXPECT_TRUE(secure.groups.at(0).hosts.at(0).secure);
}

TEST(MxPlanner, SaysWhyInWordsForPeople) {
  const auto loop = plan("x.test", Records().mx("x.test", 10, "us.test"), {{"us.test"}, {}});
  EXPECT_EQ(loop.why,
            "mail for x.test loops back to us: we (us.test) are its best mail host, and do not "
            "take mail for it");
  const auto late = plan("x.test", Records().fails("x.test", dns::kTypeMx, Status::timed_out));
  EXPECT_EQ(late.why,
            "the MX records of x.test cannot be looked up: the DNS gives no answer in time");
}

/// Draws the numbers of a list, one after the other.
std::function<std::uint64_t(std::uint64_t)> drawing(std::vector<std::uint64_t> numbers) {
  return [numbers = std::move(numbers), at = std::size_t{0}](std::uint64_t bound) mutable {
    EXPECT_LT(numbers.at(at), bound);
    return numbers.at(at++);
  };
}

// RFC 5321 §5.1: hosts of one preference in random order, and all of them before the next.
TEST(TryOrder, ShufflesWithinAPreferenceAndNeverAcross) {
  const auto result = plan("x.test", Records()
                                         .mx("x.test", 10, "a.test")
                                         .mx("x.test", 10, "b.test")
                                         .mx("x.test", 10, "c.test")
                                         .mx("x.test", 20, "d.test")
                                         .a("a.test", "192.0.2.1")
                                         .a("b.test", "192.0.2.2")
                                         .a("c.test", "192.0.2.3")
                                         .a("c.test", "2001:db8::3")
                                         .a("d.test", "192.0.2.4"));
  const MxTarget a{"a.test", "192.0.2.1", 10}, b{"b.test", "192.0.2.2", 10};
  const MxTarget c6{"c.test", "2001:db8::3", 10}, c4{"c.test", "192.0.2.3", 10};
  const MxTarget d{"d.test", "192.0.2.4", 20};
  EXPECT_EQ(try_order(result, drawing({0, 0, 0, 0})), (std::vector{a, b, c6, c4, d}));
  EXPECT_EQ(try_order(result, drawing({2, 1, 0, 0})), (std::vector{c6, c4, b, a, d}));
  EXPECT_EQ(try_order(result, drawing({1, 1, 0, 0})), (std::vector{b, c6, c4, a, d}));
}

}  // namespace
}  // namespace ph::route
