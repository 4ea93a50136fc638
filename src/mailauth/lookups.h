// What a check of a sender asks of the DNS, and what it was told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/dns.h"

namespace ph::mailauth {

/// Questions of one check, of whatever kind: far above what the limits of SPF, DKIM and DMARC
/// together allow. Beyond it find() answers `failed`.
inline constexpr std::size_t kLookupsMax = 512;
/// Octets of all their answers, which are kept until the check is over: a key has 500, an SPF
/// record 4,000 at most. Answers above it are `failed`.
inline constexpr std::size_t kLookupOctetsMax = 1 << 20;

/// The checks of this room are functions of what is known. One that needs an answer that is not
/// there yet asks for it here and stops; when the answers have come it is run again from its
/// beginning. So it reads as the RFC does, and has no state between two answers; the RFCs' limits
/// on questions bound how often it is run.
///
///   shell   while a check says that it waits: ask all of take_questions(), answer() each, run it
class Lookups {
 public:
  /// The answer; nullptr: it is asked for now. What cannot be a name is no_name, without asking.
  const dns::Answer* find(std::string_view name, std::uint16_t type);

  /// Questions to ask now, each given once.
  std::vector<dns::Question> take_questions() { return std::exchange(to_ask_, {}); }
  /// In any order, and of any question: what is known already, from elsewhere, may be given before.
  void answer(const dns::Question& question, dns::Answer answer);

  /// Of all answers, as they are kept.
  std::size_t octets() const { return octets_; }

 private:
  std::map<dns::Question, std::optional<dns::Answer>> asked_;
  std::vector<dns::Question> to_ask_;
  std::size_t octets_ = 0;
};

/// The texts of TXT records: the character strings of each, joined without anything between them
/// (RFC 7208 §3.3, RFC 6376 §3.6.2.2). What is no TXT rdata is left out.
std::vector<std::string> texts_of(const dns::Answer& answer);

}  // namespace ph::mailauth
