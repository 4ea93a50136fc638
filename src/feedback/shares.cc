#include "feedback/shares.h"

#include <algorithm>

namespace ph::feedback {

std::string organization_of(const mailauth::PublicSuffixes& suffixes, std::string_view domain) {
  std::string found = suffixes.organizational_domain(domain);
  return found.empty() ? std::string(domain) : found;
}

bool Admissions::admit(std::uint32_t day, const std::string& organization, bool itself,
                       std::string group) {
  if (!days_.contains(day)) {
    days_[day];
    while (days_.size() > 2) days_.erase(days_.begin());
  }
  const auto found = days_.find(day);
  if (found == days_.end()) return true;  // older than both: what waited for the store for days
  Day& known = found->second;
  if (known.groups.contains(group)) return true;
  if (known.groups.size() >= kAdmittedGroupsMax) return false;
  std::uint64_t& taken = known.taken[{organization, itself}];
  if (taken >= organization_max_) return false;
  ++taken;
  known.groups.insert(std::move(group));
  return true;
}

void OrganizationShares::count(const std::string& organization, bool itself) {
  Share& share = shares_[organization];
  ++(itself ? share.own : share.others);
  crowded_ = crowded_ || share.own + share.others > organization_max_;
}

bool OrganizationShares::admit(const std::string& organization, bool itself,
                               std::uint64_t messages) {
  Share& share = shares_[organization];
  const std::uint64_t own = std::min(share.own, organization_max_);
  std::uint64_t& taken = itself ? share.own_taken : share.others_taken;
  if (taken < (itself ? own : organization_max_ - own)) {
    ++taken;
    return true;
  }
  ++share.refused;
  share.messages += messages;
  return false;
}

std::vector<OrganizationShares::Refused> OrganizationShares::refused() const {
  std::vector<Refused> out;
  for (const auto& [organization, share] : shares_)
    if (share.refused > 0) out.push_back({organization, share.refused, share.messages});
  return out;
}

bool DestinationShares::take(std::uint32_t day, const std::string& organization) {
  const auto found = taken_.find({day, organization});
  const bool full = found == taken_.end() ? taken_.size() >= kDestinationsCountedMax
                                          : found->second >= destination_max_;
  if (full) {
    if (refused_.contains(organization) || refused_.size() < kDestinationsCountedMax)
      ++refused_[organization];
    return false;
  }
  ++taken_[{day, organization}];
  return true;
}

void DestinationShares::give_back(std::uint32_t day, const std::string& organization) {
  const auto found = taken_.find({day, organization});
  if (found != taken_.end() && found->second > 0) --found->second;
}

void DestinationShares::forget_before(std::uint32_t day) {
  taken_.erase(taken_.begin(), taken_.lower_bound({day, std::string()}));
}

}  // namespace ph::feedback
