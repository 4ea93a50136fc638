#include "serve/smtp/serve.h"

#include <fmt/format.h>

#include "base/line_splitter.h"
#include "wire/smtp/data_decoder.h"

namespace ph::serve {
namespace {

using smtp::ServerSession;

/// One connection. The loop in run() performs Actions; it has no branch on protocol state.
class Shell {
 public:
  Shell(net::Connection& connection, smtp::ServerOptions options, SmtpTimeouts timeouts,
        TlsSource tls, SmtpRooms rooms)
      : connection_(connection),
        implicit_tls_(options.implicit_tls),
        timeouts_(timeouts),
        tls_(std::move(tls)),
        rooms_(rooms),
        session_(std::move(options)),
        began_(rooms.clock.now()) {}

  ~Shell() {
    if (admitted_) rooms_.policy.departed(session_.client());
  }

  Task<void> run();

 private:
  Task<Result<smtp::Action>> first_action();
  Task<Result<smtp::Action>> perform(smtp::Action todo);
  Task<Result<smtp::Action>> next_line();
  Task<Result<smtp::Action>> ask(smtp::Question question);
  Task<Result<smtp::Action>> receive(smtp::ReceiveData todo);
  Task<Result<Done>> read_message(std::shared_ptr<intake::Draft> draft, smtp::Received& received);
  Task<Result<Done>> flush();
  void say(const smtp::Reply& reply) {
    if (reply.code != 0) replies_ += smtp::format_reply(reply);
  }
  rt::Instant in(std::chrono::seconds wait) const { return rooms_.clock.now() + wait; }
  void note_end(std::string_view how);

