// What one run of the reports knows. For reports.cc and report_sending.cc alone.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "feedback/lanes.h"
#include "feedback/reports.h"

namespace ph::feedback {

struct Reports::Round {
  std::string domain;  // the only one; "": all
  bool today_too = false;
  std::uint32_t today = 0;
  std::optional<Reporter> reporter;  // nullopt: nothing is sent, what is over is forgotten
  Sendings sent;
  // Of the day that is worked on:
  OrganizationShares shares;
  std::array<bool, kFeedbackSlots> left{};  // something stays in this slot
  Lanes lanes{kReportGroupsAtOnceMax};
  std::optional<Error> failure;  // the first: no further report is begun

  bool wants(const Group& group) const { return domain.empty() || group.domain == domain; }
  void add(Sending sending) {
    if (sent.size() < kSendingsToldMax) sent.push_back(std::move(sending));
  }
};

}  // namespace ph::feedback
