#include "mailauth/dkim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/ascii.h"

namespace ph::mailauth {
namespace {

using dns::Status;

constexpr std::string_view kFieldName = "DKIM-Signature";

void decide(DkimOutcome& outcome, DkimReason reason, std::string why, std::string fix) {
  using enum DkimReason;
  outcome.reason = reason;
  switch (reason) {
    case none: outcome.result = DkimResult::pass; break;
    case body_hash:
    case body_length:
    case header_hash:
    case expired: outcome.result = DkimResult::fail; break;
    case syntax:
    case too_many: outcome.result = DkimResult::neutral; break;
    case algorithm:
    case short_key: outcome.result = DkimResult::policy; break;
    case key_missing:
    case key_syntax:
    case key_revoked:
    case key_unfit: outcome.result = DkimResult::permerror; break;
    case dns: outcome.result = DkimResult::temperror; break;
  }
  outcome.why = std::move(why);
  outcome.fix = std::move(fix);
}

std::uint64_t seconds(Wall at) {
  const auto since = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

std::shared_ptr<const PublishedKey> read_key(const std::string& record, DkimKeys* keys) {
  return keys ? keys->read(record)
              : std::make_shared<const PublishedKey>(read_published_key(record));
}

/// What makes a record one that this signature cannot be checked with; "" for none.
std::string unfit(const DkimRecord& record, const DkimSignature& signature) {
  if (record.kind != signature.kind)
    return fmt::format("the key is for {}, the signature is {}",
                       record.kind == crypto::KeyKind::rsa ? "RSA" : "Ed25519",
                       signature.algorithm);
  const std::string_view hash = signature.digest == crypto::DigestKind::sha1 ? "sha1" : "sha256";
  if (!record.hashes.empty() && std::ranges::find(record.hashes, hash) == record.hashes.end())
    return fmt::format("the key's record does not allow {} (h=)", hash);
  if (!record.for_mail) return "the key's record is not for mail (s=)";
  const auto at = signature.identity.rfind('@');
  if (record.strict_identity && !same_ascii(signature.identity.substr(at + 1), signature.domain))
    return "the key's record allows no subdomain in i= (t=s)";
  return "";
}

void verify(const DkimSignature& signature, const std::string& header_digest,
            const std::vector<std::string>& records, DkimKeys* keys, DkimOutcome& outcome) {
  const std::string name = key_name(signature);
  for (std::size_t i = 0; i < std::min(records.size(), kDkimKeysPerNameMax); ++i) {
    const auto published = read_key(records[i], keys);
    const auto& record = published->record;
    if (!record) {
      decide(outcome, DkimReason::key_syntax,
             fmt::format("the key's record at {} is wrong: {}", name, record.error().what),
             "correct the TXT record");
      continue;
    }
    outcome.testing = record->testing;
    if (record->key.empty()) {
      decide(outcome, DkimReason::key_revoked, fmt::format("the key at {} is revoked", name),
             "sign with a selector whose key is published");
      continue;
    }
    if (std::string why = unfit(*record, signature); !why.empty()) {
      decide(outcome, DkimReason::key_unfit, std::move(why),
             fmt::format("publish a record at {} that fits what signs", name));
      continue;
    }
    const Result<crypto::PublicKey>& key = *published->key;
    if (!key) {
      decide(outcome, DkimReason::key_syntax,
             fmt::format("the key at {} is wrong: {}", name, key.error().what),
             "publish the whole public key, on one line, in p=");
      continue;
    }
    outcome.key_bits = key->bits();
    if (key->kind() == crypto::KeyKind::rsa && key->bits() < kDkimRsaBitsMin) {
      decide(outcome, DkimReason::short_key,
             fmt::format("the key at {} has {} bits, and {} are needed (RFC 8301 §3.2)", name,
                         key->bits(), kDkimRsaBitsMin),
             "make a key of 2048 bits, publish it under a new selector");
      continue;
    }
    ++outcome.operations;
    if (key->verify(signature.digest, header_digest, signature.signature)) {
      return decide(outcome, DkimReason::none, "the message is as it was signed", "");
    }
    if (records[i].size() <= 2 * crypto::kPublicKeyOctetsMax) outcome.key_record = records[i];
    decide(outcome, DkimReason::header_hash,
           "the signature does not fit the header and the published key",
           fmt::format("look whether the key at {} is the one that signs, and for what rewrites "
                       "header fields",
                       name));
  }
}

}  // namespace

std::string_view to_string(DkimResult result) {
  constexpr std::array<std::string_view, 7> names{"none",    "pass",      "fail",     "policy",
                                                  "neutral", "temperror", "permerror"};
  return names[std::to_underlying(result)];
}

std::string_view to_string(DkimReason reason) {
  constexpr std::array<std::string_view, 14> names{
      "none",       "body_hash",   "body_length", "header_hash", "expired",
      "syntax",     "too_many",    "algorithm",   "short_key",   "key_missing",
      "key_syntax", "key_revoked", "key_unfit",   "dns"};
  return names[std::to_underlying(reason)];
}

std::string key_name(const DkimSignature& signature) {
  return signature.selector + "._domainkey." + signature.domain;
}

std::vector<const message::Field*> signed_fields(const message::Header& header,
                                                 const std::vector<std::string>& fields,
                                                 const message::Field* own) {
  // Of each name the fields that are there, the last one first.
  std::map<std::string, std::vector<const message::Field*>> by_name;
  for (const std::string& name : fields) by_name[name];
  for (const message::Field& field : header.fields()) {
    if (&field == own) continue;  // it signs itself, at the end
    const auto found = by_name.find(ascii_lower(field.name));
    if (found != by_name.end()) found->second.push_back(&field);
  }
  std::vector<const message::Field*> out;
  for (const std::string& name : fields) {
    auto& left = by_name[name];
    if (left.empty()) continue;
    out.push_back(left.back());
    left.pop_back();
  }
  return out;
}

void put_own_field(std::string_view own_raw, Canonical form, std::string& out) {
  const auto colon = std::min(own_raw.find(':'), own_raw.size());
  put_canonical_field(own_raw, trimmed(own_raw.substr(0, colon)).size(), form, out);
  out.resize(out.size() - 2);  // without its CRLF
}

std::string signed_header(const message::Header& header, const std::vector<std::string>& fields,
                          Canonical form, std::string_view own_raw, const message::Field* own) {
  std::string out;
  for (const message::Field* field : signed_fields(header, fields, own))
    put_canonical_field(field->raw, field->name.size(), form, out);
  put_own_field(own_raw, form, out);
  return out;
}

DkimVerifier::DkimVerifier(const message::Header& header, BodyDigests& bodies, Wall now,
                           DkimKeys* keys)
    : now_(now), bodies_(bodies), keys_(keys) {
  for (const message::Field& field : header.fields()) {
    if (same_ascii(field.name, kFieldName)) take(header, field);
  }
}

void DkimVerifier::take(const message::Header& header, const message::Field& field) {
  Signature& made = signatures_.emplace_back();
  made.outcome.offset = field.offset;
  if (signatures_.size() > kDkimSignaturesMax) {
    return decide(made.outcome, DkimReason::too_many,
                  fmt::format("only the first {} signatures are verified", kDkimSignaturesMax),
                  "sign once, or once with each algorithm");
  }
  auto parsed = parse_dkim_signature(field.value);
  if (!parsed) {
    const Error& error = parsed.error();
    return decide(made.outcome, DkimReason::syntax,
                  fmt::format("the signature is not in order: {}{}{}", error.what,
                              error.detail.empty() ? "" : ": ", error.detail),
                  "correct the program that signs (RFC 6376 §3.5)");
  }
  DkimOutcome& outcome = made.outcome;
  outcome.domain = parsed->domain;
  outcome.selector = parsed->selector;
  outcome.identity = parsed->identity;
  outcome.algorithm = parsed->algorithm;
  outcome.b_text = parsed->b_text.substr(0, 16);
  outcome.header_form = parsed->header_form;
  outcome.body_form = parsed->body_form;
  outcome.fields = parsed->fields;
  outcome.body_octets = parsed->body_octets;
  outcome.signed_at = parsed->signed_at;
  outcome.expires = parsed->expires;
  made.parsed = *std::move(parsed);
  const auto body =
      bodies_.want(made.parsed->body_form, made.parsed->digest, made.parsed->body_octets);
  if (!body) {
    return decide(outcome, DkimReason::too_many,
                  "the signatures want too many different digests of the body", "sign without l=");
  }
  made.body = *body;
  crypto::Digest digest(made.parsed->digest);
  digest.update(signed_header(header, made.parsed->fields, made.parsed->header_form,
                              without_signature(field.raw), &field));
  made.header_digest = digest.finish();
}

void DkimVerifier::ask(Lookups& lookups) const {
  for (const Signature& each : signatures_) {
    if (each.parsed && each.outcome.result == DkimResult::none)
      lookups.find(key_name(*each.parsed), dns::kTypeTxt);
  }
}

std::optional<std::vector<DkimOutcome>> DkimVerifier::run(Lookups& lookups) {
  PH_CHECK(bodies_.finished());
  ask(lookups);  // all at once
  bool waits = false;
  for (Signature& each : signatures_) {
    if (each.outcome.result == DkimResult::none) waits = !judge(each, lookups) || waits;
  }
  if (waits) return std::nullopt;
  std::vector<DkimOutcome> out;
  for (const Signature& each : signatures_) out.push_back(each.outcome);
  return out;
}

bool DkimVerifier::judge(Signature& each, Lookups& lookups) const {
  return judge_signature(*each.parsed, each.header_digest, bodies_, each.body, now_, lookups, keys_,
                         each.outcome);
}

// What the message itself says comes first: it costs no question, and is the more precise answer.
bool judge_signature(const DkimSignature& signature, const std::string& header_digest,
                     const BodyDigests& bodies, std::size_t body, Wall now, Lookups& lookups,
                     DkimKeys* keys, DkimOutcome& outcome) {
  if (signature.expires && *signature.expires < seconds(now)) {
    decide(outcome, DkimReason::expired, "the signature was valid for a time that has passed (x=)",
           "sign for at least as long as mail may be under way, a week");
    return true;
  }
  if (signature.body_octets) {
    if (bodies.octets(body) < *signature.body_octets) {
      decide(outcome, DkimReason::body_length,
             fmt::format("the body has {} octets where {} were signed: it was cut",
                         bodies.octets(body), *signature.body_octets),
             "look at what was between signer and us");
      return true;
    }
    outcome.unsigned_octets = bodies.octets(body) - *signature.body_octets;
  }
  if (!judge_key(signature, header_digest, lookups, keys, outcome)) return false;
  const bool same_body = bodies.value(body) == signature.body_hash;
  if (outcome.result == DkimResult::pass && !same_body) {
    decide(outcome, DkimReason::body_hash,
           "the header is as it was signed, the body is not: it was changed on its way",
           "look for what adds a footer or re-encodes mail between signer and us");
  } else if (outcome.reason == DkimReason::header_hash && !same_body) {
    outcome.why = "neither the body nor the header is as it was signed";
    outcome.reason = DkimReason::body_hash;
  }
  return true;
}

bool judge_key(const DkimSignature& signature, const std::string& header_digest, Lookups& lookups,
               DkimKeys* keys, DkimOutcome& outcome) {
  if (signature.digest == crypto::DigestKind::sha1) {
    decide(outcome, DkimReason::algorithm, "SHA-1 proves nothing any more (RFC 8301 §3.1)",
           "sign with rsa-sha256 or ed25519-sha256");
    return true;
  }
  const std::string name = key_name(signature);
  const dns::Answer* answer = lookups.find(name, dns::kTypeTxt);
  if (answer == nullptr) return false;
  if (!dns::is_definite(answer->status)) {
    decide(outcome, DkimReason::dns,
           fmt::format("the DNS does not say the key at {}: {}", name,
                       answer->why.empty() ? dns::to_string(answer->status)
                                           : std::string_view(answer->why)),
           "look at the DNS servers of that domain");
    return true;
  }
  const auto records = texts_of(*answer);
  if (records.empty()) {
    decide(outcome, DkimReason::key_missing, fmt::format("there is no key at {}", name),
           fmt::format("publish the key as a TXT record at {}, or sign with a selector that exists",
                       name));
    return true;
  }
  verify(signature, header_digest, records, keys, outcome);
  return true;
}

}  // namespace ph::mailauth
