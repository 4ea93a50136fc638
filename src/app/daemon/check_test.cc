#include "app/daemon/check.h"

#include <gtest/gtest.h>

#include "app/daemon/certificates.h"
#include "app/daemon/log.h"
#include "crypto/tls.h"
#include "rt/os/event_loops.h"
#include "rt/os/world.h"
#include "store/store.h"

namespace ph::daemon {
namespace {

class Check : public ::testing::Test {
 protected:
  Check() : log_(make_log(LogFormat::logfmt, rt::Level::error)), world_(*log_), loops_(1) {
    folder_ = ::testing::TempDir() + "ph-check-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name() + "-" +
              std::to_string(world_.random.below(1u << 30));
    config_ = default_config();
    config_.store = "file:" + folder_ + "/store";
    config_.folder = folder_;
    config_.listeners.clear();
  }

  std::vector<Problem> look(RunningServer running = {}) {
    return check_surroundings(config_, running, loops_.executors().front(), world_);
  }
  /// A pair, valid for ten years from `now_s`, as the configured certificate.
  void install(std::int64_t now_s, bool other_key = false) {
    const std::vector<std::string> names{"mail.example.test"};
    const auto made = *crypto::make_self_signed(names, now_s);
    const auto other = *crypto::make_self_signed(names, now_s);
    config_.certificate = folder_ + "/cert.pem";
    config_.key = folder_ + "/key.pem";
    ASSERT_TRUE(world_.disk.replace(config_.certificate, made.certificate_pem, 0600));
    ASSERT_TRUE(world_.disk.replace(config_.key, other_key ? other.key_pem : made.key_pem, 0600));
  }
  std::int64_t now_s() { return unix_ms(world_.clock.wall()) / 1000; }
  void expect_one(Severity severity, std::string_view part) {
    const auto found = look();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].severity, severity);
    EXPECT_NE(found[0].problem.find(part), std::string::npos) << found[0].problem;
    EXPECT_FALSE(found[0].fix.empty());
  }

  static constexpr std::int64_t kDay = 86400;
  static constexpr std::int64_t kTenYears = 3650 * kDay;  // roughly what make_self_signed gives
  std::unique_ptr<StandardErrorLog> log_;
  rt::os::OsWorld world_;
  rt::os::EventLoops loops_;
  std::string folder_;
  Config config_;
};

TEST_F(Check, FindsNothingWrongWithANewHouseAndMakesNothing) {
  EXPECT_TRUE(look().empty());
  EXPECT_FALSE(world_.disk.read(folder_ + "/store/CURRENT"));
}

TEST_F(Check, LooksAtTheCertificate) {
  install(now_s());
  EXPECT_TRUE(look().empty());
  install(now_s(), true);
  expect_one(Severity::error, "key");
  install(now_s() - kTenYears - 30 * kDay);
  expect_one(Severity::error, "expired");
  install(now_s() + 10 * kDay);
  expect_one(Severity::error, "valid from");
  ASSERT_TRUE(world_.disk.replace(config_.certificate, "nonsense", 0600));
  expect_one(Severity::error, "cert.pem");
  config_.key = folder_ + "/missing.pem";
  EXPECT_EQ(look().size(), 1u);
}

TEST_F(Check, FindsAPortThatIsTaken) {
  const auto taken =
      world_.net.listen(loops_.executors().front(), *rt::parse_endpoint("127.0.0.1:0"), false);
  ASSERT_TRUE(taken);
  ListenerConfig listener;
  listener.at.push_back((*taken)->local());
  listener.line = 7;
  config_.listeners.push_back(listener);
  expect_one(Severity::error, "cannot listen on smtp 127.0.0.1:");
  EXPECT_EQ(look()[0].line, 7u);
  EXPECT_TRUE(look({true, {"smtp " + rt::to_string((*taken)->local())}}).empty());
}

TEST_F(Check, FindsAStoreThatIsHeld) {
  {
    auto held = store::open(config_.store, "", world_);
    ASSERT_TRUE(held) << describe(held.error());
    expect_one(Severity::error, "in use");
    EXPECT_NE(look()[0].problem.find("default"), std::string::npos);
    config_.places.push_back({3, 1, "server.store"});
    expect_one(Severity::error, "in use");
    EXPECT_EQ(look()[0].line, 3u);
    EXPECT_EQ(look()[0].problem.find("default"), std::string::npos);
    EXPECT_TRUE(look({true, {}}).empty());
    (*held)->close();
  }
  EXPECT_TRUE(look().empty());
}

TEST_F(Check, TheSelfMadeCertificateIsMadeOnce) {
  ASSERT_TRUE(load_certificate(config_, world_));
  const auto files = certificate_files(config_);
  EXPECT_TRUE(files.self_made);
  const auto first = world_.disk.read(files.certificate);
  ASSERT_TRUE(first);
  ASSERT_TRUE(load_certificate(config_, world_));
  EXPECT_EQ(*world_.disk.read(files.certificate), *first);
  EXPECT_TRUE(look().empty());
}

}  // namespace
}  // namespace ph::daemon
