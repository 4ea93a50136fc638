#include "app/cli/auth_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "app/cli/auth_facts.h"
#include "app/cli/auth_report.h"
#include "app/cli/auth_signer.h"
#include "app/cli/batch.h"
#include "app/cli/cli.h"
#include "app/cli/input.h"
#include "app/daemon/facts.h"
#include "app/daemon/units.h"
#include "base/ascii.h"
#include "base/ip_text.h"
#include "codec/idna.h"
#include "mailauth/authors.h"
#include "mailauth/dkim_diagnose.h"
#include "mailauth/lint.h"
#include "mailauth/results.h"
#include "message/date.h"
#include "net/run_check.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using mailauth::Lookups;

/// Files have the line ends of their system; signatures are over those of the wire.
std::string with_crlf(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 32);
  for (const char c : octets) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

Result<std::string> client_ip(const std::string& ip) {
  if (ip.empty()) return fail(Kind::malformed, "whose address? name it with --ip (\"ip\")");
  if (!parse_ip_text(ip)) return fail(Kind::malformed, "that is no IP address", ip);
  return ip;
}

/// "<>" and "" are the null path.
std::string sender_of(std::string from) {
  if (from.starts_with('<') && from.ends_with('>')) from = from.substr(1, from.size() - 2);
  return from;
}

Result<mailauth::SpfQuery> spf_query(const AuthRequest& request, Wall now) {
  PH_TRY(auto ip, client_ip(request.ip));
  mailauth::SpfQuery query{.ip = std::move(ip),
                           .helo = request.helo,
                           .sender = sender_of(request.from),
                           .receiver = request.authserv_id,
                           .now = now};
  if (query.sender.empty() && query.helo.empty())
    return fail(Kind::malformed, "whose domain? name it with --from or --helo");
  return query;
}

/// All checks of one message, each question asked once.
class MessageCheck {
 public:
  MessageCheck(const message::Header& header, std::string_view body,
               std::optional<mailauth::SpfQuery> spf, mailauth::DmarcMethod method, Wall now,
               const mailauth::PublicSuffixes& suffixes)
      : authors_(mailauth::authors_of(header)),
        method_(method),
        suffixes_(suffixes),
        dkim_(header, bodies_, now),
        arc_(header, bodies_, now) {
    if (spf) spf_.emplace(*std::move(spf));
    bodies_.update(body);
    bodies_.finish();
  }

  struct Outcome {
    std::optional<mailauth::SpfOutcome> spf;
    std::vector<mailauth::DkimOutcome> dkim;
    mailauth::ArcOutcome arc;
    mailauth::DmarcOutcome dmarc;
  };
  std::optional<Outcome> run(Lookups& lookups) {
    // What has its outcome is not run again while DMARC waits.
    if (spf_ && !spf_outcome_) spf_outcome_ = spf_->run(lookups);
    if (!dkim_outcome_) dkim_outcome_ = dkim_.run(lookups);
    if (!arc_outcome_) arc_outcome_ = arc_.run(lookups);
    if ((spf_ && !spf_outcome_) || !dkim_outcome_ || !arc_outcome_) return std::nullopt;
    mailauth::DmarcQuery query{.author_domains = authors_.domains,
                               .author_trouble = authors_.trouble,
                               .dkim = *dkim_outcome_,
                               .method = method_};
    if (spf_outcome_) {
      query.spf = spf_outcome_->result;
      query.spf_domain = spf_outcome_->domain;
    }
    auto dmarc = mailauth::DmarcCheck(std::move(query), suffixes_).run(lookups);
    if (!dmarc) return std::nullopt;
    return Outcome{spf_outcome_, *dkim_outcome_, *arc_outcome_, *std::move(dmarc)};
  }

 private:
  mailauth::Authors authors_;
  mailauth::DmarcMethod method_;
  const mailauth::PublicSuffixes& suffixes_;
  mailauth::BodyDigests bodies_;
  mailauth::DkimVerifier dkim_;
  mailauth::ArcVerifier arc_;
  std::optional<mailauth::SpfCheck> spf_;
  std::optional<mailauth::SpfOutcome> spf_outcome_;
  std::optional<std::vector<mailauth::DkimOutcome>> dkim_outcome_;
  std::optional<mailauth::ArcOutcome> arc_outcome_;
};

/// What was changed on the way, as far as that can be told of a signature that does not fit.
json::array changes_of(const message::Header& header, std::string_view body,
                       const mailauth::DkimOutcome& outcome, mailauth::SignatureKind kind) {
  using enum mailauth::DkimReason;
  json::array out;
  const auto field = std::ranges::find(header.fields(), outcome.offset, &message::Field::offset);
  if ((outcome.reason != body_hash && outcome.reason != header_hash) ||
      field == header.fields().end())
    return out;
  const auto signature = mailauth::parse_signature_tags(field->value, kind);
  if (!signature) return out;
  auto found = mailauth::diagnose_dkim(header, body, *signature);
  for (auto& each : mailauth::diagnose_header(header, *field, *signature, outcome.key_record))
    found.push_back(std::move(each));
  for (const auto& each : found)
    out.push_back(json::object{{"kind", each.kind}, {"what", daemon::utf8_only(each.what)}});
  return out;
}

