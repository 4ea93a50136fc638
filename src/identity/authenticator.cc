#include "identity/authenticator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "crypto/hash.h"
#include "identity/peer_key.h"

namespace ph::identity {

namespace {

using What = LoginResult::What;

/// Read in place of an account's id, so that a user that does not exist takes the same steps.
constexpr const char* kNobody = "nobody";

std::string user_key_of(const message::Address& address) {
  return crypto::sha256(message::directory_key(address));
}

/// The address that a user name means; nullopt: none that could be ours.
std::optional<message::Address> address_of(const std::string& user,
                                           const std::string& first_domain) {
  if (user.empty() || user.size() > kLoginUserOctetsMax) return std::nullopt;
  auto address = message::parse_address(user);
  if (!address) address = message::parse_address(user + "@" + first_domain);
  if (!address) return std::nullopt;
  if (address->domain.empty()) address->domain = first_domain;  // "postmaster"
  return *std::move(address);
}

}  // namespace

PasswordAuthenticator::PasswordAuthenticator(Rows& rows, CachedDirectory& directory,
                                             PasswordHasher& hasher, rt::World& world, Note note,
                                             const Options& options)
    : rows_(rows),
      directory_(directory),
      hasher_(hasher),
      world_(world),
      note_(std::move(note)),
      options_(options),
      guard_(options),
      key_(crypto::kSha256Octets, '\0') {
  world_.random.fill(key_);
}

std::string PasswordAuthenticator::code_of(const std::string& id,
                                           const std::string& password) const {
  std::string text = id;
  text.reserve(id.size() + 1 + password.size());  // so that no copy of the password is left behind
  text.push_back('\0');
  text += password;
  std::string code = crypto::hmac_sha256(key_, text);
  crypto::wipe(text);
  return code;
}

void PasswordAuthenticator::note(const Claim& claim, Outcome outcome, std::string why) {
  Event event;
  event.at = world_.clock.wall();
  event.stage = Stage::authenticate;
  event.outcome = outcome;
  // A name that is nobody's may be a password typed into the wrong field: it is not kept.
  if (claim.account) event.recipient = message::to_string(claim.account->address);
  event.peer = claim.peer_text;
  event.why = std::move(why);
  note_(std::move(event));
}

Task<Result<LoginResult>> PasswordAuthenticator::login(LoginAttempt attempt, rt::Instant deadline) {
  const WipeView wiped(attempt.password);
  PH_CO_TRY(Claim claim, co_await claim_of(std::move(attempt.user), std::move(attempt.peer_ip),
                                           std::move(attempt.listener), deadline));
  const rt::Instant now = world_.clock.now();
  if (const auto locked = guard_.locked(claim.peer_key, claim.user_key, now))
    co_return turn_away(claim, locked);

  if (claim.account) {
    const std::string& id = claim.account->id;
    const auto remembered = remembered_.find(id, now);
    if (remembered && crypto::same_secret(remembered->code, code_of(id, attempt.password)))
      co_return admit(claim, remembered->account);
  }
  PH_CO_TRY(const bool locked, co_await locked_before_restart(claim, deadline));
  if (locked) co_return turn_away(claim, {.user = true});
  co_return co_await check(std::move(claim), std::move(attempt.password), deadline);
}

Task<Result<PasswordAuthenticator::Claim>> PasswordAuthenticator::claim_of(std::string user,
                                                                           std::string peer_ip,
                                                                           std::string listener,
                                                                           rt::Instant deadline) {
  PH_CO_TRY(const DomainTablePtr domains, co_await directory_.domains(deadline));
  Claim out;
  out.peer_key = peer_key(peer_ip);
  out.peer_text = fmt::format("{} (listener {})", peer_ip, listener);
  auto address = address_of(user, domains->first);
  if (!address) {
    out.user_key = crypto::sha256(ascii_lower(std::string_view(user)));
    co_return out;
  }
  // However it is spelt: the tries at one account are counted together.
  if (const DomainRow* const domain = domains->find(address->domain))
    address->domain = domain->domain.name;
  out.user_key = user_key_of(*address);
  PH_CO_TRY(Resolved found, co_await directory_.resolve(*address, deadline));
  const bool account = found.what == Resolved::What::account || found.what == Resolved::What::moved;
  // Only the account's own address logs in: not a tagged one, nor postmaster on another's behalf.
  if (account && message::directory_key(found.account.address) == message::directory_key(*address))
    out.account = std::move(found.account);
  co_return out;
}

Task<Result<bool>> PasswordAuthenticator::locked_before_restart(Claim claim, rt::Instant deadline) {
  const std::string id = claim.account ? claim.account->id : kNobody;
  PH_CO_TRY(const Found<LockRow> lock, co_await rows_.lock(id, deadline));
  if (!lock) co_return false;
  const auto left = lock->value.until - world_.clock.wall();
  if (left <= left.zero()) co_return false;
  const rt::Instant now = world_.clock.now();
  // The wall clock may have jumped; no lock is longer than a lock.
  guard_.lock_user(claim.user_key, now + std::min(left, options_.login_lock), now);
  co_return true;
}

Task<Result<LoginResult>> PasswordAuthenticator::check(Claim claim, std::string password,
                                                       rt::Instant deadline) {
  const WipeView wiped(password);
  const std::uint64_t epoch = remembered_.epoch();
  const std::string id = claim.account ? claim.account->id : kNobody;
  PH_CO_TRY(Found<AccountRow> row, co_await rows_.account(id, deadline));
  if (!row) claim.account.reset();

  std::string code = code_of(id, password);
  PH_CO_TRY(const bool good,
            co_await hasher_.verify(row ? std::move(row->value.verifier) : crypto::decoy_verifier(),
                                    std::move(password), deadline));
  // While we waited for our turn others may have used up the last tries.
  const rt::Instant now = world_.clock.now();
  if (const auto locked = guard_.locked(claim.peer_key, claim.user_key, now))
    co_return turn_away(claim, locked);
  if (!good || !row) co_return co_await reject(std::move(claim), deadline);

  guard_.forgive_user(claim.user_key);
  Account account = std::move(row->value.account);
  if (account.state == AccountState::active)
    remembered_.put(id, {std::move(code), account}, now + kLoginCacheAge, epoch);
  co_return admit(claim, std::move(account));
}

LoginResult PasswordAuthenticator::admit(const Claim& claim, Account account) {
  switch (account.state) {
    case AccountState::active: break;
    case AccountState::disabled:
      note(claim, Outcome::refused, "right password, but the account is disabled");
      return {What::disabled, {}};
    case AccountState::locked:
      note(claim, Outcome::refused, "right password, but the account is locked");
      return {What::locked, {}};
  }
  note(claim, Outcome::done, "logged in");
  return {What::ok, std::move(account)};
}

LoginResult PasswordAuthenticator::turn_away(const Claim& claim, LoginGuard::Locked locked) {
  std::string_view who = locked.peer && locked.user ? "peer and account are"
                         : locked.peer              ? "peer is"
                                                    : "account is";
  note(claim, Outcome::deferred,
       fmt::format("{} locked for a while after too many wrong passwords", who));
  return {What::locked, {}};
}

Task<Result<LoginResult>> PasswordAuthenticator::reject(Claim claim, rt::Instant deadline) {
  const rt::Instant now = world_.clock.now();
  const LoginGuard::Failed failed = guard_.failed(claim.peer_key, claim.user_key, now);
  note(claim, Outcome::refused,
       fmt::format("{} ({} of {})", claim.account ? "wrong password" : "unknown user",
                   failed.failures, options_.login_failures_max));
  if (failed.locks) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(options_.login_lock);
    std::string_view who = failed.locks.peer && failed.locks.user ? "peer and account"
                           : failed.locks.peer                    ? "peer"
                                                                  : "account";
    note(claim, Outcome::refused,
         fmt::format("{} locked for {} minutes after {} wrong passwords", who, minutes.count(),
                     failed.failures));
  }
  if (failed.locks.user && claim.account) {
    const Wall until = world_.clock.wall() + options_.login_lock;
    auto kept = co_await rows_.put_lock(claim.account->id, {until}, deadline);
    // The lock holds in this process all the same.
    if (!kept) world_.log.error("identity.lock", kept.error());
  }
  const rt::Executor executor = co_await boost::asio::this_coro::executor;
  const auto timer = world_.timers.timer(executor);
  [[maybe_unused]] auto waited = co_await timer->wait_until(std::min(now + failed.delay, deadline));
  co_return LoginResult{What::wrong, {}};
}

Task<Result<Done>> PasswordAuthenticator::renew(Account account, rt::Instant deadline) {
  remembered_.clear();
  guard_.forgive_user(user_key_of(account.address));
  co_return co_await rows_.erase_lock(account.id, deadline);
}

}  // namespace ph::identity
