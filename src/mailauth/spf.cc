#include "mailauth/spf.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <ranges>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "codec/idna.h"
#include "mailauth/spf_macro.h"
#include "wire/dns/name.h"
#include "wire/dns/rdata.h"

namespace ph::mailauth {
namespace {

using dns::Status;

/// Why a walk ends early: an answer is missing, or nothing but this result is left.
struct Stop {
  bool waits = false;
  SpfResult result = SpfResult::temperror;
  std::string why, fix;
};
template <class T>
using Step = std::expected<T, Stop>;

std::unexpected<Stop> wait() { return std::unexpected(Stop{.waits = true}); }
std::unexpected<Stop> stop(SpfResult result, std::string why, std::string fix) {
  return std::unexpected(Stop{false, result, std::move(why), std::move(fix)});
}

/// A domain that check_host() can be about: labels that fit, at least two. RFC 7208 §4.3.
std::string checked_domain(std::string_view text) {
  auto ascii = codec::to_ascii_domain(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
  if (!ascii || ascii->find('.') == std::string::npos || ascii->starts_with('[')) return {};
  return spf_name(*ascii) ? *std::move(ascii) : std::string();
}

}  // namespace

/// One run over what is known.
class SpfWalk {
 public:
  SpfWalk(SpfCheck& check, Lookups& lookups) : check_(check), lookups_(lookups) {}

  std::optional<SpfOutcome> run();

 private:
  struct Match {
    SpfResult result;
    std::string mechanism;
    const std::string* exp = nullptr;  // of the record that decided
    std::string domain;                // whose it is
  };
  Step<const dns::Answer*> ask(std::string_view name, std::uint16_t type, bool counts = true);
  Step<const SpfRecord*> record_of(const std::string& domain, bool& found);
  Step<Match> check_host(const std::string& domain, unsigned depth);
  Step<bool> matches(const SpfDirective& directive, const std::string& domain, unsigned depth,
                     std::string& found);
  Step<bool> includes(const std::string& target, unsigned depth, std::string& found);
  Step<bool> has_address(std::string_view name, const SpfDirective& directive, bool counts);
  Step<bool> has_mx(const std::string& target, const SpfDirective& directive, std::string& found);
  Step<bool> has_name(const std::string& target, std::string& found);
  Step<std::vector<std::string>> validated_names();
  Step<std::string> name_of_client(const std::string& domain);
  Step<std::string> expand(std::string_view text, const std::string& domain, bool explanation);
  Step<std::string> target_of(const SpfDirective& directive, const std::string& domain);
  Step<Done> count_term();
  Step<std::string> explain(const Match& match);
  void told(SpfStep step) {
    if (outcome_.path.size() < kSpfStepsMax) outcome_.path.push_back(std::move(step));
  }
  std::uint16_t address_type() const {
    return check_.ip_.size() == kIpv4Octets ? dns::kTypeA : dns::kTypeAaaa;
  }

