#include "mailauth/dmarc.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <utility>

#include "base/ascii.h"
#include "mailauth/dmarc_explain.h"
#include "mailauth/spf_macro.h"

namespace ph::mailauth {
namespace {

using dns::Status;

constexpr std::string_view kDnsFix =
    "look at the DNS servers of that domain; the sender may try again";

struct Stop {
  bool waits = false;
  std::string why;
};
template <class T>
using Step = std::expected<T, Stop>;

std::size_t label_count(std::string_view domain) {
  return static_cast<std::size_t>(std::ranges::count(domain, '.')) + 1;
}

std::string_view without_first_label(std::string_view domain) {
  const auto dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
}

/// How bad: the worst of several author domains counts. By what comes of it: who forges the name of
/// a domain with a policy shall gain nothing by writing one without beside it.
int rank(const DmarcOutcome& outcome) {
  const bool unsure = outcome.record.empty() || outcome.published != DmarcPolicy::none;
  switch (outcome.result) {
    case DmarcResult::pass: return 0;
    case DmarcResult::none: return 1;
    case DmarcResult::permerror: return 2;
    case DmarcResult::temperror: return unsure ? 5 : 2;
    case DmarcResult::fail:
      return outcome.disposition == DmarcPolicy::reject       ? 6
             : outcome.disposition == DmarcPolicy::quarantine ? 4
                                                              : 3;
  }
  return 0;
}

DmarcPolicy milder(DmarcPolicy policy) {
  return policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
}

}  // namespace

/// One run over what is known.
class DmarcWalk {
  using Found = DmarcCheck::Found;

 public:
  DmarcWalk(DmarcCheck& check, Lookups& lookups)
      : check_(check), query_(check.query_), suffixes_(check.suffixes_), lookups_(lookups) {}

  Step<DmarcOutcome> evaluate(const std::string& author);

 private:
  Step<std::optional<Found>> record_at(const std::string& domain);
  Step<std::vector<Found>> walk_up(const std::string& domain);
  Step<std::string> organizational_domain(const std::string& domain);
  Step<std::optional<Found>> record_for(const std::string& author, DmarcOutcome& outcome);
  Step<std::optional<Found>> record_that_counts(const std::string& author, DmarcOutcome& outcome);
  bool vouched_exactly(const std::string& author) const;
  Step<bool> exists(const std::string& domain);
  Step<Done> align(const std::string& author, DmarcOutcome& outcome);
  Step<bool> same_organization(const std::string& domain, DmarcOutcome& outcome,
                               std::string& organizational);
  Step<Done> choose_policy(const std::string& author, const Found& found, DmarcOutcome& outcome);
  void explain_none(DmarcOutcome& outcome) const;

