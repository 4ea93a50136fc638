#include "serve/pop3/testing/scene.h"

#include <utility>

namespace ph::serve::testing {
namespace {

Task<void> serve_one(Scene& scene, std::unique_ptr<rt::Stream> stream) {  // NOLINT: scene outlives
  net::Connection connection(std::move(stream));
  scene.latest = &connection;
  const Pop3Rooms rooms{scene.authenticator, scene.mailboxes, scene.journal, scene.world.clock};
  std::function<std::shared_ptr<const crypto::TlsContext>()> tls = [&scene] {
    return scene.certificate;
  };
  co_await serve_pop3(connection, scene.options, std::move(tls), rooms);
  scene.latest = nullptr;
  --scene.sessions;
}

Task<void> accept_all(Scene& scene, std::unique_ptr<rt::Acceptor> acceptor) {  // NOLINT
  for (;;) {
    auto stream = co_await acceptor->accept();
    if (!stream) co_return;
    ++scene.sessions;
    scene.world.spawn(serve_one(scene, *std::move(stream)));
  }
}

Task<Result<Done>> read_all(Scene& scene, Read& read) {  // NOLINT: both outlive
  PH_CO_TRY(auto stream, co_await scene.world.net.connect(kAt, scene.world.clock.now() + 60s));
  net::Connection connection(std::move(stream));
  const auto until = scene.world.clock.now() + 10min;
  PH_CO_TRY(auto trust, crypto::TlsContext::client(false));
  if (read.implicit_tls) {
    PH_CO_TRY([[maybe_unused]] auto info,
              co_await connection.start_tls_client(trust, "mail.example.test", until));
  }
  pop3::ClientSession session({"alice@example.test", "secret", read.stls});
  std::vector<std::string> commands;
  bool listed = false;
  std::string message;
  for (;;) {
    PH_CO_TRY(pop3::ClientSession::Step step, session.next(connection.input()));
    if (const auto* content = std::get_if<pop3::ClientSession::Content>(&step.action))
      message += content->octets;
    connection.consume(step.consumed);
    std::string out;
    if (auto* transmit = std::get_if<pop3::ClientSession::Transmit>(&step.action)) {
      out = std::move(transmit->octets);
    } else if (std::holds_alternative<pop3::ClientSession::Receive>(step.action)) {
      PH_CO_TRY([[maybe_unused]] auto more, co_await connection.receive(until));
    } else if (std::holds_alternative<pop3::ClientSession::Handshake>(step.action)) {
      PH_CO_TRY([[maybe_unused]] auto info,
                co_await connection.start_tls_client(trust, "mail.example.test", until));
      PH_CO_TRY(out, session.on_tls());
    } else if (std::holds_alternative<pop3::ClientSession::Ready>(step.action)) {
      if (!message.empty()) read.messages.push_back(std::exchange(message, {}));
      if (!listed) {
        out = session.list();
        listed = true;
      } else {
        if (read.listing.empty()) read.listing = session.listing();
        const std::size_t done = commands.size();
        const auto number = static_cast<std::uint32_t>(done / 2 + 1);
        if (done == 2 * read.listing.size()) {
          out = session.quit();
        } else {
          out = done % 2 == 0 ? session.retrieve(number) : session.remove(number);
          commands.push_back(out);
        }
      }
    } else if (std::holds_alternative<pop3::ClientSession::Finished>(step.action)) {
      read.finished = true;
      co_return Done{};
    }
    if (out.empty()) continue;
    PH_CO_TRY([[maybe_unused]] auto sent, co_await connection.send(std::move(out), until));
  }
}

}  // namespace

void Scene::listen() {
  auto acceptor = world.net.listen(world.executor(), kAt, false);
  PH_CHECK(acceptor.has_value());
  world.spawn(accept_all(*this, *std::move(acceptor)));
}

Task<void> talk(Scene& scene, Talk& said) {  // NOLINT: both outlive
  auto stream = co_await scene.world.net.connect(kAt, scene.world.clock.now() + 60s);
  if (stream) {
    net::Connection connection(*std::move(stream));
    const auto forever = scene.world.clock.now() + 24h;
    auto sent = co_await connection.send(said.wire, forever);
    rt::Instant until = said.wait > 0s ? scene.world.clock.now() + said.wait : forever;
    while (sent) {
      auto more = co_await connection.receive(until, net::Connection::For::data);
      said.heard += connection.input();
      connection.consume(connection.input().size());
      if (more) continue;
      if (more.error().kind != Kind::timed_out || said.hang_up) {
        said.how = to_string(more.error().kind);
        break;
      }
      until = forever;
      sent = co_await connection.send(said.later, forever);
    }
  }
  --scene.sessions;
}

Task<void> run_read(Scene& scene, Read& read) {  // NOLINT: both outlive
  auto done = co_await read_all(scene, read);
  if (!done) read.error = describe(done.error());
  --scene.sessions;
}

}  // namespace ph::serve::testing