  SpfCheck& check_;
  Lookups& lookups_;
  SpfOutcome outcome_;
  bool tells_ = true;  // the term is one of the path
};

/// As PH_TRY, for a Step.
#define PH_STEP PH_TRY

Step<const dns::Answer*> SpfWalk::ask(std::string_view name, std::uint16_t type, bool counts) {
  static const dns::Answer kNoName{.status = Status::no_name};
  const auto wire = spf_name(name);
  const dns::Answer* answer = wire ? lookups_.find(*wire, type) : &kNoName;
  if (answer == nullptr) return wait();
  if (!dns::is_definite(answer->status)) {
    return stop(SpfResult::temperror,
                fmt::format("the DNS does not say {} of {}: {}", dns::type_name(type), name,
                            answer->why.empty() ? dns::to_string(answer->status)
                                                : std::string_view(answer->why)),
                "look at the DNS servers of that name; the sender may try again");
  }
  if (counts && answer->status != Status::ok && ++outcome_.void_lookups > kSpfVoidLookupsMax) {
    return stop(SpfResult::permerror,
                fmt::format("more than {} names in the record do not exist (the last: {})",
                            kSpfVoidLookupsMax, name),
                "remove from the record what names hosts and domains that are gone");
  }
  return answer;
}

Step<Done> SpfWalk::count_term() {
  if (++outcome_.terms <= kSpfTermsMax) return Done{};
  return stop(SpfResult::permerror,
              fmt::format("more than {} terms of the record ask the DNS", kSpfTermsMax),
              "replace \"include\", \"a\" and \"mx\" by ip4 and ip6, or drop what sends no more");
}

/// RFC 7208 §4.4, §4.5. `found`: there is one.
Step<const SpfRecord*> SpfWalk::record_of(const std::string& domain, bool& found) {
  found = false;
  PH_STEP(const auto* answer, ask(domain, dns::kTypeTxt, false));
  const auto known = check_.parsed_.find(domain);
  if (known == check_.parsed_.end()) {
    SpfCheck::Parsed& made = check_.parsed_[domain];
    std::size_t count = 0;
    for (const std::string& text : texts_of(*answer)) {
      if (!is_spf_record(text) || ++count > 1) continue;
      auto record = parse_spf_record(text);
      if (record) {
        made.record = *std::move(record);
      } else {
        made.wrong = fmt::format("{}: {}", record.error().what, record.error().detail);
      }
    }
    if (count > 1) {
      made.record.reset();
      made.wrong = fmt::format("there are {} SPF records where one may be", count);
    }
  }
  const SpfCheck::Parsed& parsed = check_.parsed_.at(domain);
  if (!parsed.wrong.empty()) {
    return stop(SpfResult::permerror,
                fmt::format("the record of {} is wrong: {}", domain, parsed.wrong),
                "correct the TXT record that begins with v=spf1");
  }
  found = parsed.record.has_value();
  return found ? &*parsed.record : nullptr;
}

Step<SpfWalk::Match> SpfWalk::check_host(const std::string& domain, unsigned depth) {
  bool found = false;
  PH_STEP(const SpfRecord* record, record_of(domain, found));
  if (!found) {
    told({depth, domain, "", "there is no SPF record", false});
    return Match{SpfResult::none, "", nullptr, domain};
  }
  for (const SpfDirective& directive : record->directives) {
    std::string what;
    const auto place = outcome_.path.size();
    tells_ = place < kSpfStepsMax;
    if (tells_) told({depth, domain, directive.text, "", false});
    PH_STEP(const bool matched, matches(directive, domain, depth, what));
    if (place < outcome_.path.size()) {
      outcome_.path[place].found = std::move(what);
      outcome_.path[place].matched = matched;
    }
    if (matched) {
      return Match{directive.qualifier, directive.text, record->exp ? &*record->exp : nullptr,
                   domain};
    }
  }
  if (!record->redirect) {
    told({depth, domain, "", "no term matches, and there is no \"all\"", false});
    return Match{SpfResult::neutral, "default", nullptr, domain};
  }
  PH_STEP([[maybe_unused]] const auto counted, count_term());
  PH_STEP(const std::string target, expand(*record->redirect, domain, false));
  told({depth, domain, "redirect=" + *record->redirect, "goes on at " + target, true});
  PH_STEP(Match match, check_host(target, depth + 1));
  if (match.result != SpfResult::none) return match;
  return stop(SpfResult::permerror,
              fmt::format("{} redirects to {}, which has no SPF record", domain, target),
              fmt::format("publish a record at {} or drop the redirect", target));
}

Step<std::string> SpfWalk::target_of(const SpfDirective& directive, const std::string& domain) {
  if (directive.domain.empty()) return domain;
  return expand(directive.domain, domain, false);
}

Step<bool> SpfWalk::matches(const SpfDirective& directive, const std::string& domain,
                            unsigned depth, std::string& found) {
  using enum SpfMechanism;
  const std::string_view ip = check_.ip_;
  switch (directive.mechanism) {
    case all: found = "matches everything"; return true;
    case ip4:
    case ip6: {
      const bool in =
          in_network(ip, directive.network,
                     directive.mechanism == ip4 ? directive.prefix4 : directive.prefix6);
      // Of the thousands that a record may have, the first ones are told.
      if (tells_) found = fmt::format("{} is {}in it", check_.query_.ip, in ? "" : "not ");
      return in;
    }
    default: break;
  }
  PH_STEP([[maybe_unused]] const auto counted, count_term());
  PH_STEP(const std::string target, target_of(directive, domain));
  if (directive.mechanism == include) return includes(target, depth, found);
  if (directive.mechanism == mx) return has_mx(target, directive, found);
  if (directive.mechanism == ptr) return has_name(target, found);
  if (directive.mechanism == exists) {
    PH_STEP(const auto* answer, ask(target, dns::kTypeA));
    const bool there = answer->status == Status::ok;
    found = fmt::format("{} {}", target, there ? "exists" : "does not exist");
    return there;
  }
  PH_STEP(const bool in, has_address(target, directive, true));
  found = fmt::format("{} is {}an address of {}", check_.query_.ip, in ? "" : "not ", target);
  return in;
}

Step<bool> SpfWalk::includes(const std::string& target, unsigned depth, std::string& found) {
  PH_STEP(const Match match, check_host(target, depth + 1));
  if (match.result == SpfResult::none) {
    return stop(SpfResult::permerror, fmt::format("{} is included, and has no SPF record", target),
                fmt::format("publish a record at {}, or drop the include", target));
  }
  found = fmt::format("{} says {}", target, to_string(match.result));
  return match.result == SpfResult::pass;
}

/// RFC 7208 §5.3.
Step<bool> SpfWalk::has_address(std::string_view name, const SpfDirective& directive, bool counts) {
  PH_STEP(const auto* answer, ask(name, address_type(), counts));
  const bool four = address_type() == dns::kTypeA;
  return std::ranges::any_of(answer->data, [&](const std::string& rdata) {
    return in_network(check_.ip_, rdata, four ? directive.prefix4 : directive.prefix6);
  });
}

/// RFC 7208 §5.4.
Step<bool> SpfWalk::has_mx(const std::string& target, const SpfDirective& directive,
                           std::string& found) {
  PH_STEP(const auto* answer, ask(target, dns::kTypeMx));
  std::vector<dns::Mx> hosts;
  for (const std::string& rdata : answer->data) {
    if (auto host = dns::parse_mx(rdata); host && host->exchange != ".")
      hosts.push_back(*std::move(host));
  }
  if (hosts.size() > kSpfMxNamesMax) {
    return stop(SpfResult::permerror,
                fmt::format("{} has more than {} mail hosts", target, kSpfMxNamesMax),
                "name the addresses by ip4 and ip6 instead of \"mx\"");
  }
  std::ranges::sort(hosts, [](const dns::Mx& a, const dns::Mx& b) {
    return std::tie(a.preference, a.exchange) < std::tie(b.preference, b.exchange);
  });
  for (const dns::Mx& host : hosts) lookups_.find(host.exchange, address_type());  // all at once
  for (const dns::Mx& host : hosts) {
    PH_STEP(const bool in, has_address(host.exchange, directive, true));
    if (!in) continue;
    found = fmt::format("{} is an address of {}, a mail host of {}", check_.query_.ip,
                        host.exchange, target);
    return true;
  }
  found = fmt::format("{} is no address of the mail hosts of {}", check_.query_.ip, target);
  return false;
}

/// The client's names that lead back to it. RFC 7208 §5.5: trouble with one of them is no error.
Step<std::vector<std::string>> SpfWalk::validated_names() {
  std::vector<std::string> out;
  const dns::Answer* names = lookups_.find(reverse_name(check_.ip_), dns::kTypePtr);
  if (names == nullptr) return wait();
  if (names->status != Status::ok) return out;
  std::vector<std::string> candidates;
  for (const std::string& rdata : names->data | std::views::take(kSpfPtrNamesMax)) {
    if (auto name = dns::parse_target(rdata)) candidates.push_back(*std::move(name));
  }
  for (const auto& name : candidates) lookups_.find(name, address_type());
  for (auto& name : candidates) {
    const dns::Answer* answer = lookups_.find(name, address_type());
    if (answer == nullptr) return wait();
    if (std::ranges::find(answer->data, check_.ip_) != answer->data.end())
      out.push_back(std::move(name));
  }
  return out;
}

Step<bool> SpfWalk::has_name(const std::string& target, std::string& found) {
  PH_STEP(const auto names, validated_names());
  for (const auto& name : names) {
    if (!is_at_or_below(name, target)) continue;
    found = fmt::format("{} is a name of {}", name, check_.query_.ip);
    return true;
  }
  found = fmt::format("no name of {} that leads back to it is in {}", check_.query_.ip, target);
  return false;
}

/// %{p}, RFC 7208 §7.3.
Step<std::string> SpfWalk::name_of_client(const std::string& domain) {
  PH_STEP(const auto names, validated_names());
  const std::string* best = nullptr;
  for (const auto& name : names) {
    if (same_ascii(name, domain)) return name;
    if (best == nullptr || (is_at_or_below(name, domain) && !is_at_or_below(*best, domain)))
      best = &name;
  }
  return best ? *best : std::string("unknown");
}

Step<std::string> SpfWalk::expand(std::string_view text, const std::string& domain,
                                  bool explanation) {
  SpfMacroValues values{check_.query_,         check_.ip_, check_.local_,
                        check_.sender_domain_, domain,     ""};
  if (uses_macro(text, 'p')) {
    PH_STEP(std::string name, name_of_client(domain));
    values.client_name = std::move(name);
  }
  std::string out = expand_spf(text, values);
  return explanation ? out : shortened_spf_domain(std::move(out));
}

/// RFC 7208 §6.2: whatever goes wrong, there is no explanation.
Step<std::string> SpfWalk::explain(const Match& match) {
  if (match.exp == nullptr) return std::string();
  auto target = expand(*match.exp, match.domain, false);
  if (!target) return target.error().waits ? Step<std::string>(wait()) : std::string();
  const auto wire = spf_name(*target);
  if (!wire) return std::string();
  const dns::Answer* answer = lookups_.find(*wire, dns::kTypeTxt);
  if (answer == nullptr) return wait();
  const auto texts = texts_of(*answer);
  if (answer->status != Status::ok || texts.size() != 1) return std::string();
  const std::string& text = texts.front();
  if (text.size() > kSpfExplanationOctetsMax || !is_explanation(text)) return std::string();
  auto out = expand(text, match.domain, true);
  if (!out && out.error().waits) return wait();
  const bool printable =
      out && std::ranges::all_of(*out, [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? *std::move(out) : std::string();
}

std::optional<SpfOutcome> SpfWalk::run() {
  outcome_.helo_identity = check_.query_.sender.empty();
  outcome_.domain = check_.domain_;
  if (check_.domain_.empty() || check_.ip_.empty()) {
    outcome_.why = "what the client names is no domain that can have a record";
    return std::move(outcome_);
  }
  auto match = check_host(check_.domain_, 0);
  if (!match) {
    if (match.error().waits) return std::nullopt;
    outcome_.result = match.error().result;
    outcome_.why = std::move(match.error().why);
    outcome_.fix = std::move(match.error().fix);
    return std::move(outcome_);
  }
  outcome_.result = match->result;
  outcome_.mechanism = match->mechanism;
  if (match->result == SpfResult::fail) {
    auto explanation = explain(*match);
    if (!explanation) return std::nullopt;
    outcome_.explanation = *std::move(explanation);
  }
  outcome_.why = why_of(outcome_, check_.query_);
  outcome_.fix = fix_of(outcome_, check_.query_);
  return std::move(outcome_);
}

SpfCheck::SpfCheck(SpfQuery query) : query_(std::move(query)) {
  ip_ = parse_ip_text(query_.ip).value_or("");
  const auto at = query_.sender.rfind('@');
  if (query_.sender.empty()) {
    local_ = "postmaster";
    domain_ = checked_domain(query_.helo);
    sender_domain_ = query_.helo;
  } else {
    local_ = at == std::string::npos || at == 0 ? "postmaster" : query_.sender.substr(0, at);
    sender_domain_ = at == std::string::npos ? query_.sender : query_.sender.substr(at + 1);
    domain_ = checked_domain(sender_domain_);
  }
  if (!domain_.empty()) sender_domain_ = domain_;
}

std::optional<SpfOutcome> SpfCheck::run(Lookups& lookups) { return SpfWalk(*this, lookups).run(); }

}  // namespace ph::mailauth
