// A DNS in memory and virtual time: zones that a test writes, seeded delays and failures.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rt/resolver.h"
#include "sim/random.h"
#include "sim/world.h"

namespace ph::sim {

/// CNAMEs in a row that are followed; a longer chain, and a loop, is `failed`.
inline constexpr std::size_t kSimCnamesMax = 10;

struct ResolverFaults {
  std::uint64_t seed = 1;
  std::chrono::microseconds delay_min{200};
  std::chrono::microseconds delay_max{20'000};
  /// Of a million questions, so many are answered `failed`, and so many only by the deadline.
  std::uint32_t failed_per_million = 0;
  std::uint32_t timed_out_per_million = 0;
};

/// Names are taken in any case, with or without the final dot. What was never set is no_name; a
/// name with records of other types, or with names below it, is no_data. All calls on the
/// simulation's thread.
class Resolver final : public rt::Resolver {
 public:
  explicit Resolver(World& world, ResolverFaults faults = {});

  // Each replaces what was set for this name and type; an empty list removes it.
  void set_mx(std::string_view domain,
              const std::vector<std::pair<std::uint16_t, std::string>>& hosts);
  /// IPv4 and IPv6 addresses as text: the A and the AAAA records.
  void set_a(std::string_view name, const std::vector<std::string>& addresses);
  void set_cname(std::string_view name, std::string_view target);
  /// Records of any type, rdata in wire format.
  void set(std::string_view name, std::uint16_t type, std::vector<std::string> rdata);
  /// Every question about this name gets this status, until nullopt.
  void set_status(std::string_view name, std::optional<dns::Status> status);
  /// Only the questions for this type.
  void set_status(std::string_view name, std::uint16_t type, std::optional<dns::Status> status);
  /// What is answered from zones counts as validated.
  void set_secure(bool secure) { secure_ = secure; }
  /// From now on.
  void set_faults(ResolverFaults faults);
  /// Every question so far, in order.
  const std::vector<dns::Question>& asked() const { return asked_; }

  Task<dns::Answer> query(dns::Question question, rt::Instant deadline) override;

 private:
  dns::Answer look_up(const dns::Question& question) const;
  std::optional<dns::Status> status_of(const std::string& name, std::uint16_t type) const;
  bool exists(const std::string& name) const;

  World& world_;
  ResolverFaults faults_;
  std::optional<Random> random_;  // always there; made anew by set_faults()
  bool secure_ = false;
  std::map<dns::Question, std::vector<std::string>> records_;
  std::map<dns::Question, dns::Status> statuses_;  // type 0: all types
  std::vector<dns::Question> asked_;
};

}  // namespace ph::sim
