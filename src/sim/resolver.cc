#include "sim/resolver.h"

#include <algorithm>
#include <utility>

#include "base/ip_text.h"
#include "wire/dns/name.h"
#include "wire/dns/rdata.h"

namespace ph::sim {
namespace {

// Seconds; tests that look at it want to see that it came through.
constexpr std::uint32_t kSimTtl = 300;

/// A test that writes a broken record is a broken test.
template <class T>
T sure(Result<T> result) {
  PH_CHECK(result);
  return *std::move(result);
}

dns::Answer with_status(dns::Status status, std::string canonical) {
  dns::Answer answer;
  answer.status = status;
  answer.canonical = std::move(canonical);
  if (status == dns::Status::failed)
    answer.why = "SERVFAIL: no server for this name gives an answer";
  if (status == dns::Status::bogus) answer.why = "DNSSEC validation failed";
  return answer;
}

}  // namespace

Resolver::Resolver(World& world, ResolverFaults faults)
    : world_(world), faults_(faults), random_(std::in_place, faults.seed) {}

void Resolver::set(std::string_view name, std::uint16_t type, std::vector<std::string> rdata) {
  const dns::Question key{sure(dns::normal_name(name)), type};
  if (rdata.empty()) {
    records_.erase(key);
  } else {
    records_.insert_or_assign(key, std::move(rdata));
  }
}

void Resolver::set_mx(std::string_view domain,
                      const std::vector<std::pair<std::uint16_t, std::string>>& hosts) {
  std::vector<std::string> rdata;
  for (const auto& [preference, host] : hosts)
    rdata.push_back(sure(dns::format_mx({preference, host})));
  set(domain, dns::kTypeMx, std::move(rdata));
}

void Resolver::set_a(std::string_view name, const std::vector<std::string>& addresses) {
  std::vector<std::string> v4, v6;
  for (const auto& address : addresses) {
    auto octets = parse_ip_text(address);
    PH_CHECK(octets);
    (octets->size() == kIpv4Octets ? v4 : v6).push_back(*std::move(octets));
  }
  set(name, dns::kTypeA, std::move(v4));
  set(name, dns::kTypeAaaa, std::move(v6));
}

void Resolver::set_cname(std::string_view name, std::string_view target) {
  set(name, dns::kTypeCname, {sure(dns::encode_name(target))});
}

void Resolver::set_status(std::string_view name, std::optional<dns::Status> status) {
  set_status(name, 0, status);
}

void Resolver::set_status(std::string_view name, std::uint16_t type,
                          std::optional<dns::Status> status) {
  const dns::Question key{sure(dns::normal_name(name)), type};
  if (status) {
    statuses_.insert_or_assign(key, *status);
  } else {
    statuses_.erase(key);
  }
}

void Resolver::set_faults(ResolverFaults faults) {
  faults_ = faults;
  random_.emplace(faults.seed);
}

std::optional<dns::Status> Resolver::status_of(const std::string& name, std::uint16_t type) const {
  for (const std::uint16_t key : {type, std::uint16_t{0}})
    if (const auto found = statuses_.find({name, key}); found != statuses_.end())
      return found->second;
  return std::nullopt;
}

bool Resolver::exists(const std::string& name) const {
  return std::ranges::any_of(records_, [&](const auto& each) {
    return each.first.name == name || each.first.name.ends_with("." + name);
  });
}

dns::Answer Resolver::look_up(const dns::Question& question) const {
  const auto start = dns::normal_name(question.name);
  if (!start) {
    auto answer = with_status(dns::Status::failed, question.name);
    answer.why = start.error().what;
    return answer;
  }
  std::string name = *start;
  for (std::size_t i = 0; i <= kSimCnamesMax; ++i) {
    if (const auto status = status_of(name, question.type); status && *status != dns::Status::ok)
      return with_status(*status, name);
    if (const auto found = records_.find({name, question.type}); found != records_.end()) {
      auto answer = with_status(dns::Status::ok, name);
      answer.data = found->second;
      answer.ttl = kSimTtl;
      answer.secure = secure_;
      return answer;
    }
    const auto cname = records_.find({name, dns::kTypeCname});
    if (cname == records_.end()) {
      auto answer = with_status(exists(name) ? dns::Status::no_data : dns::Status::no_name, name);
      answer.secure = secure_;
      answer.ttl = kSimTtl;
      return answer;
    }
    name = sure(dns::parse_target(cname->second.front()));
  }
  return with_status(dns::Status::failed, *start);
}

Task<dns::Answer> Resolver::query(dns::Question question, rt::Instant deadline) {
  asked_.push_back(question);
  dns::Answer answer = look_up(question);
  const bool fails = random_->chance(faults_.failed_per_million);
  const bool hangs = random_->chance(faults_.timed_out_per_million);
  const auto spread = static_cast<std::uint64_t>((faults_.delay_max - faults_.delay_min).count());
  const std::chrono::microseconds delay =
      faults_.delay_min + std::chrono::microseconds(random_->below(spread + 1));
  if (fails) answer = with_status(dns::Status::failed, std::move(answer.canonical));
  const rt::Instant ready = world_.clock.now() + delay;
  if (hangs || answer.status == dns::Status::timed_out || ready > deadline) {
    answer = with_status(dns::Status::timed_out, std::move(answer.canonical));
    answer.why = "no answer from the DNS in time";
  }
  const rt::Executor executor = co_await boost::asio::this_coro::executor;
  const auto timer = world_.timers.timer(executor);
  const rt::Instant until = answer.status == dns::Status::timed_out ? deadline : ready;
  [[maybe_unused]] const auto waited = co_await timer->wait_until(until);
  co_return answer;
}

}  // namespace ph::sim
