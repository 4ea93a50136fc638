// The room's door: which accounts are open, and who may call.
#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "mailbox/mailbox.h"
#include "mailbox/maildrop.h"
#include "mailbox/names.h"
#include "mailbox/turns.h"
#include "mailbox/writer.h"

namespace ph::mailbox {
namespace {

constexpr std::size_t kBlobIdOctetsMax = 64;

struct OpenAccount {
  OpenAccount(Services services, const std::string& id) : account(id), writer(services, id) {}
  std::string account;
  Turns turns;
  Writer writer;
};
/// Owners: the list of open accounts, and each call under way; the last call's copy going means
/// that the account is idle and may be closed.
using Pin = std::shared_ptr<OpenAccount>;

/// The accounts in memory, at most Options::open_mailboxes_max; the one unused for longest goes
/// first.
class OpenAccounts {
 public:
  explicit OpenAccounts(Services services) : services_(services) {}

  /// unavailable: so many are busy that none can be closed.
  Result<Pin> pin(const std::string& account) {
    const std::lock_guard lock(mutex_);
    if (const auto at = places_.find(account); at != places_.end()) {
      recent_.splice(recent_.begin(), recent_, at->second);
      return *at->second;
    }
    if (recent_.size() >= services_.options.open_mailboxes_max && !close_one())
      return fail(Kind::unavailable, "too many mailboxes are in use");
    recent_.push_front(std::make_shared<OpenAccount>(services_, account));
    places_.emplace(account, recent_.begin());
    return recent_.front();
  }

 private:
  bool close_one() {
    std::size_t looks = 0;
    for (auto at = recent_.end(); at != recent_.begin() && looks < kEvictLooksMax; ++looks) {
      --at;
      if (at->use_count() > 1) continue;  // only pin(), under the mutex, makes the first copy
      places_.erase((*at)->account);
      recent_.erase(at);
      return true;
    }
    return false;
  }

