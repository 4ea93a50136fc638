#include "serve/pop3/serve.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/line_splitter.h"
#include "serve/pop3/diary.h"
#include "wire/pop3/dot_stuffer.h"
#include "wire/pop3/session.h"

namespace ph::serve {
namespace {

using pop3::Action;

/// The maildrop while this session holds it. Its destructor gives it back.
class HeldMaildrop {
 public:
  explicit HeldMaildrop(mailbox::Mailboxes& mailboxes) : mailboxes_(mailboxes) {}
  HeldMaildrop(const HeldMaildrop&) = delete;
  HeldMaildrop& operator=(const HeldMaildrop&) = delete;
  ~HeldMaildrop() { give_back(); }
  void take(std::string token) {
    give_back();
    token_ = std::move(token);
  }
  void give_back() {
    if (!token_.empty()) mailboxes_.unlock(std::exchange(token_, {}));
  }
  const std::string& token() const { return token_; }

 private:
  mailbox::Mailboxes& mailboxes_;
  std::string token_;
};

/// One connection. perform() does what the machine says; it has no branch on protocol state.
class Shell {
 public:
  Shell(net::Connection& connection, Pop3Options options,
        std::function<std::shared_ptr<const crypto::TlsContext>()> tls, Pop3Rooms rooms)
      : connection_(connection),
        options_(std::move(options)),
        tls_(std::move(tls)),
        rooms_(rooms),
        session_({.hostname = options_.hostname,
                  .tls_available = context() != nullptr,
                  .tls_active = options_.implicit_tls,
                  .allow_plaintext = options_.allow_plaintext}),
        diary_(rooms.journal, rooms.clock, rt::to_string(connection.peer().ip), options_.listener),
        maildrop_(rooms.mailboxes),
        login_until_(in(options_.authorization_timeout)) {}

  Task<void> run();

 private:
  Task<Result<Action>> first_action();
  Task<Result<Action>> perform(Action todo);
  Task<Result<Action>> next_line();
  Task<Result<Action>> login(pop3::Login todo);
  Task<Result<Action>> open_maildrop(std::string account);
  Task<Result<Action>> send_message(pop3::SendMessage todo);
  Task<Result<Action>> expunge(std::vector<std::uint32_t> uids);
  Task<Result<Action>> start_tls();
  Task<Result<Action>> close();
  Task<Result<Done>> handshake();
  Task<Result<Done>> flush();

  std::shared_ptr<const crypto::TlsContext> context() const { return tls_ ? tls_() : nullptr; }
  rt::Instant in(std::chrono::seconds wait) const { return rooms_.clock.now() + wait; }

