#include "identity/keyring.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/base64.h"
#include "codec/idna.h"
#include "identity/names.h"

namespace ph::identity {
namespace {

constexpr std::chrono::seconds kKeyringTime{60};

/// RFC 6376 §3.6.1, RFC 8463 §4.
std::string record_of(const crypto::PrivateKey& key) {
  return fmt::format("v=DKIM1; k={}; p={}", key.kind() == crypto::KeyKind::rsa ? "rsa" : "ed25519",
                     codec::encode_base64(key.public_octets()));
}

/// "ph20261122r": what it is, when it was made, and its kind; "b", "c", … behind it for the next
/// ones of a day.
std::string free_selector(const std::vector<KeyRow::Key>& taken, Wall now, crypto::KeyKind kind) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::string stem = fmt::format(
      "ph{:04}{:02}{:02}{}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), kind == crypto::KeyKind::rsa ? "r" : "e");
  std::string selector = stem;
  for (char more = 'b'; std::ranges::find(taken, selector, &KeyRow::Key::selector) != taken.end();
       ++more)
    selector = stem + more;
  return selector;
}

struct Pair {
  Result<crypto::PrivateKey> rsa, ed25519;
};

}  // namespace

rt::Instant StoredKeyring::deadline() const { return world_.clock.now() + kKeyringTime; }

void StoredKeyring::changed(std::string why) {
  cache_.clear();
  note_({.at = world_.clock.wall(),
         .stage = Stage::administer,
         .outcome = Outcome::done,
         .peer = "administration",
         .why = std::move(why)});
}

Task<Result<StoredKeyring::LoadedPtr>> StoredKeyring::load(std::string domain,
                                                           rt::Instant deadline) {
  const std::uint64_t epoch = cache_.epoch();
  const rt::Instant now = world_.clock.now();
  if (auto known = cache_.find(domain, now)) co_return *std::move(known);
  PH_CO_TRY(const Found<DomainRow> ours, co_await rows_.domain(domain, deadline));
  Found<KeyRow> row;
  if (ours) {
    PH_CO_TRY(row, co_await rows_.keys(ours->value.domain.name, deadline));
  }
  auto loaded = std::make_shared<std::vector<Loaded>>();
  if (row) {
    for (const KeyRow::Key& key : row->value.keys) {
      auto read = crypto::PrivateKey::from_pem(key.pem);
      if (read) {
        loaded->push_back({{key.selector, *std::move(read)}, key.created, key.signs_from});
      } else {
        world_.log.error("identity.key", read.error());
      }
    }
  }
  LoadedPtr out = std::move(loaded);
  cache_.put(std::move(domain), out, now + kDirectoryCacheAge, epoch);
  co_return out;
}

std::vector<const StoredKeyring::Loaded*> StoredKeyring::signing(const std::vector<Loaded>& all,
                                                                 Wall now) {
  std::vector<const Loaded*> out;
  for (const auto kind : {crypto::KeyKind::rsa, crypto::KeyKind::ed25519}) {
    const Loaded* newest = nullptr;
    for (const Loaded& each : all) {
      if (each.key.key.kind() != kind || each.signs_from > now) continue;
      if (newest == nullptr || each.signs_from >= newest->signs_from) newest = &each;
    }
    if (newest != nullptr) out.push_back(newest);
  }
  return out;
}

Task<Result<std::shared_ptr<const SigningKeys>>> StoredKeyring::signing_keys(std::string domain,
                                                                             rt::Instant deadline) {
  PH_CO_TRY(const LoadedPtr all, co_await load(std::move(domain), deadline));
  auto out = std::make_shared<SigningKeys>();
  for (const Loaded* each : signing(*all, world_.clock.wall())) out->push_back(each->key);
  co_return std::shared_ptr<const SigningKeys>(std::move(out));
}

Task<Result<std::string>> StoredKeyring::own_domain(std::string name, rt::Instant deadline) {
  PH_CO_TRY(name, domain_name(name));
  PH_CO_TRY(const Found<DomainRow> row, co_await rows_.domain(name, deadline));
  if (!row) co_return fail(Kind::not_found, "no such domain", name);
  co_return row->value.domain.name;
}

Task<Result<std::vector<DomainKey>>> StoredKeyring::told(std::string domain, rt::Instant deadline) {
  PH_CO_TRY(const LoadedPtr all, co_await load(domain, deadline));
  const auto signers = signing(*all, world_.clock.wall());
  const std::string published = codec::dns_spelling(domain);
  std::vector<DomainKey> out;
  for (const Loaded& each : *all) {
    out.push_back({.selector = each.key.selector,
                   .kind = each.key.key.kind(),
                   .bits = each.key.key.bits(),
                   .created = each.created,
                   .signs_from = each.signs_from,
                   .signs = std::ranges::find(signers, &each) != signers.end(),
                   .record_name = fmt::format("{}._domainkey.{}", each.key.selector, published),
                   .record = record_of(each.key.key)});
  }
  co_return out;
}

Task<Result<std::vector<DomainKey>>> StoredKeyring::keys(std::string domain) {
  const rt::Instant until = deadline();
  PH_CO_TRY(domain, co_await own_domain(std::move(domain), until));
  co_return co_await told(std::move(domain), until);
}

Task<Result<std::vector<DomainKey>>> StoredKeyring::rotate(std::string domain,
                                                           std::chrono::seconds after) {
  const rt::Instant until = deadline();
  PH_CO_TRY(domain, co_await own_domain(std::move(domain), until));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const Found<KeyRow> was, co_await rows_.keys(domain, until));
  KeyRow row = was ? was->value : KeyRow{};
  if (row.keys.size() + 2 > kDomainKeysMax)
    co_return fail(Kind::over_limit, "the domain has too many keys; remove old ones", domain);
  Pair made = co_await rt::offload<Pair>(world_.workers, [] {
    return Pair{crypto::PrivateKey::generate(crypto::KeyKind::rsa, kSigningRsaBits),
                crypto::PrivateKey::generate(crypto::KeyKind::ed25519)};
  });
  const Wall now = world_.clock.wall();
  const Wall from = row.keys.empty() ? now : now + after;
  for (auto* key : {&made.rsa, &made.ed25519}) {
    if (!*key) co_return std::unexpected(key->error());
    row.keys.push_back({.selector = free_selector(row.keys, now, (*key)->kind()),
                        .pem = (*key)->pem(),
                        .created = now,
                        .signs_from = from});
  }
  Rows::Was version;
  if (was) version = was->version;
  PH_CO_TRY([[maybe_unused]] const Done put,
            co_await rows_.put_keys(domain, std::move(row), version, until));
  changed(fmt::format("domain {} has new keys", domain));
  co_return co_await told(std::move(domain), until);
}

Task<Result<Done>> StoredKeyring::remove(std::string domain, std::string selector) {
  const rt::Instant until = deadline();
  PH_CO_TRY(domain, co_await own_domain(std::move(domain), until));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const Found<KeyRow> was, co_await rows_.keys(domain, until));
  KeyRow row = was ? was->value : KeyRow{};
  if (std::erase_if(row.keys, [&](const KeyRow::Key& key) { return key.selector == selector; }) ==
      0)
    co_return fail(Kind::not_found, "the domain has no such key", selector);
  PH_CO_TRY([[maybe_unused]] const Done put,
            co_await rows_.put_keys(domain, std::move(row), was->version, until));
  changed(fmt::format("key {} of domain {} removed", selector, domain));
  co_return Done{};
}

}  // namespace ph::identity