  DmarcCheck& check_;
  const DmarcQuery& query_;
  const PublicSuffixes& suffixes_;
  Lookups& lookups_;
};

#define PH_STEP PH_TRY

Step<std::optional<DmarcWalk::Found>> DmarcWalk::record_at(const std::string& domain) {
  const dns::Answer* answer = lookups_.find("_dmarc." + domain, dns::kTypeTxt);
  if (answer == nullptr) return std::unexpected(Stop{true, ""});
  if (!dns::is_definite(answer->status)) {
    return std::unexpected(
        Stop{false, fmt::format("the DNS does not say the record at _dmarc.{}: {}", domain,
                                answer->why.empty() ? dns::to_string(answer->status)
                                                    : std::string_view(answer->why))});
  }
  const auto [at, is_new] = check_.parsed_.try_emplace(domain);
  if (!is_new) return at->second.found;
  std::vector<std::string> texts = texts_of(*answer);
  std::erase_if(texts, [](const std::string& text) { return !is_dmarc_record(text); });
  Found found{.domain = domain};
  if (texts.size() > 1)  // RFC 9989 §4.7
    at->second.wrong =
        fmt::format("{} has {} DMARC records, so that none counts", domain, texts.size());
  if (texts.size() != 1) return at->second.found;
  found.text = std::move(texts.front());
  if (auto record = parse_dmarc_record(found.text)) {
    found.record = *std::move(record);
    at->second.found = std::move(found);
  } else {
    at->second.wrong =
        fmt::format("the DMARC record of {} cannot be used: {}", domain, record.error().what);
  }
  return at->second.found;
}

/// The records from `domain` upwards, RFC 9989 §4.10.
Step<std::vector<DmarcWalk::Found>> DmarcWalk::walk_up(const std::string& domain) {
  std::vector<Found> out;
  std::string_view at = domain;
  for (std::size_t asked = 0; !at.empty() && asked < kDmarcTreeWalkMax; ++asked) {
    PH_STEP(auto found, record_at(std::string(at)));
    const bool ends = found && found->record.psd != DmarcRecord::Psd::unknown;
    if (found) out.push_back(*std::move(found));
    if (ends) break;
    at = without_first_label(at);
    while (asked == 0 && label_count(at) > kDmarcTreeWalkMax - 1) at = without_first_label(at);
  }
  return out;
}

/// RFC 9989 §4.10.2.
Step<std::string> DmarcWalk::organizational_domain(const std::string& domain) {
  if (query_.method == DmarcMethod::public_suffixes) {
    auto found = suffixes_.organizational_domain(domain);
    return found.empty() ? domain : found;
  }
  PH_STEP(const auto records, walk_up(domain));
  for (const Found& each : records) {
    if (each.record.psd == DmarcRecord::Psd::no) return each.domain;
    if (each.record.psd != DmarcRecord::Psd::yes || each.domain == domain) continue;
    // One label more than the public suffix.
    std::string_view below = domain;
    while (label_count(below) > label_count(each.domain) + 1) below = without_first_label(below);
    return std::string(below);
  }
  // Else the record with the fewest labels; they were found from the longest name to the shortest.
  return records.empty() ? domain : records.back().domain;
}

/// RFC 9989 §4.10.1: the author domain's own record, else that of the organizational domain, else
/// that of the public suffix.
Step<std::optional<DmarcWalk::Found>> DmarcWalk::record_for(const std::string& author,
                                                            DmarcOutcome& outcome) {
  PH_STEP(outcome.organizational_domain, organizational_domain(author));
  PH_STEP(auto own, record_at(author));
  if (own || outcome.organizational_domain == author) {
    if (own || query_.method == DmarcMethod::public_suffixes) return own;
  }
  if (outcome.organizational_domain != author) {
    PH_STEP(auto organization, record_at(outcome.organizational_domain));
    if (organization) return organization;
  }
  if (query_.method == DmarcMethod::public_suffixes) return std::optional<Found>();
  PH_STEP(auto records, walk_up(author));
  for (Found& each : records)
    if (each.record.psd == DmarcRecord::Psd::yes) return std::optional(std::move(each));
  return std::optional<Found>();
}

/// np= is for names that are not there at all: neither addresses nor mail hosts. RFC 9989 §3.2.13.
Step<bool> DmarcWalk::exists(const std::string& domain) {
  bool waits = false, trouble = false;
  for (const auto type : {dns::kTypeA, dns::kTypeAaaa, dns::kTypeMx}) {
    const dns::Answer* answer = lookups_.find(domain, type);
    waits = waits || answer == nullptr;
    if (answer == nullptr || answer->status == Status::no_name) continue;
    if (dns::is_definite(answer->status)) return true;
    trouble = true;
  }
  if (waits) return std::unexpected(Stop{true, ""});
  if (trouble)
    return std::unexpected(
        Stop{false, fmt::format("the DNS does not say whether there is a {}", domain)});
  return false;
}

Step<bool> DmarcWalk::same_organization(const std::string& domain, DmarcOutcome& outcome,
                                        std::string& organizational) {
  // Where something vouches for the very domain, trouble up there makes no difference.
  const auto settled = [&](const Stop& stopped) {
    return !stopped.waits && vouched_exactly(outcome.author_domain);
  };
  if (outcome.organizational_domain.empty()) {
    auto own = organizational_domain(outcome.author_domain);
    if (!own && settled(own.error())) return false;
    if (!own) return std::unexpected(std::move(own).error());
    outcome.organizational_domain = *std::move(own);
  }
  auto other = organizational_domain(domain);
  if (!other && settled(other.error())) return false;
  if (!other) return std::unexpected(std::move(other).error());
  organizational = *std::move(other);
  return organizational == outcome.organizational_domain;
}

/// RFC 9989 §5.3.4, §5.3.5: identifiers that passed, against the author domain.
Step<Done> DmarcWalk::align(const std::string& author, DmarcOutcome& outcome) {
  std::vector<std::string> signers;  // each once, the author's own first: it costs no question
  for (const DkimOutcome& each : query_.dkim) {
    if (each.result != DkimResult::pass) continue;
    if (std::ranges::find(signers, each.domain) == signers.end()) signers.push_back(each.domain);
  }
  if (const auto own = std::ranges::find(signers, author); own != signers.end())
    std::rotate(signers.begin(), own, own + 1);
  bool waits = false;
  for (const std::string& domain : signers) {
    if (outcome.dkim.aligned) break;
    DmarcAligned found{domain, "", domain == author};
    if (!found.aligned && !outcome.strict_dkim) {
      auto same = same_organization(domain, outcome, found.organizational);
      // The others' questions are asked in the same round.
      waits = waits || (!same && same.error().waits);
      if (!same && same.error().waits) continue;
      PH_STEP(found.aligned, std::move(same));
    }
    outcome.dkim = std::move(found);
  }
  if (waits) return std::unexpected(Stop{true, ""});
  if (query_.spf == SpfResult::pass && !query_.spf_domain.empty()) {
    outcome.spf.domain = query_.spf_domain;
    outcome.spf.aligned = query_.spf_domain == author;
    if (!outcome.spf.aligned && !outcome.strict_spf) {
      PH_STEP(outcome.spf.aligned,
              same_organization(query_.spf_domain, outcome, outcome.spf.organizational));
    }
  }
  return Done{};
}

Step<Done> DmarcWalk::choose_policy(const std::string& author, const Found& found,
                                    DmarcOutcome& outcome) {
  const DmarcRecord& record = found.record;
  outcome.published = record.policy;
  outcome.published_by = "p";
  if (found.domain != author) {
    if (record.subdomain) {
      outcome.published = *record.subdomain;
      outcome.published_by = "sp";
    }
    if (record.non_existent) {
      PH_STEP(const bool there, exists(author));
      if (!there) {
        outcome.published = *record.non_existent;
        outcome.published_by = "np";
      }
    }
  }
  outcome.disposition = outcome.published;
  // RFC 9989 appendix A.6: t=y is what pct=0 was; of other shares RFC 7489 §6.6.4.
  if (record.testing || query_.sample >= record.percent)
    outcome.disposition = milder(outcome.disposition);
  return Done{};
}

bool DmarcWalk::vouched_exactly(const std::string& author) const {
  return (query_.spf == SpfResult::pass && query_.spf_domain == author) ||
         std::ranges::any_of(query_.dkim, [&](const DkimOutcome& each) {
           return each.result == DkimResult::pass && each.domain == author;
         });
}

Step<std::optional<DmarcWalk::Found>> DmarcWalk::record_that_counts(const std::string& author,
                                                                    DmarcOutcome& outcome) {
  if (!vouched_exactly(author)) return record_for(author, outcome);
  // Whatever the organization is, this is aligned: nothing above has to be asked where the domain
  // has a record of its own, and DNS trouble there cannot make it fail.
  auto found = record_at(author);
  if (found && !*found) found = record_for(author, outcome);
  if (!found && !found.error().waits) {
    // No temperror, which would have the message sent again for nothing.
    outcome.why =
        fmt::format("{}; whatever it is, {} itself is vouched for", found.error().why, author);
    outcome.fix = kDnsFix;
    return std::optional<Found>();
  }
  return found;
}

void DmarcWalk::explain_none(DmarcOutcome& outcome) const {
  if (!outcome.why.empty()) return;
  for (std::string_view at = outcome.author_domain; !at.empty(); at = without_first_label(at)) {
    const auto published = check_.parsed_.find(std::string(at));
    if (published != check_.parsed_.end() && !published->second.wrong.empty())
      return explain_unusable(outcome, at, published->second.wrong);
  }
  explain_missing(outcome);
}

Step<DmarcOutcome> DmarcWalk::evaluate(const std::string& author) {
  DmarcOutcome outcome;
  outcome.author_domain = author;
  PH_STEP(const auto found, record_that_counts(author, outcome));
  if (!found) {
    explain_none(outcome);
    return outcome;
  }
  outcome.record_domain = found->domain;
  outcome.record = found->text;
  outcome.strict_dkim = found->record.strict_dkim;
  outcome.strict_spf = found->record.strict_spf;
  outcome.report_uris = found->record.aggregate_uris;
  outcome.problems = found->record.problems;
  PH_STEP([[maybe_unused]] const auto chosen, choose_policy(author, *found, outcome));
  PH_STEP([[maybe_unused]] const auto aligned, align(author, outcome));
  if (outcome.dkim.aligned || outcome.spf.aligned) {
    outcome.result = DmarcResult::pass;
    outcome.disposition = DmarcPolicy::none;
  } else {
    const bool unsure = query_.spf == SpfResult::temperror ||
                        std::ranges::any_of(query_.dkim, [](const DkimOutcome& each) {
                          return each.result == DkimResult::temperror;
                        });
    outcome.result = unsure ? DmarcResult::temperror : DmarcResult::fail;
    if (unsure) outcome.disposition = DmarcPolicy::none;
  }
  explain_judged(outcome);
  return outcome;
}

std::string_view to_string(DmarcResult result) {
  constexpr std::array<std::string_view, 5> names{"none", "pass", "fail", "temperror", "permerror"};
  return names[std::to_underlying(result)];
}

DmarcCheck::DmarcCheck(DmarcQuery query, const PublicSuffixes& suffixes)
    : query_(std::move(query)), suffixes_(suffixes) {}

std::optional<DmarcOutcome> DmarcCheck::run(Lookups& lookups) {
  const auto& domains = query_.author_domains;
  const AuthorTrouble trouble =
      domains.size() > kDmarcAuthorDomainsMax ? AuthorTrouble::too_many : query_.author_trouble;
  if (domains.empty() || trouble != AuthorTrouble::none) {
    DmarcOutcome outcome;
    outcome.author_trouble = trouble;
    if (trouble != AuthorTrouble::none) outcome.result = DmarcResult::permerror;
    outcome.why = trouble == AuthorTrouble::none ? "From has addresses of hosts, and no domain"
                                                 : to_string(trouble);
    outcome.fix = trouble == AuthorTrouble::folded ? "begin the header with the name of a field"
                                                   : "write one From field with one address";
    return outcome;
  }
  DmarcWalk walk(*this, lookups);
  std::optional<DmarcOutcome> worst;
  bool waits = false;
  for (const std::string& domain : domains) {
    auto outcome = walk.evaluate(domain);
    if (!outcome && outcome.error().waits) {
      waits = true;
      continue;
    }
    if (!outcome) {
      DmarcOutcome failed;
      failed.result = DmarcResult::temperror;
      failed.author_domain = domain;
      failed.why = outcome.error().why;
      failed.fix = kDnsFix;
      outcome = std::move(failed);
    }
    if (!worst || rank(*outcome) > rank(*worst)) worst = *std::move(outcome);
  }
  if (waits) return std::nullopt;
  return worst;
}

}  // namespace ph::mailauth
