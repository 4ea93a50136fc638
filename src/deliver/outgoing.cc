#include "deliver/outgoing.h"

#include <fmt/format.h>

#include <utility>

#include "message/seven_bit.h"

namespace ph::deliver {

using smtp::ClientSession;

std::string to_string(const Target& target) {
  const std::string ip = rt::address_literal(target.at.ip);
  const std::string bare = target.at.ip.v6 ? fmt::format("[{}]", rt::to_string(target.at.ip)) : ip;
  return target.host.empty() ? fmt::format("{}:{}", bare, target.at.port)
                             : fmt::format("{} {}:{}", target.host, bare, target.at.port);
}

Outgoing::Outgoing(rt::World& world, store::Store& store,
                   std::shared_ptr<const crypto::TlsContext> tls)
    : world_(world), store_(store), tls_(std::move(tls)) {}

Task<Result<Done>> Outgoing::dial(Target target, smtp::ClientOptions options) {
  target_ = std::move(target);
  options_ = std::move(options);
  connection_.reset();
  const auto deadline = world_.clock.now() + kConnectMax;
  PH_CO_TRY(auto stream, co_await world_.net.connect(target_.at, deadline));
  if (closed_) co_return fail(Kind::cancelled, "the server is stopping");
  connection_.emplace(std::move(stream));
  session_.emplace(options_);
  co_return Done{};
}

/// The two passes of a conversion read the stored message; the prefix is ours and ASCII.
Task<Result<Done>> Outgoing::send_content(Content content, bool seven_bit) {
  std::optional<message::SevenBitWriter> writer;
  const std::uint64_t whole = content.octets;
  if (seven_bit) {
    message::SevenBitScan scan;
    for (std::uint64_t at = 0; at < whole;) {
      PH_CO_TRY(const std::string piece,
                co_await store_.read(content.blob, at, kContentPieceOctetsMax));
      if (piece.empty()) co_return fail(Kind::corrupt, "the message's body ends too early");
      scan.feed(piece);
      at += piece.size();
    }
    auto plan = scan.finish();
    if (!plan.possible()) {
      unfit_ = to_string(plan.obstacle);
      co_return fail(Kind::refused, "the message cannot be converted to 7 bits");
    }
    writer.emplace(std::move(plan));
  }
  std::string piece = std::move(content.prefix);
  for (std::uint64_t at = 0; at < whole;) {
    PH_CO_TRY(std::string read, co_await store_.read(content.blob, at, kContentPieceOctetsMax));
    if (read.empty()) co_return fail(Kind::corrupt, "the message's body ends too early");
    at += read.size();
    if (writer)
      writer->feed(read, piece);
    else
      piece += read;
    if (at >= whole && writer) writer->finish(piece);
    std::string out = session_->content(piece, at >= whole);
    piece.clear();
    PH_CO_TRY([[maybe_unused]] auto sent,
              co_await connection_->send(std::move(out), world_.clock.now() + smtp::kBlockWait));
  }
  if (whole == 0) {
    std::string out = session_->content(piece, true);
    PH_CO_TRY([[maybe_unused]] auto sent,
              co_await connection_->send(std::move(out), world_.clock.now() + smtp::kBlockWait));
  }
  co_return Done{};
}

Task<Result<Done>> Outgoing::receive(std::chrono::seconds patience) {
  co_return co_await connection_->receive(world_.clock.now() + patience,
                                          net::Connection::For::data);
}

Task<Result<Done>> Outgoing::perform(ClientSession::Action action, Content content) {
  if (auto* wait = std::get_if<ClientSession::Receive>(&action))
    co_return co_await receive(wait->patience);
  if (auto* transmit = std::get_if<ClientSession::Transmit>(&action)) {
    const auto deadline = world_.clock.now() + smtp::kBlockWait;
    co_return co_await connection_->send(std::move(transmit->octets), deadline);
  }
  if (std::holds_alternative<ClientSession::Handshake>(action)) {
    const std::string name = target_.host.empty() ? rt::to_string(target_.at.ip) : target_.host;
    auto secured =
        co_await connection_->start_tls_client(tls_, name, world_.clock.now() + kHandshakeMax);
    if (secured)
      session_->on_tls();
    else
      session_->on_tls_failed(describe(secured.error()));
    co_return Done{};
  }
  if (auto* send = std::get_if<ClientSession::SendContent>(&action))
    co_return co_await send_content(std::move(content), send->seven_bit);
  co_return Done{};
}

/// Our octets are not taken any more: what stands in the way may be on its way to us.
Task<void> Outgoing::hear_last_words() {
  const auto until = world_.clock.now() + kLastWordsMax;
  while (connection_->input().size() < kLastWordsOctetsMax) {
    auto heard = co_await connection_->receive(until, net::Connection::For::data);
    if (!heard || closed_) co_return;
  }
}

Task<smtp::ClientReport> Outgoing::deliver(smtp::Letter letter, Content content) {
  unfit_.clear();
  session_->begin(std::move(letter));
  for (;;) {
    auto step = session_->next(connection_->input());
    connection_->consume(step.consumed);
    if (std::holds_alternative<ClientSession::Settled>(step.action) ||
        std::holds_alternative<ClientSession::Finished>(step.action))
      break;
    const bool sending = std::holds_alternative<ClientSession::SendContent>(step.action) ||
                         std::holds_alternative<ClientSession::Transmit>(step.action);
    auto done = co_await perform(std::move(step.action), content);
    if (!done || closed_) {
      if (!done && done.error().kind == Kind::corrupt)
        world_.log.error("relay: a stored message is damaged", done.error());
      const bool timed_out = !done && done.error().kind == Kind::timed_out;
      const bool ours = closed_ || done.error().kind == Kind::corrupt || !unfit_.empty();
      const std::string why = closed_ ? "the server is stopping" : std::string(done.error().what);
      if (sending && !ours) {
        co_await hear_last_words();
        session_->on_cut_off(connection_->input(), why, timed_out);
      } else {
        session_->on_lost(why, timed_out);
      }
      break;
    }
  }
  auto report = session_->report();
  if (report.closing) co_await quit();
  co_return report;
}

Task<void> Outgoing::quit() {
  if (!connection_) co_return;
  session_->quit();
  for (bool more = !closed_; more;) {
    auto step = session_->next(connection_->input());
    connection_->consume(step.consumed);
    if (std::holds_alternative<ClientSession::Finished>(step.action)) break;
    auto done = co_await perform(std::move(step.action), {});
    more = done.has_value() && !closed_;
  }
  connection_.reset();
}

void Outgoing::close() {
  closed_ = true;
  if (connection_) connection_->close();
}

}  // namespace ph::deliver
