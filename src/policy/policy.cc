#include "policy/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "identity/peer_key.h"
#include "policy/connection_counts.h"

namespace ph::policy {

namespace {

using identity::Resolved;
using smtp::Client;
using smtp::Reason;
using smtp::Role;
using smtp::Verdict;

Verdict yes() { return {}; }
Verdict no(Reason reason, std::string why, std::string address = {}) {
  return {reason, std::move(why), std::move(address), {}};
}
Verdict cannot_answer(const Error& error) {
  return no(Reason::temporary_failure, std::string(error.what));
}

bool is_refusal(Reason reason) {
  switch (reason) {
    case Reason::ok:
    case Reason::moved_forwarding:
    case Reason::cannot_verify:
    case Reason::verified: return false;
    default: return true;
  }
}

Outcome outcome_of(Reason reason) {
  switch (reason) {
    case Reason::recipient_disabled:
    case Reason::no_space:
    case Reason::login_locked:
    case Reason::too_many_connections:
    case Reason::temporary_failure: return Outcome::deferred;
    default: return Outcome::refused;
  }
}

/// The address of "[192.0.2.1]" or "[ipv6:2001:db8::1]"; nullopt: another kind of domain.
std::optional<rt::IpAddress> literal_ip(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
  domain = domain.substr(1, domain.size() - 2);
  constexpr std::string_view kTag = "ipv6:";
  if (same_ascii(domain.substr(0, kTag.size()), kTag)) domain.remove_prefix(kTag.size());
  auto ip = rt::parse_ip(domain);
  if (!ip) return std::nullopt;
  return *ip;
}

class HousePolicy final : public Policy {
 public:
  HousePolicy(Services services, Options options)
      : services_(std::move(services)), options_(std::move(options)) {}

  Task<Verdict> decide(smtp::Question question, rt::Instant deadline) override;
  void departed(const Client& client) override {
    connections_.release(identity::peer_key(client.ip));
  }

 private:
  Task<Verdict> login(Client client, smtp::AskLogin ask, rt::Instant deadline);
  Task<Verdict> sender(Client client, smtp::AskSender ask, rt::Instant deadline);
  Task<Verdict> recipient(Client client, smtp::AskRecipient ask, rt::Instant deadline);
  Task<Verdict> verify(Client client, smtp::AskVerify ask, rt::Instant deadline);
  Verdict connect(const Client& client);
  Verdict elsewhere(const Client& client, const message::Address& recipient) const;
  Task<Verdict> into_account(identity::Account account, std::uint64_t declared_octets,
                             rt::Instant deadline);

  bool trusted(const Client& client) const;
  bool login_missing(const Client& client) const;
  bool is_this_host(std::string_view domain) const;
  void note(const Client& client, Stage stage, const std::string& sender,
            const std::string& recipient, const Verdict& verdict);

