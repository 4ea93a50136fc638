#include "serve/pop3/serve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "serve/pop3/testing/scene.h"

namespace ph::serve {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::kAt;
using testing::kLogin;
using ::testing::Not;
using testing::Scene;
using testing::Talk;

constexpr const char* kWelcome =
    "+OK mail.example.test POP3 ready\r\n+OK now PASS\r\n+OK 2 messages (25 octets)\r\n";

TEST(ServePop3, RetrievesDeletesAndTellsTheJournal) {
  Scene scene;
  scene.listen();
  Talk said{std::string(kLogin) + "RETR 1\r\nDELE 1\r\nTOP 2 0\r\nUIDL\r\nQUIT\r\n"};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish());
  EXPECT_EQ(said.heard, std::string(kWelcome) +
                            "+OK 14 octets\r\nA: b\r\n\r\n..dot\r\n.\r\n"
                            "+OK message 1 is deleted at QUIT\r\n"
                            "+OK top of message follows\r\nC: d\r\n\r\n.\r\n"
                            "+OK unique ids follow\r\n2 box-1.7\r\n.\r\n"
                            "+OK bye, deleted messages are removed\r\n");
  EXPECT_EQ(scene.mailboxes.messages.size(), 1u);
  EXPECT_TRUE(scene.mailboxes.locks.empty());
  const std::string journal = scene.journal.text();
  EXPECT_THAT(journal, HasSubstr("authenticate.done  pop3 login with USER without TLS\n"));
  EXPECT_THAT(journal, HasSubstr("access.done Q1 retrieved over pop3\n"));
  EXPECT_THAT(journal, HasSubstr("access.done Q1 deleted over pop3\n"));
  EXPECT_THAT(journal, HasSubstr("session ended: 1 message(s) retrieved, 1 deleted"));
  EXPECT_THAT(journal, Not(HasSubstr("Q7")));
  for (const Event& event : scene.journal.events) {
    EXPECT_EQ(event.recipient, "alice@example.test");
    EXPECT_EQ(event.peer, scene.authenticator.attempts.at(0).peer_ip);
  }
}

TEST(ServePop3, SendsALargeMessageInPieces) {
  Scene scene;
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 6 * kPop3ChunkOctets) large += ".line\r\n..\r\nplain text\r\n";
  scene.mailboxes.messages = {{1, large, "Q1"}};
  scene.listen();
  Talk said{std::string(kLogin) + "RETR 1\r\nTOP 1 1\r\nQUIT\r\n"};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish());
  std::string stuffed;
  for (std::size_t from = 0; from < large.size();) {
    const std::size_t to = large.find("\r\n", from) + 2;
    if (large[from] == '.') stuffed += '.';
    stuffed += large.substr(from, to - from);
    from = to;
  }
  EXPECT_TRUE(said.heard.find("octets\r\n" + stuffed + ".\r\n+OK top") != said.heard.npos);
  EXPECT_THAT(said.heard, HasSubstr("follows\r\nSubject: large\r\n\r\n..line\r\n.\r\n+OK bye\r\n"));
  EXPECT_LE(scene.mailboxes.read_octets_max, kPop3ChunkOctets);
  // All of RETR, and one piece for TOP.
  EXPECT_EQ(scene.mailboxes.reads, (large.size() - 1) / kPop3ChunkOctets + 2);
}

TEST(ServePop3, GivesAMaildropToOneSessionAtATime) {
  Scene scene;
  scene.listen();
  Talk first{kLogin, "QUIT\r\n", 30s}, second{std::string(kLogin) + "QUIT\r\n"};
  scene.start(talk(scene, first));
  scene.world.run(5s);
  scene.start(talk(scene, second));
  scene.world.run(5s);
  EXPECT_THAT(second.heard, HasSubstr("-ERR [IN-USE] another session holds this maildrop\r\n"));
  EXPECT_THAT(scene.journal.text(), HasSubstr("access.deferred  pop3 session: another session"));
  ASSERT_TRUE(scene.finish());
  Talk third{std::string(kLogin) + "QUIT\r\n"};
  scene.start(talk(scene, third));
  ASSERT_TRUE(scene.finish());
  EXPECT_THAT(third.heard, HasSubstr("+OK 2 messages"));
}

TEST(ServePop3, RemovesNothingAfterATimeout) {
  Scene scene;
  scene.listen();
  Talk said{std::string(kLogin) + "DELE 1\r\n"};
  scene.start(talk(scene, said));
  scene.world.run(599s);
  EXPECT_EQ(scene.mailboxes.locks.size(), 1u);
  scene.world.run(2s);
  EXPECT_EQ(scene.sessions, 0);
  EXPECT_EQ(said.how, "cancelled");
  EXPECT_TRUE(said.heard.ends_with("+OK message 1 is deleted at QUIT\r\n"));  // and no more
  EXPECT_EQ(scene.mailboxes.messages.size(), 2u);
  EXPECT_TRUE(scene.mailboxes.locks.empty());
}

TEST(ServePop3, ClosesAStrangerWhoDoesNotLogIn) {
  Scene scene;
  scene.listen();
  Talk said{"CAPA\r\n", "CAPA\r\n", 100s};  // each command does not buy more time
  scene.start(talk(scene, said));
  scene.world.run(179s);
  EXPECT_EQ(scene.sessions, 2);
  scene.world.run(2s);
  EXPECT_EQ(scene.sessions, 0);
  EXPECT_THAT(scene.journal.text(), HasSubstr("connect.note  pop3 session ended without login"));
}