  net::Connection& connection_;
  Pop3Options options_;
  std::function<std::shared_ptr<const crypto::TlsContext>()> tls_;
  Pop3Rooms rooms_;
  pop3::ServerSession session_;
  Diary diary_;
  HeldMaildrop maildrop_;
  LineSplitter lines_;
  std::string replies_;                    // not yet sent
  std::vector<std::uint32_t> in_replies_;  // uids of whole messages that end in `replies_`
  rt::Instant login_until_;
  bool closed_ = false;
};

Task<void> Shell::run() {
  auto todo = co_await first_action();
  while (todo && !closed_) todo = co_await perform(*std::move(todo));
  maildrop_.give_back();
  if (todo) {
    diary_.end("ended");
  } else {
    diary_.end(todo.error().kind == Kind::timed_out ? "timed out" : "lost");
  }
}

Task<Result<Action>> Shell::first_action() {
  if (options_.implicit_tls) {
    PH_CO_TRY([[maybe_unused]] auto secured, co_await handshake());
  }
  co_return session_.greet();
}

Task<Result<Action>> Shell::perform(Action todo) {
  if (auto* send = std::get_if<pop3::Send>(&todo)) {
    replies_ += send->text;
    if (send->more || replies_.size() >= kPop3RepliesOctetsMax) {
      PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
    }
    if (send->more) co_return session_.on_more();
    co_return co_await next_line();
  }
  if (auto* login_todo = std::get_if<pop3::Login>(&todo))
    co_return co_await login(std::move(*login_todo));
  if (auto* open = std::get_if<pop3::OpenMaildrop>(&todo))
    co_return co_await open_maildrop(std::move(open->account));
  if (auto* message = std::get_if<pop3::SendMessage>(&todo))
    co_return co_await send_message(std::move(*message));
  if (auto* removal = std::get_if<pop3::Expunge>(&todo))
    co_return co_await expunge(std::move(removal->uids));
  if (auto* start = std::get_if<pop3::StartTls>(&todo)) {
    replies_ += start->text;
    co_return co_await start_tls();
  }
  replies_ += std::get<pop3::Close>(todo).text;
  co_return co_await close();
}

Task<Result<Action>> Shell::next_line() {
  const rt::Instant deadline = session_.authorized() ? in(options_.idle_timeout) : login_until_;
  for (;;) {
    const auto step = lines_.next(connection_.input(), session_.line_octets_max());
    if (step.what == LineSplitter::What::line) {
      Action todo = session_.on_line(step.text);
      connection_.consume(step.consumed);
      co_return todo;
    }
    connection_.consume(step.consumed);
    if (step.what != LineSplitter::What::more) co_return session_.on_faulty_line(step.what);

    PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
    // A peer that never lets us wait must not outlive its time either.
    if (rooms_.clock.now() >= deadline) co_return session_.on_idle_timeout();
    auto more = co_await connection_.receive(deadline, net::Connection::For::command);
    if (more) continue;
    if (more.error().kind == Kind::timed_out) co_return session_.on_idle_timeout();
    if (more.error().kind == Kind::unavailable) co_return session_.on_shutdown();
    co_return std::unexpected(std::move(more).error());
  }
}

Task<Result<Action>> Shell::login(pop3::Login todo) {
  identity::LoginAttempt attempt{std::move(todo.user), std::move(todo.password),
                                 rt::to_string(connection_.peer().ip), options_.listener};
  auto result = co_await rooms_.authenticator.login(std::move(attempt), in(options_.house_timeout));
  using From = identity::LoginResult::What;
  using To = pop3::LoginAnswer::What;
  pop3::LoginAnswer answer{To::unavailable, {}};
  if (!result) {
    diary_.not_logged_in(Outcome::deferred, std::string(result.error().what));
    co_return session_.on_login(std::move(answer));
  }
  switch (result->what) {
    case From::ok:
      answer = {To::ok, result->account.id};
      diary_.logged_in(message::to_string(result->account.address), todo.mechanism);
      break;
    case From::wrong:
      answer.what = To::wrong;
      diary_.not_logged_in(Outcome::refused, "wrong user name or password");
      break;
    case From::locked:
      answer.what = To::locked;
      diary_.not_logged_in(Outcome::deferred, "locked");
      break;
    case From::disabled:
      answer.what = To::disabled;
      diary_.not_logged_in(Outcome::refused, "the account is disabled");
      break;
  }
  co_return session_.on_login(std::move(answer));
}

Task<Result<Action>> Shell::open_maildrop(std::string account) {
  auto opened =
      co_await rooms_.mailboxes.lock_maildrop(std::move(account), in(options_.house_timeout));
  using What = pop3::MaildropAnswer::What;
  if (!opened) {
    const bool in_use = opened.error().kind == Kind::conflict;
    diary_.maildrop_refused(in_use ? "another session holds the maildrop"
                                   : std::string(opened.error().what));
    co_return session_.on_maildrop({in_use ? What::in_use : What::unavailable, {}, {}});
  }
  maildrop_.take(std::move(opened->token));
  diary_.maildrop(opened->messages);
  pop3::MaildropAnswer answer{What::opened, std::move(opened->unique_prefix), {}};
  answer.entries.reserve(opened->messages.size());
  for (const mailbox::MessageInfo& message : opened->messages)
    answer.entries.push_back({message.octets, message.uid.value, false});
  Action todo = session_.on_maildrop(std::move(answer));
  if (!session_.authorized()) maildrop_.give_back();
  co_return todo;
}

Task<Result<Action>> Shell::send_message(pop3::SendMessage todo) {
  pop3::DotStuffer stuffer;
  pop3::TopCutter cutter(todo.body_lines.value_or(0));
  const bool whole = !todo.body_lines;
  std::uint64_t offset = 0;
  while (offset < todo.octets && (whole || !cutter.done())) {
    const auto octets =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPop3ChunkOctets, todo.octets - offset));
    auto chunk = co_await rooms_.mailboxes.read(maildrop_.token(), mailbox::Uid{todo.uid}, offset,
                                                octets, in(options_.house_timeout));
    if (chunk && chunk->empty()) chunk = fail(Kind::corrupt, "shorter than it was listed");
    if (!chunk) {
      diary_.unreadable(todo.uid, chunk.error());
      if (offset > 0) co_return session_.on_message(pop3::MessageAnswer::cut);
      co_return session_.on_message(chunk.error().kind == Kind::not_found
                                        ? pop3::MessageAnswer::gone
                                        : pop3::MessageAnswer::unavailable);
    }
    if (offset == 0) replies_ += todo.reply;
    offset += chunk->size();
    stuffer.next(whole ? *chunk : cutter.next(*chunk), replies_);
    if (replies_.size() >= kPop3RepliesOctetsMax) {
      PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
    }
  }
  if (offset == 0) replies_ += todo.reply;  // an empty message
  stuffer.finish(replies_);
  if (whole) in_replies_.push_back(todo.uid);
  co_return session_.on_message(pop3::MessageAnswer::sent);
}

