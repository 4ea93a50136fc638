// What is common to the calls, and the calls about domains and aliases.
#include "identity/administrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "codec/base32.h"
#include "codec/idna.h"
#include "identity/names.h"

namespace ph::identity {

namespace {

/// A listing of a large installation reads every slot.
constexpr std::chrono::seconds kAdministrationTime{60};

std::string_view domain_of(std::string_view directory_key) {
  return directory_key.substr(directory_key.rfind('@') + 1);
}

}  // namespace

rt::Instant Administrator::deadline() const { return world_.clock.now() + kAdministrationTime; }

std::string Administrator::new_id() {
  std::string octets(16, '\0');
  world_.random.fill(octets);
  return codec::encode_base32(octets);
}

void Administrator::changed(std::string recipient, std::string why) {
  directory_.forget();
  Event event;
  event.at = world_.clock.wall();
  event.stage = Stage::administer;
  event.outcome = Outcome::done;
  event.recipient = std::move(recipient);
  event.peer = "administration";
  event.why = std::move(why);
  note_(std::move(event));
}

Task<Result<Stored<DomainRow>>> Administrator::existing_domain(std::string name,
                                                               rt::Instant deadline) {
  PH_CO_TRY(Found<DomainRow> row, co_await rows_.domain(name, deadline));
  if (!row) co_return fail(Kind::not_found, "no such domain", name);
  co_return *std::move(row);
}

Task<Result<message::Address>> Administrator::stored_address(std::string text,
                                                             rt::Instant deadline) {
  PH_CO_TRY(message::Address address, mailbox_address(text));
  PH_CO_TRY(const Found<DomainRow> domain, co_await rows_.domain(address.domain, deadline));
  if (domain) address.domain = domain->value.domain.name;
  co_return address;
}

Task<Result<Done>> Administrator::check_free(std::string directory_key, rt::Instant deadline) {
  PH_CO_TRY(const Found<AddressRow> row, co_await rows_.address(directory_key, deadline));
  if (row) co_return fail(Kind::conflict, "the address exists already", std::move(directory_key));
  co_return Done{};
}

Task<Result<std::vector<NamedAddress>>> Administrator::addresses(std::string domain_or_empty,
                                                                 rt::Instant deadline) {
  std::vector<NamedAddress> all;
  PH_CO_TRY(const std::vector<store::Partition> slots, co_await rows_.slots(deadline));
  for (const store::Partition& slot : slots) {
    PH_CO_TRY(std::vector<NamedAddress> some, co_await rows_.addresses_in(slot, deadline));
    for (NamedAddress& address : some)
      if (domain_or_empty.empty() || domain_of(address.key) == domain_or_empty)
        all.push_back(std::move(address));
    if (all.size() > kListedMax) co_return fail(Kind::over_limit, "too many addresses to list");
  }
  std::ranges::sort(all, {}, &NamedAddress::key);
  co_return all;
}

Task<Result<Done>> Administrator::add_domain(std::string name) {
  const rt::Instant until = deadline();
  PH_CO_TRY(name, new_domain_name(name));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const std::vector<DomainRow> rows, co_await rows_.domains(until));
  const std::string published = codec::dns_spelling(name);
  if (std::ranges::any_of(rows, [&](const DomainRow& row) {
        return codec::dns_spelling(row.domain.name) == published;
      }))
    co_return fail(Kind::conflict, "the domain exists already", name);
  if (rows.size() >= kDomainsMax) co_return fail(Kind::over_limit, "too many domains");
  DomainRow row;
  row.domain = {name, world_.clock.wall()};
  row.ordinal = rows.empty() ? 1 : rows.back().ordinal + 1;
  PH_CO_TRY([[maybe_unused]] const Done put, co_await rows_.put(std::move(row), {}, until));
  changed({}, fmt::format("domain {} added", name));
  co_return Done{};
}

Task<Result<std::vector<Domain>>> Administrator::domains() {
  PH_CO_TRY(std::vector<DomainRow> rows, co_await rows_.domains(deadline()));
  std::vector<Domain> out;
  for (DomainRow& row : rows) out.push_back(std::move(row.domain));
  co_return out;
}

