// The rooms behind a POP3 session, in memory, with faults that a test sets.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "identity/port.h"
#include "journal/port.h"
#include "mailbox/port.h"

namespace ph::serve::testing {

class Authenticator final : public identity::Authenticator {
 public:
  std::map<std::string, std::string> passwords = {{"alice@example.test", "secret"}};
  std::optional<identity::LoginResult::What> answers;  // set: to every login
  bool down = false;
  std::vector<identity::LoginAttempt> attempts;

  Task<Result<identity::LoginResult>> login(identity::LoginAttempt attempt, rt::Instant) override {
    attempts.push_back(attempt);
    if (down) co_return fail(Kind::unavailable, "no answer");
    identity::LoginResult result;
    const auto found = passwords.find(attempt.user);
    if (answers) result.what = *answers;
    if (!answers && found != passwords.end() && found->second == attempt.password) {
      result.what = identity::LoginResult::What::ok;
      result.account.id = "account-1";
      result.account.address = {"alice", "example.test"};
    }
    co_return result;
  }
};

class Mailboxes final : public mailbox::Mailboxes {
 public:
  struct Message {
    std::uint32_t uid = 0;
    std::string octets, queue_id;
  };
  std::vector<Message> messages;
  std::optional<std::uint64_t> reads_fail_from;  // this offset
  bool expunge_fails = false;
  // What was asked of it.
  std::size_t read_octets_max = 0;
  std::size_t reads = 0;
  std::set<std::string> locks;

  Task<Result<mailbox::Maildrop>> lock_maildrop(std::string account, rt::Instant) override {
    if (!locks.empty()) co_return fail(Kind::conflict, "held");
    mailbox::Maildrop drop;
    drop.token = account + "#" + std::to_string(++last_token_);
    drop.unique_prefix = "box-1";
    for (const Message& message : messages)
      drop.messages.push_back(
          {mailbox::Uid{message.uid}, message.octets.size(), "", {}, message.queue_id});
    locks.insert(drop.token);
    co_return drop;
  }

  Task<Result<std::string>> read(std::string token, mailbox::Uid uid, std::uint64_t offset,
                                 std::size_t octets, rt::Instant) override {
    PH_CHECK(locks.contains(token));
    ++reads;
    read_octets_max = std::max(read_octets_max, octets);
    if (reads_fail_from && offset >= *reads_fail_from)
      co_return fail(Kind::unavailable, "the store is away");
    const auto found = std::ranges::find(messages, uid.value, &Message::uid);
    if (found == messages.end()) co_return fail(Kind::not_found, "no such message");
    co_return found->octets.substr(static_cast<std::size_t>(offset), octets);
  }

  Task<Result<Done>> expunge(std::string token, std::vector<mailbox::Uid> uids,
                             rt::Instant) override {
    PH_CHECK(locks.contains(token));
    if (expunge_fails) co_return fail(Kind::unavailable, "the store is away");
    for (const mailbox::Uid uid : uids)
      std::erase_if(messages, [&](const Message& m) { return m.uid == uid.value; });
    co_return Done{};
  }

  void unlock(std::string_view token) override { PH_CHECK(locks.erase(std::string(token)) == 1); }

  // A POP3 session has no business with these.
  Task<Result<mailbox::Delivered>> deliver(mailbox::Delivery, rt::Instant) override {
    co_return fail(Kind::refused, "not for POP3");
  }
  Task<Result<mailbox::Usage>> usage(std::string, rt::Instant) override {
    co_return fail(Kind::refused, "not for POP3");
  }
  Task<Result<Done>> erase(std::string, rt::Instant) override {
    co_return fail(Kind::refused, "not for POP3");
  }

 private:
  int last_token_ = 0;
};

class Journal final : public journal::Journal {
 public:
  std::vector<Event> events;

  void note(Event event) override { events.push_back(std::move(event)); }
  Task<Result<std::vector<Event>>> find(std::string, rt::Instant) override { co_return events; }

  /// "stage.outcome queue-id why", one a line.
  std::string text() const {
    std::string out;
    for (const Event& event : events)
      out += std::string(to_string(event.stage)) + "." + std::string(to_string(event.outcome)) +
             " " + event.queue_id + " " + event.why + "\n";
    return out;
  }
};

}  // namespace ph::serve::testing