  net::Connection& connection_;
  bool implicit_tls_;
  SmtpTimeouts timeouts_;
  TlsSource tls_;
  SmtpRooms rooms_;
  ServerSession session_;
  LineSplitter lines_;
  std::string replies_;  // held back until the group ends
  bool admitted_ = false, closed_ = false;
  rt::Instant began_;
};

void Shell::note_end(std::string_view how) {
  const smtp::Client& client = session_.client();
  std::string peer = client.ip;
  if (!client.helo.empty()) peer += fmt::format(" (helo {})", client.helo);
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(rooms_.clock.now() - began_);
  rooms_.journal.note(
      {.at = rooms_.clock.wall(),
       .stage = Stage::connect,
       .outcome = Outcome::note,
       .peer = std::move(peer),
       .why = fmt::format("{} session {} after {} message(s) and {} ms{}", client.listener, how,
                          session_.messages_accepted(), lasted.count(),
                          client.tls ? ", " + client.tls_version : "")});
}

Task<void> Shell::run() {
  auto todo = co_await first_action();
  while (todo && !closed_) todo = co_await perform(*std::move(todo));
  if (todo) {
    note_end("ended");
  } else if (todo.error().kind == Kind::timed_out) {
    note_end("timed out");
  } else {
    note_end("lost");
  }
}

Task<Result<smtp::Action>> Shell::first_action() {
  if (!implicit_tls_) co_return session_.connected();
  auto context = tls_();
  if (!context) co_return fail(Kind::unavailable, "no certificate for implicit TLS");
  PH_CO_TRY(crypto::TlsInfo info,
            co_await connection_.start_tls_server(std::move(context), in(timeouts_.handshake)));
  co_return session_.connected(info.version, info.cipher);
}

Task<Result<smtp::Action>> Shell::perform(smtp::Action todo) {
  if (auto* send = std::get_if<smtp::Send>(&todo)) {
    say(send->reply);
    if (send->flush || replies_.size() > kRepliesOctetsMax) {
      PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
    }
    co_return co_await next_line();
  }
  if (auto* question = std::get_if<smtp::Ask>(&todo))
    co_return co_await ask(std::move(question->question));
  if (auto* data = std::get_if<smtp::ReceiveData>(&todo))
    co_return co_await receive(std::move(*data));
  if (auto* start = std::get_if<smtp::StartTls>(&todo)) {
    auto context = tls_();
    if (!context) co_return fail(Kind::unavailable, "the certificate is gone");
    say(start->reply);
    PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
    PH_CO_TRY(crypto::TlsInfo info,
              co_await connection_.start_tls_server(std::move(context), in(timeouts_.handshake)));
    lines_.reset();
    co_return session_.on_tls(info.version, info.cipher);
  }
  const bool cut_off = std::get<smtp::Close>(todo).last.code >= 500;
  say(std::get<smtp::Close>(todo).last);
  closed_ = true;
  auto sent = co_await flush();  // the peer may be gone already
  if (sent && cut_off) co_await connection_.linger(in(timeouts_.linger));
  co_return todo;
}

Task<Result<smtp::Action>> Shell::next_line() {
  const rt::Instant deadline = in(timeouts_.command);
  for (;;) {
    const LineSplitter::Step step = lines_.next(connection_.input(), ServerSession::kLineOctetsMax);
    switch (step.what) {
      case LineSplitter::What::line: {
        smtp::Action action = session_.on_line(step.text);
        connection_.consume(step.consumed);
        co_return action;
      }
      case LineSplitter::What::too_long:
        connection_.consume(step.consumed);
        co_return session_.on_line_too_long();
      case LineSplitter::What::bare_line_end:
        connection_.consume(step.consumed);
        co_return session_.on_bare_line_end();
      case LineSplitter::What::more: connection_.consume(step.consumed); break;
    }
    PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
    auto more = co_await connection_.receive(deadline, net::Connection::For::command);
    if (more) continue;
    if (more.error().kind == Kind::timed_out) co_return session_.on_idle_timeout();
    if (more.error().kind == Kind::unavailable) co_return session_.on_shutdown();
    co_return std::unexpected(std::move(more).error());
  }
}

Task<Result<smtp::Action>> Shell::ask(smtp::Question question) {
  const bool connect = std::holds_alternative<smtp::AskConnect>(question.what);
  smtp::Verdict verdict = co_await rooms_.policy.decide(std::move(question), in(timeouts_.house));
  if (connect) admitted_ = verdict.reason == smtp::Reason::ok;
  co_return session_.on_verdict(std::move(verdict));
}

Task<Result<smtp::Action>> Shell::receive(smtp::ReceiveData todo) {
  auto opened = co_await rooms_.intake.open(std::move(todo.envelope), in(timeouts_.house));
  if (!opened) co_return session_.on_received({.what = smtp::Received::What::no_space});
  std::shared_ptr<intake::Draft> draft = *std::move(opened);  // this frame and read_message's
  say(todo.go_ahead);
  PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
  smtp::Received received;
  auto read = co_await read_message(draft, received);
  lines_.reset();
  if (!read) {
    if (read.error().kind == Kind::timed_out) {
      say({421, "4.4.2", "timeout inside the message: nothing of it was kept"});
      auto told = co_await flush();
      static_cast<void>(told);
    }
    co_return std::unexpected(std::move(read).error());
  }
  co_return session_.on_received(std::move(received));
}

/// Reads up to the final dot. The answer is in `received` only when the message is durable or
/// turned away; an error means that the connection is of no more use and the message is dropped.
Task<Result<Done>> Shell::read_message(std::shared_ptr<intake::Draft> draft,
                                       smtp::Received& received) {  // NOLINT: awaited on the spot
  smtp::DataDecoder decoder;
  const rt::Instant last = in(timeouts_.data_total);
  for (bool end = false; !end;) {
    std::string piece;
    while (!end && piece.size() < kPieceOctetsMax) {
      const std::string_view input = connection_.input();
      if (input.empty()) break;
      const smtp::DataDecoder::Slice slice = decoder.next(std::span(input.data(), input.size()));
      piece.append(slice.content.data(), slice.content.size());
      connection_.consume(slice.consumed);
      end = slice.end;
    }
    if (!piece.empty()) co_await draft->write(std::move(piece), in(timeouts_.house));
    if (end || !connection_.input().empty()) continue;
    PH_CO_TRY([[maybe_unused]] auto more,
              co_await connection_.receive(std::min(in(timeouts_.data_block), last),
                                           net::Connection::For::data));
  }
  using From = intake::Finished::What;
  using To = smtp::Received::What;
  switch (decoder.fault()) {
    case smtp::DataDecoder::Fault::line_too_long:
      draft->refuse("a line of the message is over 65536 octets");
      received.what = To::line_too_long;
      co_return Done{};
    case smtp::DataDecoder::Fault::bad_line_end:
      draft->refuse("a CR or LF alone in the message (RFC 5321 §2.3.8)");
      received.what = To::bad_line_end;
      co_return Done{};
    case smtp::DataDecoder::Fault::none: break;
  }
  intake::Finished finished = co_await draft->finish(in(timeouts_.house));
  switch (finished.what) {
    case From::accepted: received.what = To::accepted; break;
    case From::too_big: received.what = To::too_big; break;
    case From::too_many_hops: received.what = To::too_many_hops; break;
    case From::no_space: received.what = To::no_space; break;
    case From::temporary: received.what = To::temporary; break;
    case From::unproven: received.what = To::unproven; break;
    case From::unprovable: received.what = To::unprovable; break;
  }
  received.text = std::move(finished.reply);
  received.queue_id = std::move(finished.queue_id);
  co_return Done{};
}

Task<Result<Done>> Shell::flush() {
  if (replies_.empty()) co_return Done{};
  co_return co_await connection_.send(std::exchange(replies_, {}), in(timeouts_.write));
}

}  // namespace

Task<void> serve_smtp(net::Connection& connection, smtp::ServerOptions options,
                      SmtpTimeouts timeouts, TlsSource tls, SmtpRooms rooms) {
  options.peer_ip = rt::to_string(connection.peer().ip);
  options.tls_available = tls && tls() != nullptr;
  Shell shell(connection, std::move(options), timeouts, std::move(tls), rooms);
  co_await shell.run();
}

}  // namespace ph::serve
