#include "mailauth/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "mailauth/dkim_record.h"
#include "mailauth/dmarc.h"
#include "mailauth/lint_desk.h"
#include "mailauth/spf.h"

namespace ph::mailauth {
namespace {

using enum LintSeverity;

/// Selectors that large providers and common programs use.
constexpr std::array<std::string_view, 16> kCommonSelectors{
    "default", "dkim", "mail", "google", "selector1", "selector2", "s1",  "s2",
    "k1",      "k2",   "k3",   "key1",   "smtp",      "mx",        "rsa", "ed25519"};

class Lint : LintDesk {
 public:
  using LintDesk::LintDesk;

  std::optional<LintOutcome> run(const std::vector<std::string>& selectors, Wall now) {
    const bool has_mail = lint_mail_hosts(*this);
    look_at_spf(now, has_mail);
    look_at_dmarc();
    look_at_dkim(selectors, has_mail);
    lint_transport(*this);
    if (waits) return std::nullopt;
    LintOutcome sorted{std::move(out.domain), std::move(out.records), {}};
    for (const auto severity : {wrong, risk, advice, unknown}) {
      for (auto& each : out.findings)
        if (each.severity == severity) sorted.findings.push_back(std::move(each));
    }
    return sorted;
  }

 private:
  void look_at_spf(Wall now, bool has_mail);
  void criticise_spf(const SpfRecord& record, std::string_view text);
  void count_spf(Wall now);
  void look_at_dmarc();
  void criticise_dmarc(const DmarcRecord& record, const std::string& name);
  void look_at_dkim(const std::vector<std::string>& selectors, bool has_mail);
  bool look_at_key(const std::string& selector, bool expected);
  void criticise_key(const DkimRecord& record, const std::string& name);
};

void Lint::look_at_spf(Wall now, bool has_mail) {
  const auto found = records("spf", out.domain, is_spf_record);
  if (!found) return;
  if (found->empty()) {
    say(wrong, "spf", "there is no SPF record",
        "anybody may send in this name, and large providers refuse mail of such domains",
        has_mail ? "publish a TXT record: \"v=spf1 mx -all\", with whoever else sends for you"
                 : "publish a TXT record: \"v=spf1 -all\"");
    return;
  }
  if (found->size() > 1) {
    say(wrong, "spf", fmt::format("there are {} SPF records", found->size()),
        "more than one is a permanent error (RFC 7208 §4.5): none of them counts",
        "write all terms into one record");
    return;
  }
  const auto record = parse_spf_record(found->front());
  if (!record) {
    say(wrong, "spf",
        fmt::format("the record is wrong: {}, {}", record.error().what, record.error().detail),
        "one wrong term makes all of the record void (RFC 7208 §4.6)", "correct or remove it");
    return;
  }
  criticise_spf(*record, found->front());
  count_spf(now);
}

void Lint::criticise_spf(const SpfRecord& record, std::string_view text) {
  std::size_t at = 0;
  for (; at < record.directives.size(); ++at) {
    const auto& each = record.directives[at];
    if (each.mechanism == SpfMechanism::ptr) {
      say(risk, "spf", "the record uses \"ptr\"",
          "it is slow, fails with the client's name servers, and should not be used "
          "(RFC 7208 §5.5)",
          "name the addresses with ip4, ip6, a or mx");
    }
    if ((each.mechanism == SpfMechanism::ip4 && each.prefix4 < 16) ||
        (each.mechanism == SpfMechanism::ip6 && each.prefix6 < 32)) {
      say(risk, "spf", fmt::format("{} allows a large part of the Internet", each.text),
          "whoever has an address there may send in this name", "name the networks that send");
    }
    if (each.mechanism == SpfMechanism::all) break;
  }
  if (at == record.directives.size()) {
    if (!record.redirect) {
      say(risk, "spf", "the record ends without \"all\"",
          "addresses that it does not name get no verdict (neutral)",
          "end it with -all, or ~all while you are not sure that every sender is named");
    }
    return;
  }
  const auto qualifier = record.directives[at].qualifier;
  if (qualifier == SpfResult::pass) {
    say(wrong, "spf", "the record ends with +all", "everybody may send in this name",
        "end it with -all");
  } else if (qualifier == SpfResult::neutral) {
    say(risk, "spf", "the record ends with ?all", "it says nothing about strangers",
        "end it with -all, or ~all");
  } else if (qualifier == SpfResult::softfail) {
    say(advice, "spf", "the record ends with ~all",
        "forged mail is marked, not refused, where there is no DMARC policy",
        "end it with -all once every sender is named");
  }
  if (at + 1 < record.directives.size()) {
    say(wrong, "spf", "terms stand behind \"all\"", "they are never looked at (RFC 7208 §5.1)",
        "put \"all\" at the end");
  }
  if (record.redirect) {
    say(advice, "spf", "there is \"redirect\" beside \"all\"", "it is never used (RFC 7208 §6.1)",
        "remove one of the two");
  }
  if (text.size() > 450) {
    say(advice, "spf", fmt::format("the record has {} octets", text.size()),
        "answers above 512 octets need TCP, or larger UDP (RFC 7208 §3.4)", "shorten it");
  }
}

/// What an address that nothing names costs: every term is looked at.
void Lint::count_spf(Wall now) {
  for (const std::string_view ip : {"192.0.2.255", "2001:db8:ffff::ff"}) {
    SpfCheck check({.ip = std::string(ip),
                    .helo = {},
                    .sender = "postmaster@" + out.domain,
                    .receiver = {},
                    .now = now});
    const auto outcome = check.run(lookups);
    if (!outcome) {
      waits = true;
      continue;
    }
    if (outcome->result == SpfResult::permerror || outcome->result == SpfResult::temperror) {
      say(outcome->result == SpfResult::permerror ? wrong : unknown, "spf", outcome->why,
          "mail from addresses that are named late, or not at all, gets this error", outcome->fix);
      return;
    }
    if (outcome->terms >= kSpfTermsMax - 1) {
      say(risk, "spf",
          fmt::format("the record needs {} of {} lookups", outcome->terms, kSpfTermsMax),
          "one more term, here or in what it includes, and it is void (RFC 7208 §4.6.4)",
          "remove includes that are not needed, or name addresses");
      return;
    }
  }
}

void Lint::look_at_dmarc() {
  const std::string own = "_dmarc." + out.domain;
  const auto found = records("dmarc", own, is_dmarc_record);
  if (!found) return;
  if (found->size() > 1) {
    say(wrong, "dmarc", fmt::format("there are {} DMARC records", found->size()),
        "more than one counts as none (RFC 9989 §4.7)", "keep one");
    return;
  }
  if (found->size() == 1) {
    const auto record = parse_dmarc_record(found->front());
    if (!record) {
      say(wrong, "dmarc", fmt::format("the record is wrong: {}", record.error().what),
          "it counts as none", "publish \"v=DMARC1; p=reject; rua=mailto:...\"");
      return;
    }
    return criticise_dmarc(*record, own);
  }
  // None of its own: the check itself walks up the tree.
  const PublicSuffixes suffixes;
  const auto outcome = DmarcCheck({.author_domains = {out.domain}}, suffixes).run(lookups);
  if (!outcome) {
    waits = true;
    return;
  }
  if (outcome->record.empty()) {
    say(wrong, "dmarc", "there is no DMARC record, here or above",
        "mail forged in this name is taken, and large providers want a record",
        fmt::format("publish at {} a TXT record: \"v=DMARC1; p=none; rua=mailto:...\", and "
                    "p=reject when the reports are well",
                    own));
    return;
  }
  out.records.push_back({"dmarc", "_dmarc." + outcome->record_domain, outcome->record});
  if (outcome->published == DmarcPolicy::none) {
    say(risk, "dmarc",
        fmt::format("the record of {} wants nothing done ({}=none)", outcome->record_domain,
                    outcome->published_by),
        "mail forged in this name is delivered", "publish p=quarantine or p=reject");
  }
}

void Lint::criticise_dmarc(const DmarcRecord& record, const std::string& name) {
  for (const auto& problem : record.problems) {
    say(wrong, "dmarc", problem, "what cannot be read is not done", "correct the record");
  }
  if (record.policy == DmarcPolicy::none) {
    say(risk, "dmarc", "the policy is p=none", "mail forged in this name is delivered",
        "read the reports, name what is missing in SPF and DKIM, then p=quarantine, p=reject");
  }
  if (record.subdomain && *record.subdomain < record.policy) {
    say(risk, "dmarc",
        fmt::format("subdomains are less protected (sp={})", to_string(*record.subdomain)),
        "forgers take a subdomain", "leave sp= out, or make it as strict as p=");
  }
  if (record.testing || record.percent < 100) {
    say(risk, "dmarc",
        record.testing ? "the record is a test (t=y)"
                       : fmt::format("the policy holds for {}% (pct=)", record.percent),
        "the rest is treated one step milder (RFC 9989 appendix A.6)",
        "leave t= and pct= out when the reports are well");
  }
  if (record.aggregate_uris.empty()) {
    say(advice, "dmarc", "no reports are asked for (rua=)",
        "nobody tells you who sends in your name", fmt::format("add rua=mailto:... at {}", name));
  }
  lint_destinations(*this, record);
}

bool Lint::look_at_key(const std::string& selector, bool expected) {
  const std::string name = selector + "._domainkey." + out.domain;
  const dns::Answer* answer = lookups.find(name, dns::kTypeTxt);
  if (answer == nullptr) {
    waits = true;
    return false;
  }
  if (!dns::is_definite(answer->status)) {
    if (expected) ask("dkim", name, dns::kTypeTxt);
    return false;
  }
  const auto texts = texts_of(*answer);
  if (texts.empty()) {
    if (expected) {
      say(wrong, "dkim", fmt::format("there is no key at {}", name),
          "signatures with this selector do not count", "publish the key there");
    }
    return false;
  }
  for (const auto& text : texts) out.records.push_back({"dkim", name, text});
  if (texts.size() > 1) {
    say(wrong, "dkim", fmt::format("there are {} records at {}", texts.size(), name),
        "which of them counts is not defined (RFC 6376 §3.6.2.2)", "keep one key a selector");
  }
  const auto record = parse_dkim_record(texts.front());
  if (!record) {
    say(wrong, "dkim", fmt::format("the record at {} is wrong: {}", name, record.error().what),
        "signatures with this selector do not count", "publish it again, whole");
    return true;
  }
  criticise_key(*record, name);
  return true;
}

void Lint::criticise_key(const DkimRecord& record, const std::string& name) {
  if (record.key.empty()) {
    return say(advice, "dkim", fmt::format("the key at {} is revoked", name),
               "signatures with it do not count: right for a key that is no longer used",
               "remove the record when no mail with it is under way");
  }
  const auto key = record.kind == crypto::KeyKind::rsa ? crypto::PublicKey::rsa(record.key)
                                                       : crypto::PublicKey::ed25519(record.key);
  if (!key) {
    return say(wrong, "dkim", fmt::format("the key at {} is no key: {}", name, key.error().what),
               "signatures with it do not count", "publish the whole key in p=");
  }
  if (key->kind() == crypto::KeyKind::rsa && key->bits() < kLintRsaBitsMin) {
    const bool void_ = key->bits() < kDkimRsaBitsMin;
    say(void_ ? wrong : risk, "dkim", fmt::format("the key at {} has {} bits", name, key->bits()),
        void_ ? "below 1024 bits it does not count (RFC 8301 §3.2)"
              : "such keys can be broken by those who spend enough",
        "make one of 2048 bits under a new selector");
  }
  if (record.testing) {
    say(risk, "dkim", fmt::format("the key at {} is marked as a test (t=y)", name),
        "some treat such mail as unsigned (RFC 6376 §3.6.1)", "leave t=y out");
  }
  if (!record.for_mail) {
    say(wrong, "dkim", fmt::format("the key at {} is not for mail (s=)", name),
        "signatures with it do not count", "leave s= out");
  }
}

void Lint::look_at_dkim(const std::vector<std::string>& selectors, bool has_mail) {
  std::size_t found = 0, looked = 0;
  for (const auto& selector : selectors) {
    if (looked++ < kLintSelectorsMax) found += look_at_key(selector, true) ? 1 : 0;
  }
  for (const auto selector : kCommonSelectors) {
    if (std::ranges::find(selectors, selector) != selectors.end()) continue;
    if (looked++ < kLintSelectorsMax) found += look_at_key(std::string(selector), false) ? 1 : 0;
  }
  if (!waits && found == 0 && selectors.empty() && has_mail) {
    say(advice, "dkim", "no DKIM key is found under the names that are often used",
        "whether there is one elsewhere cannot be seen without its selector",
        "name the selector (--selector); it stands as s= in your DKIM-Signature");
  }
}

}  // namespace

void LintDesk::say(LintSeverity severity, std::string_view about, std::string what, std::string why,
                   std::string fix) {
  out.findings.push_back(
      {severity, std::string(about), std::move(what), std::move(why), std::move(fix)});
}

const dns::Answer* LintDesk::ask(std::string_view about, const std::string& name,
                                 std::uint16_t type) {
  const dns::Answer* answer = lookups.find(name, type);
  if (answer == nullptr) {
    waits = true;
  } else if (!dns::is_definite(answer->status)) {
    say(unknown, about, fmt::format("the DNS does not say {} of {}", dns::type_name(type), name),
        answer->why.empty() ? std::string(dns::to_string(answer->status)) : answer->why,
        "look at the domain's name servers: mail waits, or is refused, while they fail");
    return nullptr;
  }
  return answer;
}

std::optional<std::vector<std::string>> LintDesk::records(std::string_view about,
                                                          const std::string& name,
                                                          bool (*is)(std::string_view)) {
  const dns::Answer* answer = ask(about, name, dns::kTypeTxt);
  if (answer == nullptr) return std::nullopt;
  std::vector<std::string> found;
  for (auto& text : texts_of(*answer)) {
    if (!is(text)) continue;
    out.records.push_back({std::string(about), name, text});
    found.push_back(std::move(text));
  }
  return found;
}

std::string_view to_string(LintSeverity severity) {
  constexpr std::array<std::string_view, 4> names{"wrong", "risk", "advice", "unknown"};
  return names[std::to_underlying(severity)];
}

std::optional<LintOutcome> lint_domain(const std::string& domain,
                                       const std::vector<std::string>& selectors, Wall now,
                                       Lookups& lookups) {
  return Lint(domain, lookups).run(selectors, now);
}

}  // namespace ph::mailauth
