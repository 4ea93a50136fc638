// The shell with our own client: under TLS, and on connections that break.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "serve/pop3/testing/scene.h"

namespace ph::serve {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::Read;
using testing::Scene;
using testing::Talk;

TEST(ServePop3, TalksTlsFromTheStartOrAfterStls) {
  for (const bool implicit : {false, true}) {
    Scene scene;
    scene.secure(implicit);
    scene.listen();
    Read read{!implicit, implicit};
    scene.start(run_read(scene, read));
    ASSERT_TRUE(scene.finish());
    EXPECT_TRUE(read.finished) << read.error;
    EXPECT_EQ(read.listing, (std::vector<pop3::Listed>{{1, 14, "box-1.1"}, {2, 11, "box-1.7"}}));
    EXPECT_EQ(read.messages,
              (std::vector<std::string>{"A: b\r\n\r\n.dot\r\n", "C: d\r\n\r\nend\r\n"}));
    EXPECT_TRUE(scene.mailboxes.messages.empty());
    EXPECT_THAT(scene.journal.text(), HasSubstr("pop3 login with USER under TLSv1.3\n"));
  }
}

TEST(ServePop3, UsesNoPlaintextFromBeforeTheHandshake) {
  Scene scene;
  scene.secure(false);
  scene.listen();
  Talk said{"STLS\r\nUSER alice@example.test\r\nPASS secret\r\nQUIT\r\n", "", 300s, true};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish());
  EXPECT_EQ(said.heard, "+OK mail.example.test POP3 ready\r\n+OK begin TLS now\r\n");
  EXPECT_TRUE(scene.authenticator.attempts.empty());
}

// Connections that break anywhere: the maildrop is always given back, and a message leaves it only
// after the client had it whole (it says DELE only then).
TEST(ServePop3, LosesNothingOnConnectionsThatBreak) {
  int finished = 0, broken = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    sim::Options faults;
    faults.net.segment_octets_max = 40;
    faults.net.resets_per_million = 40'000;
    Scene scene(seed, faults);
    scene.listen();
    Read read;
    scene.start(run_read(scene, read));
    ASSERT_TRUE(scene.finish());
    EXPECT_TRUE(scene.mailboxes.locks.empty());
    if (read.finished) EXPECT_TRUE(scene.mailboxes.messages.empty());
    if (scene.mailboxes.messages.empty()) EXPECT_EQ(read.messages.size(), 2u);
    finished += read.finished;
    broken += !read.finished;
  }
  EXPECT_GT(finished, 5);
  EXPECT_GT(broken, 5);
}

}  // namespace
}  // namespace ph::serve