/// For each signature.
void put_changes(const message::Header& header, std::string_view body,
                 const std::vector<mailauth::DkimOutcome>& outcomes, json::object& facts) {
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    facts.at("signatures").at(i).as_object()["changes"] =
        changes_of(header, body, outcomes[i], mailauth::SignatureKind::dkim);
}

std::string body_digest(std::string_view body, mailauth::Canonical form) {
  mailauth::BodyDigest digest(form, crypto::DigestKind::sha256, std::nullopt);
  digest.update(body);
  return digest.finish();
}

json::object signed_facts(const std::string& fields, const std::string& message,
                          const message::Header& header, const Signer& signer, bool header_only) {
  json::object out{{"field", fields},
                   {"record_name", signer.selector + "._domainkey." + signer.domain},
                   {"record", mailauth::format_dkim_record(signer.key)},
                   {"code", kFine}};
  put_octets(out, header_only ? fields : with_fields(message, header, fields));
  return out;
}

/// What stands behind "Authentication-Results:", for a field of ours.
Result<std::string> one_line(std::string_view results) {
  std::string line = message::unfold(results);
  const auto control = std::ranges::find_if(line, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  if (control == line.end()) return line;
  return fail(Kind::malformed,
              "--results (\"results\") has a control character; it is what stands behind "
              "Authentication-Results: in text",
              fmt::format("octet {:#04x} at offset {}", static_cast<unsigned char>(*control),
                          control - line.begin()));
}

}  // namespace

Result<Done> auth_part(std::string_view what) {
  constexpr std::array<std::string_view, 8> kParts{"spf",  "dkim", "dmarc", "arc",
                                                   "sign", "seal", "lint",  "report"};
  if (std::ranges::find(kParts, what) != kParts.end()) return Done{};
  return fail(Kind::malformed, "\"do\" is spf, dkim, dmarc, arc, sign, seal, lint or report",
              std::string(what));
}

struct AuthDesk::Checked {
  std::unique_ptr<const std::string> message;  // with CRLF; stays where it is
  message::Header header;                      // aliases it
  MessageCheck::Outcome outcome;
};

template <class Check>
auto AuthDesk::run(Check& check)
    -> Result<typename decltype(check.run(std::declval<Lookups&>()))::value_type> {
  if (!resolver_) {
    PH_TRY(resolver_, rt::os::make_resolver({.servers = servers_}));
  }
  Lookups lookups;
  const rt::Instant deadline = world_->clock.now() + kAuthLookUpMax;
  return world_.run(net::run_check(
      *resolver_, lookups, [&check](Lookups& known) { return check.run(known); }, deadline));
}

Result<Wall> AuthDesk::time_of(const AuthRequest& request) {
  if (request.now.empty()) return world_->clock.wall();
  if (request.now.size() <= 11 && request.now.find_first_not_of("0123456789") == std::string::npos)
    return wall_of(std::stoll(request.now) * 1000);
  const auto read = message::read_date(request.now);
  if (!read)
    return fail(Kind::malformed,
                "--now (\"now\") is no time: write seconds since 1970, or 2026-11-21T10:00:00Z",
                request.now);
  return read->at;
}

Result<json::object> AuthDesk::spf(const AuthRequest& request, Wall now) {
  PH_TRY(auto query, spf_query(request, now));
  mailauth::SpfCheck check(query);
  PH_TRY(const auto outcome, run(check));
  json::object out = facts(outcome);
  out["received_spf"] = mailauth::received_spf_field(
      outcome, {.authserv_id = query.receiver.empty() ? "localhost" : query.receiver,
                .ip = query.ip,
                .helo = query.helo,
                .sender = query.sender});
  return out;
}

Result<AuthDesk::Checked> AuthDesk::check(const AuthRequest& request, Wall now) {
  std::optional<mailauth::SpfQuery> spf;
  if (request.what == "dmarc" || request.what == "seal") {
    if (request.ip.empty() && !(request.from.empty() && request.helo.empty()))
      return fail(Kind::malformed,
                  "SPF needs the address, too, that the mail came from: add --ip (\"ip\"), or "
                  "leave --from and --helo out");
    if (!request.ip.empty()) {
      PH_TRY(spf, spf_query(request, now));
    }
  }
  Checked out;
  out.message = std::make_unique<const std::string>(with_crlf(request.message));
  message::parse_header(*out.message, out.header);
  if (out.header.fields().empty()) return fail(Kind::malformed, "there is no header in it");
  MessageCheck check(out.header, std::string_view(*out.message).substr(out.header.body()),
                     std::move(spf),
                     request.public_suffixes ? mailauth::DmarcMethod::public_suffixes
                                             : mailauth::DmarcMethod::tree_walk,
                     now, suffixes_);
  PH_TRY(out.outcome, run(check));
  return out;
}

