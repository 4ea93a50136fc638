#include "message/bounce_reason.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "base/ascii.h"
#include "message/bounce_phrases.h"
#include "message/reply_text.h"
#include "message/status_meanings.h"

namespace ph::message {
namespace {

bool is_word(char c) { return is_digit(c) || is_alpha(c); }

/// The phrases by their first octet, each list in the table's order.
const std::array<std::vector<std::uint16_t>, 256>& phrases_by_octet() {
  static const auto kLists = [] {
    std::array<std::vector<std::uint16_t>, 256> lists;
    for (std::size_t i = 0; i < kBouncePhrases.size(); ++i) {
      lists[static_cast<unsigned char>(kBouncePhrases[i].phrase.front())].push_back(
          static_cast<std::uint16_t>(i));
    }
    return lists;
  }();
  return kLists;
}

/// In lower case, with one blank for all white space in a row, and ' for its typographic form.
std::string plain(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i).starts_with("\xe2\x80\x99")) {
      out += '\'';
      i += 2;
    } else if (is_space(c) || c == '\n' || c == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += ascii_lower(c);
    }
  }
  return out;
}

/// What the first phrase of the table that stands in `text` means; unspecified when none does.
BounceReason by_phrase(std::string_view text) {
  const std::string lower = plain(text);
  std::size_t best = kBouncePhrases.size();
  for (std::size_t at = 0; at < lower.size(); ++at) {
    if (at > 0 && is_word(lower[at - 1])) continue;
    const std::string_view rest = std::string_view(lower).substr(at);
    for (const std::uint16_t index : phrases_by_octet()[static_cast<unsigned char>(lower[at])]) {
      if (index >= best) break;
      if (rest.starts_with(kBouncePhrases[index].phrase)) best = index;
    }
  }
  return best < kBouncePhrases.size() ? kBouncePhrases[best].reason : BounceReason::unspecified;
}

BounceReason by_status(std::string_view status) {
  if (status.size() < 5) return BounceReason::unspecified;
  for (const auto& each : kStatusMeanings)
    if (status.substr(2) == each.detail) return each.reason;
  return BounceReason::unspecified;
}

/// Statuses that mean one thing whatever the words are.
bool is_exact(std::string_view status) {
  static constexpr std::array<std::string_view, 15> kExact{"1.6",  "1.10", "2.2",  "2.3",   "3.4",
                                                           "6.1",  "7.20", "7.21", "7.22",  "7.23",
                                                           "7.24", "7.25", "7.26", "7.509", "4.7"};
  return status.size() >= 5 && std::ranges::find(kExact, status.substr(2)) != kExact.end();
}

/// The subject and detail that a reason has where a server gave none. RFC 3463 §3.
std::string_view detail_for(BounceReason reason) {
  switch (reason) {
    case BounceReason::none:
    case BounceReason::unspecified:
    case BounceReason::recipient_refused: return "0.0";
    case BounceReason::mailbox_unknown: return "1.1";
    case BounceReason::mailbox_disabled: return "2.1";
    case BounceReason::mailbox_full: return "2.2";
    case BounceReason::mailbox_moved: return "1.6";
    case BounceReason::host_unknown: return "1.2";
    case BounceReason::host_takes_no_mail: return "3.2";
    case BounceReason::network: return "4.0";
    case BounceReason::expired: return "4.7";
    case BounceReason::too_many: return "4.5";
    case BounceReason::client_blocked:
    case BounceReason::bad_reputation:
    case BounceReason::relaying:
    case BounceReason::policy:
    case BounceReason::spam:
    case BounceReason::virus: return "7.1";
    case BounceReason::no_reverse_name: return "7.25";
    case BounceReason::not_authenticated: return "7.26";
    case BounceReason::security: return "7.0";
    case BounceReason::sender_refused: return "1.8";
    case BounceReason::content:
    case BounceReason::not_standard: return "6.0";
    case BounceReason::too_large: return "3.4";
    case BounceReason::too_large_for_mailbox: return "2.3";
    case BounceReason::server_fault:
    case BounceReason::program_failed: return "3.0";
    case BounceReason::syntax: return "5.2";
  }
  return "0.0";
}

}  // namespace

std::string_view to_string(BounceReason reason) {
  static constexpr std::array<std::string_view, 29> kNames{"none",
                                                           "unspecified",
                                                           "mailbox_unknown",
                                                           "mailbox_disabled",
                                                           "mailbox_full",
                                                           "mailbox_moved",
                                                           "recipient_refused",
                                                           "host_unknown",
                                                           "host_takes_no_mail",
                                                           "network",
                                                           "expired",
                                                           "too_many",
                                                           "client_blocked",
                                                           "bad_reputation",
                                                           "no_reverse_name",
                                                           "not_authenticated",
                                                           "security",
                                                           "relaying",
                                                           "sender_refused",
                                                           "policy",
                                                           "spam",
                                                           "virus",
                                                           "content",
                                                           "not_standard",
                                                           "too_large",
                                                           "too_large_for_mailbox",
                                                           "server_fault",
                                                           "program_failed",
                                                           "syntax"};
  return kNames.at(static_cast<std::size_t>(reason));
}

BounceReason bounce_reason(const BounceWords& words) {
  if (words.status.starts_with('2')) return BounceReason::none;
  if (is_exact(words.status)) return by_status(words.status);
  BounceReason reason = by_phrase(words.text);
  if (reason == BounceReason::unspecified) reason = by_status(words.status);
  if (reason == BounceReason::unspecified) {
    if (words.code == 552) return BounceReason::mailbox_full;
    if (words.code == 551) return BounceReason::mailbox_moved;
    if (words.code == 521 || words.code == 556) return BounceReason::host_takes_no_mail;
    if (words.is_delay && words.code == 0) return BounceReason::expired;
  }
  return reason;
}

std::string status_for(BounceReason reason, const BounceWords& words) {
  if (reason == BounceReason::none) return "2.0.0";
  const bool temporary = words.is_delay || words.code / 100 == 4;
  return fmt::format("{}.{}", temporary ? 4 : 5, detail_for(reason));
}

bool is_hard(BounceReason reason, std::string_view status) {
  if (status.starts_with('4') || status.starts_with('2')) return false;
  return reason == BounceReason::mailbox_unknown || reason == BounceReason::mailbox_moved ||
         reason == BounceReason::host_unknown || reason == BounceReason::host_takes_no_mail;
}

}  // namespace ph::message