  Services services_;
  std::mutex mutex_;
  std::list<Pin> recent_;  // used last first
  std::unordered_map<std::string, std::list<Pin>::iterator> places_;
};

bool is_name(std::string_view text, std::size_t octets_max) {
  return !text.empty() && text.size() <= octets_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

Result<Done> check_account(std::string_view account) {
  if (!is_name(account, kAccountIdOctetsMax)) return fail(Kind::malformed, "not an account id");
  return Done{};
}

Result<Done> check_delivery(const Delivery& delivery) {
  PH_TRY([[maybe_unused]] auto account, check_account(delivery.account));
  if (!is_name(delivery.once, kOnceOctetsMax))
    return fail(Kind::malformed, "not a delivery's name");
  if (!is_name(delivery.blob, kBlobIdOctetsMax)) return fail(Kind::malformed, "not a blob id");
  if (delivery.queue_id.size() > kQueueIdOctetsMax) return fail(Kind::malformed, "not a queue id");
  if (delivery.prefix.size() > kPrefixOctetsMax)
    return fail(Kind::malformed, "more header fields are added than a message row holds");
  return Done{};
}

Kind door_kind(Kind kind) {  // what a caller of the door can do something about
  return kind == Kind::conflict || kind == Kind::unknown ? Kind::unavailable : kind;
}

class StoreMailboxes final : public Mailboxes {
 public:
  explicit StoreMailboxes(Services services) : services_(services), accounts_(services) {}

  Task<Result<Delivered>> deliver(Delivery delivery, rt::Instant deadline) override {
    PH_CO_TRY([[maybe_unused]] auto checked, check_delivery(delivery));
    if (delivery.message_id.size() > kMessageIdOctetsMax) delivery.message_id.clear();
    PH_CO_TRY(const Pin account, accounts_.pin(delivery.account));
    Job job{std::move(delivery), deadline, std::nullopt, std::nullopt};
    const Turn turn = co_await account->turns.enter(&job);
    if (turn == Turn::full) co_return fail(Kind::unavailable, "too many deliveries wait");
    if (turn == Turn::mine) {
      const TurnHold hold(account->turns);
      co_await account->writer.deliver(&job, &account->turns);
    }
    co_return *std::move(job.answer);
  }

  Task<Result<Usage>> usage(std::string account, rt::Instant deadline) override {
    PH_CO_TRY([[maybe_unused]] auto checked, check_account(account));
    PH_CO_TRY(const Pin open, accounts_.pin(account));
    if (const auto seen = open->writer.usage_seen()) co_return *seen;
    Job job{std::nullopt, deadline, std::nullopt, std::nullopt};
    PH_CO_TRY([[maybe_unused]] auto turn, co_await enter(open, &job));
    const TurnHold hold(open->turns);
    PH_CO_TRY(const store::Opt opt, opt_until(deadline));
    auto usage = co_await open->writer.usage(opt);
    co_return at_door(std::move(usage));
  }

  Task<Result<Maildrop>> lock_maildrop(std::string account, rt::Instant deadline) override {
    PH_CO_TRY([[maybe_unused]] auto checked, check_account(account));
    PH_CO_TRY([[maybe_unused]] auto locked, sessions_.lock(account));
    auto drop = co_await open_maildrop(account, deadline);
    if (!drop) sessions_.unlock_account(account);
    co_return at_door(std::move(drop));
  }

  Task<Result<std::string>> read(std::string token, Uid uid, std::uint64_t offset,
                                 std::size_t octets, rt::Instant deadline) override {
    PH_CO_TRY(auto session, sessions_.find(token));
    PH_CO_TRY(const store::Opt opt, opt_until(deadline));
    auto text = co_await read_message(services_, std::move(session), uid, offset, octets, opt);
    co_return at_door(std::move(text));
  }

  Task<Result<Done>> expunge(std::string token, std::vector<Uid> uids,
                             rt::Instant deadline) override {
    PH_CO_TRY(auto session, sessions_.find(token));
    PH_CO_TRY(const Pin open, accounts_.pin(session->account));
    Job job{std::nullopt, deadline, std::nullopt, std::nullopt};
    PH_CO_TRY([[maybe_unused]] auto turn, co_await enter(open, &job));
    const TurnHold hold(open->turns);
    PH_CO_TRY(const store::Opt opt, opt_until(deadline));
    std::erase(uids, Uid{0});
    auto done =
        co_await open->writer.expunge(session->view.mailbox_id, UidRanges(std::move(uids)), opt);
    co_return at_door(std::move(done));
  }

  void unlock(std::string_view token) override { sessions_.end(token); }

  Task<Result<Done>> erase(std::string account, rt::Instant deadline) override {
    PH_CO_TRY([[maybe_unused]] auto checked, check_account(account));
    PH_CO_TRY(const Pin open, accounts_.pin(account));
    Job job{std::nullopt, deadline, std::nullopt, std::nullopt};
    PH_CO_TRY([[maybe_unused]] auto turn, co_await enter(open, &job));
    const TurnHold hold(open->turns);
    PH_CO_TRY(const store::Opt opt, opt_until(deadline));
    auto erased = co_await open->writer.erase(opt);
    co_return at_door(std::move(erased));
  }

 private:
  template <class T>
  static Result<T> at_door(Result<T> result) {
    if (!result) result.error().kind = door_kind(result.error().kind);
    return result;
  }

  static Task<Result<Done>> enter(Pin account, Job* job) {
    const Turn turn = co_await account->turns.enter(job);
    if (turn == Turn::full) co_return fail(Kind::unavailable, "too many calls wait for a mailbox");
    co_return Done{};
  }

  /// timed_out: the deadline has passed.
  Result<store::Opt> opt_until(rt::Instant deadline) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - services_.world.clock.now());
    if (left.count() <= 0) return fail(Kind::timed_out, "the mailbox was busy for too long");
    return store::Opt{.deadline = std::min(left, kStoreWaitMax)};
  }

  Task<Result<Maildrop>> open_maildrop(std::string account, rt::Instant deadline) {
    PH_CO_TRY(const Pin open, accounts_.pin(account));
    auto session = std::make_shared<Session>();
    session->account = account;
    PH_CO_TRY(session->view, co_await inbox_view(open, deadline));
    PH_CO_TRY(const store::Opt opt, opt_until(deadline));
    Maildrop drop;
    PH_CO_TRY(drop.messages, co_await list_messages(services_, session->view, opt));
    drop.token = random_id(services_.world.random);
    drop.unique_prefix = session->view.mailbox_id + "." + std::to_string(session->view.uidvalidity);
    sessions_.add(drop.token, std::move(session));
    co_return drop;
  }

  Task<Result<InboxView>> inbox_view(Pin open, rt::Instant deadline) {
    Job job{std::nullopt, deadline, std::nullopt, std::nullopt};
    PH_CO_TRY([[maybe_unused]] auto turn, co_await enter(open, &job));
    const TurnHold hold(open->turns);
    PH_CO_TRY(const store::Opt opt, opt_until(deadline));
    co_return co_await open->writer.inbox(opt);
  }

  Services services_;
  OpenAccounts accounts_;
  Sessions sessions_;
};

}  // namespace

std::unique_ptr<Mailboxes> make_mailboxes(store::Store& store, rt::World& world, Options options) {
  return std::make_unique<StoreMailboxes>(Services{store, world, options});
}

}  // namespace ph::mailbox