Result<json::object> AuthDesk::checked(const AuthRequest& request, Wall now) {
  PH_TRY(const auto all, check(request, now));
  const auto body = std::string_view(*all.message).substr(all.header.body());
  json::object dkim = facts(all.outcome.dkim);
  put_changes(all.header, body, all.outcome.dkim, dkim);
  if (request.what == "dkim") return dkim;
  json::object arc = facts(all.outcome.arc);
  for (std::size_t i = 0; i < all.outcome.arc.sets.size(); ++i)
    arc.at("sets").at(i).at("message").as_object()["changes"] = changes_of(
        all.header, body, all.outcome.arc.sets[i].message, mailauth::SignatureKind::arc_message);
  if (request.what == "arc") return arc;
  json::object out = facts(all.outcome.dmarc);
  const auto part = [](json::object from) {
    from.erase("code");
    return from;
  };
  out["checks"] = {
      {"spf", all.outcome.spf ? json::value(part(facts(*all.outcome.spf))) : json::value(nullptr)},
      {"dkim", part(std::move(dkim))},
      {"arc", part(std::move(arc))}};
  return out;
}

Result<json::object> AuthDesk::sign(const AuthRequest& request, Wall now) {
  PH_TRY(const Signer signer, signer_of(request));
  PH_TRY(const auto how, signing_of(request, signer, now));
  const std::string message = with_crlf(request.message);
  const auto header = message::parse_header(message);
  if (header.count("from") == 0)
    return fail(Kind::malformed, "there is no From field, and DKIM signs none without");
  PH_TRY(const std::string field,
         mailauth::sign_dkim(
             header, how, signer.key,
             body_digest(std::string_view(message).substr(header.body()), how.body_form)));
  return signed_facts(field, message, header, signer, request.header_only);
}

Result<json::object> AuthDesk::seal(const AuthRequest& request, Wall now) {
  PH_TRY(const Signer signer, signer_of(request));
  if (request.results.empty() == request.authserv_id.empty())
    return fail(Kind::malformed, "either --results with its text, or --authserv-id");
  PH_TRY(const auto all, check(request, now));
  PH_TRY(std::string results, one_line(request.results));
  mailauth::ArcSealing how{.domain = signer.domain,
                           .selector = signer.selector,
                           .results = std::move(results),
                           .chain = all.outcome.arc.result,
                           .sealed_at = seconds_of(now)};
  if (how.results.empty()) {
    how.results = mailauth::authentication_results({.authserv_id = request.authserv_id,
                                                    .ip = request.ip,
                                                    .helo = request.helo,
                                                    .sender = sender_of(request.from),
                                                    .spf = all.outcome.spf,
                                                    .dkim = all.outcome.dkim,
                                                    .arc = all.outcome.arc,
                                                    .dmarc = all.outcome.dmarc});
  }
  if (all.outcome.arc.result == mailauth::ArcResult::temperror)
    return fail(Kind::unavailable, "the DNS does not say whether the chain holds",
                all.outcome.arc.why);
  PH_TRY(const std::string fields,
         mailauth::seal_arc(all.header, how, signer.key,
                            body_digest(std::string_view(*all.message).substr(all.header.body()),
                                        mailauth::Canonical::relaxed)));
  return signed_facts(fields, *all.message, all.header, signer, request.header_only);
}

Result<json::object> AuthDesk::lint(const AuthRequest& request, Wall now) {
  PH_TRY(const auto domain, domain_of(request.domain, Underscores::taken));
  struct Check {
    const std::string& domain;
    const std::vector<std::string>& selectors;
    Wall now;
    std::optional<mailauth::LintOutcome> run(Lookups& lookups) const {
      return mailauth::lint_domain(domain, selectors, now, lookups);
    }
  } const check{domain, request.selectors, now};
  PH_TRY(const auto outcome, run(check));
  return facts(outcome);
}

Result<json::object> AuthDesk::answer(const AuthRequest& request) {
  PH_TRY([[maybe_unused]] const auto is_part, auth_part(request.what));
  PH_TRY(const Wall now, time_of(request));
  json::object out;
  if (request.what == "spf") {
    PH_TRY(out, spf(request, now));
  } else if (request.what == "dkim" || request.what == "dmarc" || request.what == "arc") {
    PH_TRY(out, checked(request, now));
  } else if (request.what == "sign") {
    PH_TRY(out, sign(request, now));
  } else if (request.what == "seal") {
    PH_TRY(out, seal(request, now));
  } else if (request.what == "lint") {
    PH_TRY(out, lint(request, now));
  } else if (request.what == "report") {
    PH_TRY(out, report_facts(request.message));
  } else {
    PH_CHECK(false);  // auth_part()
  }
  out["do"] = request.what;
  return out;
}

}  // namespace ph::cli