TEST(ServePop3, RemovesNothingWhenTheClientHangsUp) {
  Scene scene;
  scene.listen();
  Talk said{std::string(kLogin) + "DELE 1\r\n", "", 20s, true};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish(60s));
  EXPECT_EQ(scene.mailboxes.messages.size(), 2u);
  EXPECT_TRUE(scene.mailboxes.locks.empty());
  EXPECT_THAT(scene.journal.text(), HasSubstr("session lost: 0 message(s) retrieved, 0 deleted"));
}

TEST(ServePop3, EndsAtOnceWhenTheServerDrains) {
  Scene scene;
  scene.listen();
  Talk said{std::string(kLogin) + "DELE 1\r\n"};
  scene.start(talk(scene, said));
  scene.world.run(5s);
  ASSERT_NE(scene.latest, nullptr);
  scene.latest->interrupt();
  ASSERT_TRUE(scene.finish(1s));
  EXPECT_TRUE(
      said.heard.ends_with("-ERR [SYS/TEMP] the server is stopping, nothing was deleted\r\n"));
  EXPECT_EQ(scene.mailboxes.messages.size(), 2u);
  EXPECT_TRUE(scene.mailboxes.locks.empty());
}

Task<void> serve_next(Scene& rooms, sim::World& world, rt::Acceptor& acceptor) {  // NOLINT
  auto stream = co_await acceptor.accept();
  if (!stream) co_return;
  net::Connection connection(*std::move(stream));
  const Pop3Rooms lent{rooms.authenticator, rooms.mailboxes, rooms.journal, world.clock};
  co_await serve_pop3(connection, rooms.options, nullptr, lent);
}

Task<void> say_and_wait(sim::World& world, std::string wire) {  // NOLINT: world outlives
  auto stream = co_await world.net.connect(kAt, world.clock.now() + 60s);
  if (!stream) co_return;
  net::Connection connection(*std::move(stream));
  while (connection.input().size() < 1000) {
    auto sent = co_await connection.send(std::exchange(wire, {}), world.clock.now() + 60s);
    auto more = co_await connection.receive(world.clock.now() + 1h, net::Connection::For::data);
    if (!sent || !more) co_return;
  }
}

TEST(ServePop3, GivesTheMaildropBackWhenTheWorldEnds) {
  Scene rooms;  // outlives the world of the other
  {
    sim::World world(1);
    auto acceptor = world.net.listen(world.executor(), kAt, false);
    ASSERT_TRUE(acceptor);
    world.spawn(serve_next(rooms, world, **acceptor));
    world.spawn(say_and_wait(world, kLogin));
    world.run(5s);
    EXPECT_EQ(rooms.mailboxes.locks.size(), 1u);
  }
  EXPECT_TRUE(rooms.mailboxes.locks.empty());
}

TEST(ServePop3, CutsTheConnectionWhenAMessageBreaksOff) {
  Scene scene;
  scene.mailboxes.messages = {{1, std::string(3 * kPop3ChunkOctets, 'x') + "\r\n", "Q1"}};
  scene.mailboxes.reads_fail_from = kPop3ChunkOctets;
  scene.listen();
  Talk said{std::string(kLogin) + "RETR 1\r\nDELE 1\r\nQUIT\r\n"};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish());
  EXPECT_TRUE(said.heard.ends_with("xxx"));  // no final dot: the client knows that it is not whole
  EXPECT_EQ(scene.mailboxes.messages.size(), 1u);
  EXPECT_THAT(scene.journal.text(), HasSubstr("access.failed Q1 cannot be read: unavailable"));
  EXPECT_THAT(scene.journal.text(), Not(HasSubstr("retrieved over")));
}

TEST(ServePop3, SaysWhenAMessageOrTheRemovalFails) {
  Scene scene;
  scene.mailboxes.reads_fail_from = 0;
  scene.mailboxes.expunge_fails = true;
  scene.listen();
  Talk said{std::string(kLogin) + "RETR 1\r\nDELE 2\r\nQUIT\r\n"};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish());
  EXPECT_EQ(said.heard, std::string(kWelcome) +
                            "-ERR [SYS/TEMP] this message cannot be read now, try again later\r\n"
                            "+OK message 2 is deleted at QUIT\r\n"
                            "-ERR [SYS/TEMP] some deleted messages not removed\r\n");
  EXPECT_EQ(scene.mailboxes.messages.size(), 2u);
  EXPECT_THAT(scene.journal.text(), HasSubstr("access.failed  1 message(s) could not be deleted"));
}

TEST(ServePop3, NeverWritesDownWhatAStrangerTyped) {
  Scene scene;
  scene.listen();
  Talk said{"USER hunter2\r\nPASS tr0ub4dor\r\nAUTH PLAIN AG1hbGxvcnkAdHIwdWI0ZG9y\r\nQUIT\r\n"};
  scene.start(talk(scene, said));
  ASSERT_TRUE(scene.finish());
  scene.authenticator.down = true;
  Talk again{std::string(kLogin) + "QUIT\r\n"};
  scene.start(talk(scene, again));
  ASSERT_TRUE(scene.finish());
  const std::string journal = scene.journal.text();
  EXPECT_THAT(journal, HasSubstr("authenticate.refused  pop3 login refused: wrong user name"));
  EXPECT_THAT(journal, HasSubstr("authenticate.deferred  pop3 login refused: no answer"));
  for (const char* secret : {"hunter2", "tr0ub4dor", "mallory", "alice", "secret"}) {
    EXPECT_THAT(journal, Not(HasSubstr(secret)));
    for (const Event& event : scene.journal.events)
      EXPECT_THAT(event.recipient + event.peer + event.sender, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace ph::serve
