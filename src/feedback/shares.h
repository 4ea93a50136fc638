// How much of a day's reports one organization may have, whoever asks for them: without that, one
// who owns a domain has thousands of reports made and sent by publishing records below it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mailauth/dmarc.h"

namespace ph::feedback {

/// Reports (domains, and texts of their records) of one organization and day: collected, and sent.
inline constexpr std::uint64_t kOrganizationReportsMax = 100;
/// Reports of one day that go to addresses of one organization: some serve thousands of domains.
inline constexpr std::uint64_t kDestinationReportsMax = 50'000;
/// Organizations whose share of a day is counted; no others get any.
inline constexpr std::size_t kDestinationsCountedMax = 100'000;
/// Reports of one day that one process begins to collect: the store takes 80,000.
inline constexpr std::size_t kAdmittedGroupsMax = 100'000;

/// Below a public suffix; the domain itself where it is one.
std::string organization_of(const mailauth::PublicSuffixes& suffixes, std::string_view domain);

/// Whether a report is collected: the first ones of an organization on a day are, as far as this
/// process has seen them. Its own domain has a share beside that of the domains below it.
class Admissions {
 public:
  explicit Admissions(std::uint64_t organization_max = kOrganizationReportsMax)
      : organization_max_(organization_max) {}
  /// true once: true for the rest of the day.  cost: O(log reports)
  ///   itself  the report is about the organization's own domain
  bool admit(std::uint32_t day, const std::string& organization, bool itself, std::string group);

 private:
  struct Day {
    std::set<std::string> groups;
    std::map<std::pair<std::string, bool>, std::uint64_t> taken;
  };
  const std::uint64_t organization_max_;
  std::map<std::uint32_t, Day> days_;  // the last two
};

/// Which reports of one day are sent where an organization has too many. All are counted first.
class OrganizationShares {
 public:
  explicit OrganizationShares(std::uint64_t organization_max = kOrganizationReportsMax)
      : organization_max_(organization_max) {}
  void count(const std::string& organization, bool itself);
  /// Some organization has more than its share.
  bool crowded() const { return crowded_; }
  /// Asked once for each that was counted; those about the organization's own domain come first.
  bool admit(const std::string& organization, bool itself, std::uint64_t messages);

  struct Refused {
    std::string organization;
    std::uint64_t reports = 0, messages = 0;
  };
  std::vector<Refused> refused() const;

 private:
  struct Share {
    std::uint64_t own = 0, others = 0;  // counted
    std::uint64_t own_taken = 0, others_taken = 0;
    std::uint64_t refused = 0, messages = 0;
  };
  std::uint64_t organization_max_;
  bool crowded_ = false;
  std::map<std::string, Share> shares_;
};

/// What an organization's addresses were sent of the reports of each day.
class DestinationShares {
 public:
  explicit DestinationShares(std::uint64_t destination_max = kDestinationReportsMax)
      : destination_max_(destination_max) {}
  /// Whether one more may go there; true takes it. false counts what is not sent.
  bool take(std::uint32_t day, const std::string& organization);
  /// It was not sent after all.
  void give_back(std::uint32_t day, const std::string& organization);

  /// Reports not sent since the last call, by organization.
  std::map<std::string, std::uint64_t> take_refused() { return std::exchange(refused_, {}); }
  void forget_before(std::uint32_t day);

 private:
  const std::uint64_t destination_max_;
  std::map<std::pair<std::uint32_t, std::string>, std::uint64_t> taken_;
  std::map<std::string, std::uint64_t> refused_;
};

}  // namespace ph::feedback