Task<Result<Done>> Administrator::remove_domain(std::string name, bool force) {
  const rt::Instant until = deadline();
  PH_CO_TRY(name, domain_name(name));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const auto exists, co_await existing_domain(name, until));
  name = exists.value.domain.name;
  PH_CO_TRY(const std::vector<NamedAddress> left, co_await addresses(name, until));
  if (!left.empty() && !force)
    co_return fail(Kind::refused, "the domain still has accounts or aliases",
                   fmt::format("{} of them in {}", left.size(), name));
  // The domain goes last: cut short, this leaves a smaller domain, and can be asked for again.
  for (const NamedAddress& address : left) {
    Result<Done> gone = Done{};
    if (address.row.account.empty()) {
      gone = co_await rows_.erase_address(address.key, address.version, until);
    } else {
      gone = co_await erase_account(address.key, until);
    }
    directory_.forget();
    if (!gone) co_return gone;
  }
  PH_CO_TRY([[maybe_unused]] const Done keys_gone, co_await rows_.erase_keys(name, until));
  // Read again: its first account went with the others.
  PH_CO_TRY(const Stored<DomainRow> row, co_await existing_domain(name, until));
  PH_CO_TRY([[maybe_unused]] const Done erased,
            co_await rows_.erase_domain(name, row.version, until));
  changed({}, fmt::format("domain {} removed with {} accounts and aliases", name, left.size()));
  co_return Done{};
}

Task<Result<Done>> Administrator::add_alias(std::string address, std::vector<std::string> targets) {
  const rt::Instant until = deadline();
  PH_CO_TRY(message::Address at, mailbox_address(address));
  if (targets.empty()) co_return fail(Kind::malformed, "an alias needs a target");
  if (targets.size() > kAliasTargetsMax)
    co_return fail(Kind::over_limit, "the alias has too many targets");
  AddressRow row;
  for (const std::string& text : targets) {
    PH_CO_TRY(message::Address target, mailbox_address(text));
    if (std::ranges::find(row.targets, target) == row.targets.end())
      row.targets.push_back(std::move(target));
  }
  row.created = world_.clock.wall();

  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const auto domain, co_await existing_domain(at.domain, until));
  at.domain = domain.value.domain.name;
  const std::string key = message::directory_key(at);
  PH_CO_TRY([[maybe_unused]] const Done is_free, co_await check_free(key, until));
  PH_CO_TRY([[maybe_unused]] const Done put, co_await rows_.put(key, std::move(row), {}, until));
  changed(message::to_string(at), "alias added");
  co_return Done{};
}

Task<Result<std::vector<Administration::Alias>>> Administrator::aliases(
    std::string domain_or_empty) {
  const rt::Instant until = deadline();
  if (!domain_or_empty.empty()) {
    PH_CO_TRY(domain_or_empty, domain_name(domain_or_empty));
    PH_CO_TRY(const auto domain, co_await existing_domain(domain_or_empty, until));
    domain_or_empty = domain.value.domain.name;
  }
  PH_CO_TRY(const std::vector<NamedAddress> found,
            co_await addresses(std::move(domain_or_empty), until));
  std::vector<Alias> out;
  for (const NamedAddress& address : found) {
    if (!address.row.account.empty()) continue;
    Alias& alias = out.emplace_back();
    alias.address = address.key;
    for (const message::Address& target : address.row.targets)
      alias.targets.push_back(message::to_string(target));
  }
  co_return out;
}

Task<Result<Done>> Administrator::remove_alias(std::string address) {
  const rt::Instant until = deadline();
  PH_CO_TRY(const message::Address at, co_await stored_address(address, until));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  const std::string key = message::directory_key(at);
  PH_CO_TRY(const Found<AddressRow> row, co_await rows_.address(key, until));
  if (!row || !row->value.account.empty())
    co_return fail(Kind::not_found, "no such alias", std::move(address));
  PH_CO_TRY([[maybe_unused]] const Done erased,
            co_await rows_.erase_address(key, row->version, until));
  changed(message::to_string(at), "alias removed");
  co_return Done{};
}

}  // namespace ph::identity