  const Services services_;
  const Options options_;
  ConnectionCounts connections_;
};

bool HousePolicy::trusted(const Client& client) const {
  const auto ip = rt::parse_ip(client.ip);
  return ip && std::ranges::any_of(options_.trusted_networks, [&](const rt::Network& network) {
           return network.contains(*ip);
         });
}

/// RFC 6409 §4.3: a submission server takes mail from those it knows.
bool HousePolicy::login_missing(const Client& client) const {
  return client.role == Role::submission && client.account.empty() && !trusted(client);
}

bool HousePolicy::is_this_host(std::string_view domain) const {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (same_ascii(domain, options_.hostname)) return true;
  const auto ip = literal_ip(domain);
  return ip && (ip->is_loopback() ||
                std::ranges::find(options_.own_addresses, *ip) != options_.own_addresses.end());
}

void HousePolicy::note(const Client& client, Stage stage, const std::string& sender,
                       const std::string& recipient, const Verdict& verdict) {
  if (!is_refusal(verdict.reason)) return;
  Event event;
  event.at = services_.world.clock.wall();
  event.stage = stage;
  event.outcome = outcome_of(verdict.reason);
  event.sender = sender;
  event.recipient = recipient;
  event.peer =
      client.helo.empty() ? client.ip : fmt::format("{} (helo {})", client.ip, client.helo);
  event.why = verdict.why;
  services_.note(std::move(event));
}

Task<Verdict> HousePolicy::decide(smtp::Question question, rt::Instant deadline) {
  const Client& client = question.client;
  if (std::holds_alternative<smtp::AskConnect>(question.what)) {
    const Verdict verdict = connect(client);
    note(client, Stage::connect, {}, {}, verdict);
    co_return verdict;
  }
  if (auto* ask = std::get_if<smtp::AskLogin>(&question.what)) {
    const Verdict verdict = co_await login(client, std::move(*ask), deadline);
    // What identity decides it notes itself; that it could not is ours to tell.
    if (verdict.reason == Reason::temporary_failure)
      note(client, Stage::authenticate, {}, {}, verdict);
    co_return verdict;
  }
  if (auto* ask = std::get_if<smtp::AskSender>(&question.what)) {
    const std::string from = message::to_string(ask->sender);
    const Verdict verdict = co_await sender(client, std::move(*ask), deadline);
    note(client, Stage::envelope, from, {}, verdict);
    co_return verdict;
  }
  if (auto* ask = std::get_if<smtp::AskRecipient>(&question.what)) {
    const std::string from = message::to_string(ask->sender);
    const std::string to = message::to_string(ask->recipient);
    const Verdict verdict = co_await recipient(client, std::move(*ask), deadline);
    note(client, Stage::envelope, from, to, verdict);
    co_return verdict;
  }
  auto& ask = std::get<smtp::AskVerify>(question.what);
  const std::string to = ask.text;
  const Verdict verdict = co_await verify(client, std::move(ask), deadline);
  note(client, Stage::envelope, {}, to, verdict);
  co_return verdict;
}

Verdict HousePolicy::connect(const Client& client) {
  const auto ip = rt::parse_ip(client.ip);
  const bool exempt = (ip && ip->is_loopback()) || trusted(client);
  const std::size_t from_client_max =
      exempt ? std::numeric_limits<std::size_t>::max() : options_.connections_per_client_max;
  switch (connections_.admit(identity::peer_key(client.ip), options_.connections_max,
                             from_client_max)) {
    case ConnectionCounts::Admitted::yes: return yes();
    case ConnectionCounts::Admitted::too_many_in_all:
      return no(Reason::too_many_connections,
                fmt::format("all {} connections are in use", options_.connections_max));
    case ConnectionCounts::Admitted::too_many_from_client:
      return no(Reason::too_many_connections,
                fmt::format("the client has {} connections already", from_client_max));
  }
  std::unreachable();
}

Task<Verdict> HousePolicy::login(Client client, smtp::AskLogin ask, rt::Instant deadline) {
  identity::LoginAttempt attempt;
  attempt.user = std::move(ask.user);
  attempt.password = std::move(ask.password);
  attempt.peer_ip = client.ip;
  attempt.listener = client.listener;
  auto result = co_await services_.authenticator.login(std::move(attempt), deadline);
  if (!result) co_return cannot_answer(result.error());
  using What = identity::LoginResult::What;
  switch (result->what) {
    case What::ok: {
      Verdict verdict;
      verdict.address = message::to_string(result->account.address);
      verdict.account = std::move(result->account.id);
      co_return verdict;
    }
    case What::wrong: co_return no(Reason::bad_credentials, "wrong user or password");
    case What::locked: co_return no(Reason::login_locked, "locked for now");
    case What::disabled: co_return no(Reason::bad_credentials, "the account is disabled");
  }
  std::unreachable();
}

Task<Verdict> HousePolicy::sender(Client client, smtp::AskSender ask, rt::Instant deadline) {
  if (login_missing(client)) co_return no(Reason::login_required, "submission without a login");
  if (!ask.sender.null() && ask.sender.domain.empty())
    co_return no(Reason::sender_domain_invalid, "the sender has no domain");
  const std::uint64_t octets = ask.declared_octets.value_or(0);
  if (octets > options_.message_octets_max)
    co_return no(Reason::too_big, fmt::format("{} octets declared, {} allowed", octets,
                                              options_.message_octets_max));
  if (!services_.store.has_room(octets))
    co_return no(Reason::no_space, "no room in the store for more mail");
  // A user's program sends read receipts with <>: RFC 8098 §3. Which account it was is on record.
  if (client.account.empty() || ask.sender.null()) co_return yes();
  const std::string from = message::to_string(ask.sender);
  auto owns = co_await services_.directory.owns(client.account, std::move(ask.sender), deadline);
  if (!owns) co_return cannot_answer(owns.error());
  if (!*owns)
    co_return no(Reason::sender_not_owned,
                 fmt::format("{} does not own the sender {}", client.login, from));
  co_return yes();
}

Task<Verdict> HousePolicy::recipient(Client client, smtp::AskRecipient ask, rt::Instant deadline) {
  if (login_missing(client)) co_return no(Reason::login_required, "submission without a login");
  if (ask.recipient.null()) co_return no(Reason::unknown_recipient, "the recipient is empty");
  if (ask.declared_octets.value_or(0) > options_.message_octets_max)
    co_return no(Reason::too_big, "the declared size is over the limit");
  auto found = co_await services_.directory.resolve(ask.recipient, deadline);
  if (!found) co_return cannot_answer(found.error());
  switch (found->what) {
    case Resolved::What::not_local: co_return elsewhere(client, ask.recipient);
    case Resolved::What::unknown_user:
      co_return no(Reason::unknown_recipient, "no such mailbox here");
    case Resolved::What::alias: co_return yes();
    case Resolved::What::moved: {
      std::string to = message::to_string(found->targets.front());
      if (found->account.forward)
        co_return no(Reason::moved_forwarding, "moved, and forwarded", std::move(to));
      co_return no(Reason::moved, "moved, and not forwarded", std::move(to));
    }
    case Resolved::What::account:
      co_return co_await into_account(std::move(found->account), ask.declared_octets.value_or(0),
                                      deadline);
  }
  std::unreachable();
}

Verdict HousePolicy::elsewhere(const Client& client, const message::Address& recipient) const {
  if (client.account.empty() && !trusted(client))
    return no(Reason::relay_denied, "not our domain, and the client has no right to relay");
  if (recipient.domain.empty() || is_this_host(recipient.domain))
    return no(Reason::unknown_recipient,
              "the domain is this server, but none that it has mail for");
  return yes();
}

Task<Verdict> HousePolicy::into_account(identity::Account account, std::uint64_t declared_octets,
                                        rt::Instant deadline) {
  if (account.state != identity::AccountState::active)
    co_return no(Reason::recipient_disabled, "the account is disabled or locked");
  if (!account.quota_octets) co_return yes();
  const std::uint64_t quota = *account.quota_octets;
  auto used = co_await services_.octets_used(std::move(account.id), deadline);
  if (!used) co_return cannot_answer(used.error());
  if (*used >= quota || declared_octets > quota - *used)
    co_return no(Reason::quota_exceeded,
                 fmt::format("{} octets in use and {} declared, the quota is {}", *used,
                             declared_octets, quota));
  co_return yes();
}

Task<Verdict> HousePolicy::verify(Client client, smtp::AskVerify ask, rt::Instant deadline) {
  // RFC 5321 §7.3: to strangers VRFY says nothing that spammers could use.
  if (client.role != Role::submission || client.account.empty())
    co_return no(Reason::cannot_verify, "VRFY is for users who have logged in");
  std::string_view text = trimmed(ask.text);
  if (text.starts_with('<') && text.ends_with('>') && text.size() > 2)
    text = text.substr(1, text.size() - 2);
  auto address = message::parse_address(text);
  // "VRFY bob" means the bob of one's own domain.
  const auto at = client.login.rfind('@');
  if ((!address || address->domain.empty()) && at != client.login.npos)
    address = message::parse_address(std::string(text) + client.login.substr(at));
  if (!address) co_return no(Reason::cannot_verify, "not an address");
  auto found = co_await services_.directory.resolve(*address, deadline);
  if (!found) co_return cannot_answer(found.error());
  switch (found->what) {
    case Resolved::What::not_local: co_return no(Reason::cannot_verify, "not our domain");
    case Resolved::What::unknown_user:
      co_return no(Reason::unknown_recipient, "no such mailbox here");
    case Resolved::What::alias:
      co_return no(Reason::verified, "an alias", message::to_string(*address));
    case Resolved::What::account:
      co_return no(Reason::verified, "an account", message::to_string(found->account.address));
    case Resolved::What::moved: {
      std::string to = message::to_string(found->targets.front());
      if (found->account.forward)
        co_return no(Reason::moved_forwarding, "moved, and forwarded", std::move(to));
      co_return no(Reason::moved, "moved, and not forwarded", std::move(to));
    }
  }
  std::unreachable();
}

}  // namespace

std::unique_ptr<Policy> make_policy(Services services, Options options) {
  return std::make_unique<HousePolicy>(std::move(services), std::move(options));
}

}  // namespace ph::policy