Task<Result<Action>> Shell::expunge(std::vector<std::uint32_t> uids) {
  // First everything that was asked for before: a client that is gone must not lose what it never
  // got.
  PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
  std::vector<mailbox::Uid> doomed;
  doomed.reserve(uids.size());
  for (const std::uint32_t uid : uids) doomed.push_back(mailbox::Uid{uid});
  auto done = co_await rooms_.mailboxes.expunge(maildrop_.token(), std::move(doomed),
                                                in(options_.house_timeout));
  if (done) {
    diary_.deleted(uids);
  } else {
    diary_.not_deleted(uids, done.error());
  }
  co_return session_.on_expunged(done.has_value());
}

Task<Result<Action>> Shell::start_tls() {
  PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
  PH_CO_TRY([[maybe_unused]] auto secured, co_await handshake());
  lines_.reset();
  co_return session_.on_tls();
}

Task<Result<Done>> Shell::handshake() {
  auto certificate = context();
  if (!certificate) co_return fail(Kind::unavailable, "no certificate for TLS");
  PH_CO_TRY(crypto::TlsInfo info, co_await connection_.start_tls_server(
                                      std::move(certificate), in(options_.handshake_timeout)));
  diary_.secured(std::move(info.version));
  co_return Done{};
}

Task<Result<Action>> Shell::close() {
  maildrop_.give_back();  // before the reply: the client may be back before we have returned
  closed_ = true;
  PH_CO_TRY([[maybe_unused]] auto sent, co_await flush());
  co_return Action{};
}

Task<Result<Done>> Shell::flush() {
  if (replies_.empty()) co_return Done{};
  PH_CO_TRY(Done done,
            co_await connection_.send(std::exchange(replies_, {}), in(options_.write_timeout)));
  for (const std::uint32_t uid : in_replies_) diary_.retrieved(uid);
  in_replies_.clear();
  co_return done;
}

}  // namespace

Task<void> serve_pop3(net::Connection& connection, Pop3Options options,
                      std::function<std::shared_ptr<const crypto::TlsContext>()> tls,
                      Pop3Rooms rooms) {
  Shell shell(connection, std::move(options), std::move(tls), rooms);
  co_await shell.run();
}

}  // namespace ph::serve
