#include "deliver/errand.h"

#include <fmt/format.h>

#include <algorithm>

namespace ph::deliver {

bool Errand::relayed() const {
  return std::ranges::any_of(
      found, [](const auto& one) { return one.second.what == Attempt::What::relayed; });
}

Ledger::Found Errand::take_found() {
  if (last.why.empty()) last.why = "no host of the destination could be tried";
  for (const std::uint32_t job : std::exchange(open, {})) found.emplace_back(job, last);
  return std::move(found);
}

std::string why_of(const smtp::RecipientReport& recipient, const Outgoing& out) {
  using What = smtp::RecipientReport::What;
  const std::string host = to_string(out.target());
  if (recipient.what == What::accepted) return fmt::format("{} answers for it now", host);
  if (recipient.reply.code == 0) {
    return recipient.stage == smtp::Stage::local
               ? fmt::format("it cannot be sent to {}: {}", host, recipient.trouble)
               : fmt::format("the connection to {} failed at {}: {}", host,
                             to_string(recipient.stage), recipient.trouble);
  }
  const bool final = recipient.what == What::refused_permanent;
  return fmt::format("{} {} it at {} with {}", host, final ? "refuses" : "puts off",
                     to_string(recipient.stage), recipient.reply.code);
}

}  // namespace ph::deliver
