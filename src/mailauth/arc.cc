#include "mailauth/arc.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "codec/base64.h"
#include "mailauth/arc_parts.h"
#include "mailauth/results_words.h"

namespace ph::mailauth {

/// The fields of one set.
struct ArcVerifier::Raw : ArcFields {};

std::string_view to_string(ArcResult result) {
  constexpr std::array<std::string_view, 4> names{"none", "pass", "fail", "temperror"};
  return names[std::to_underlying(result)];
}

ArcVerifier::ArcVerifier(const message::Header& header, BodyDigests& bodies, Wall now,
                         DkimKeys* keys)
    : now_(now), bodies_(bodies), keys_(keys) {
  read(header);
}

void ArcVerifier::breaks(unsigned instance, std::string why) {
  if (broken_) return;
  broken_ = true;
  outcome_.result = ArcResult::fail;
  outcome_.failed_instance = instance;
  outcome_.why = std::move(why);
  outcome_.fix = "look at the server that added this set, or at what changed the message after it";
}

/// RFC 8617 §5.2 steps 1 to 3.
void ArcVerifier::read(const message::Header& header) {
  std::string wrong;
  const auto collected = collect_arc(header, wrong);
  if (!wrong.empty()) return breaks(0, std::move(wrong));
  std::vector<Raw> sets;
  for (const ArcFields& each : collected) sets.push_back({each});
  for (std::size_t i = 0; i < sets.size() && !broken_; ++i) take(sets[i], i + 1);
  if (broken_ || sets.empty()) return;
  for (std::size_t i = 0; i < sets.size(); ++i) {  // one that failed cannot have passed later
    if (outcome_.sets[i].cv == "fail")
      return breaks(static_cast<unsigned>(i + 1),
                    fmt::format("{} sealed it as failed", outcome_.sets[i].domain));
  }
  digest_seals(sets);
  // Only the newest ARC-Message-Signature must hold: those before it may be of earlier forms.
  auto parsed = parse_arc_message_signature(sets.back().message->value);
  if (!parsed) {
    return breaks(
        static_cast<unsigned>(sets.size()),
        fmt::format("the ARC-Message-Signature is not in order: {}", parsed.error().what));
  }
  const auto body = bodies_.want(parsed->body_form, parsed->digest, parsed->body_octets);
  if (!body) return breaks(static_cast<unsigned>(sets.size()), "too many different digests");
  body_ = *body;
  crypto::Digest digest(parsed->digest);
  digest.update(signed_header(header, parsed->fields, parsed->header_form,
                              without_signature(sets.back().message->raw), sets.back().message));
  outcome_.sets.back().message.offset = sets.back().message->offset;
  message_ = Sealed{*std::move(parsed), digest.finish()};
}

bool ArcVerifier::take(const Raw& raw, std::size_t instance) {
  const auto number = static_cast<unsigned>(instance);
  auto seal = parse_arc_seal(raw.seal->value);
  if (!seal) {
    breaks(number, fmt::format("the ARC-Seal is not in order: {}", seal.error().what));
    return false;
  }
  ArcSet set;
  set.instance = number;
  set.domain = seal->signature.domain;
  set.selector = seal->signature.selector;
  set.cv = seal->cv;
  set.sealed_at = seal->signature.signed_at;
  set.results = arc_results(raw.results->value);
  set.seal.domain = set.message.domain = set.domain;
  set.seal.selector = set.selector;
  set.seal.algorithm = seal->signature.algorithm;
  outcome_.sets.push_back(std::move(set));
  seals_.push_back({std::move(seal->signature), ""});
  // RFC 8617 §5.2 step 3: the first says none, all others pass.
  const std::string_view wanted = instance == 1 ? "none" : "pass";
  const std::string& cv = outcome_.sets.back().cv;
  if (cv != wanted && cv != "fail") {
    breaks(number, fmt::format("the seal says cv={} where cv={} has to be", cv, wanted));
    return false;
  }
  return true;
}

/// RFC 8617 §5.1.1: each seal is over all sets up to its own, the fields of each in order.
void ArcVerifier::digest_seals(const std::vector<Raw>& sets) {
  // One digest goes on from seal to seal, so that a chain costs what it has octets.
  std::array<crypto::Digest, 2> running{crypto::Digest(crypto::DigestKind::sha1),
                                        crypto::Digest(crypto::DigestKind::sha256)};
  const auto put = [&](std::string_view octets) {
    for (auto& digest : running) digest.update(octets);
  };
  for (std::size_t i = 0; i < sets.size(); ++i) {
    std::string part;
    put_canonical_field(sets[i].results->raw, sets[i].results->name.size(), Canonical::relaxed,
                        part);
    put_canonical_field(sets[i].message->raw, sets[i].message->name.size(), Canonical::relaxed,
                        part);
    std::string own;
    put_canonical_field(without_signature(sets[i].seal->raw), sets[i].seal->name.size(),
                        Canonical::relaxed, own);
    own.resize(own.size() - 2);
    put(part);
    const auto kind = seals_[i].signature.digest;
    // The seal itself comes without its signature here, and with it in all that follow.
    seals_[i].header_digest = running[kind == crypto::DigestKind::sha1 ? 0 : 1].peek(own);
    std::string whole;
    put_canonical_field(sets[i].seal->raw, sets[i].seal->name.size(), Canonical::relaxed, whole);
    put(whole);
  }
}

void ArcVerifier::ask(Lookups& lookups) const {
  if (broken_) return;
  for (const Sealed& each : seals_) lookups.find(key_name(each.signature), dns::kTypeTxt);
  if (message_) lookups.find(key_name(message_->signature), dns::kTypeTxt);
}

bool ArcVerifier::holds(const DkimOutcome& signature, unsigned instance, std::string_view field) {
  if (signature.result == DkimResult::pass) return true;
  breaks(instance, fmt::format("{} of {}: {}", field, signature.domain, signature.why));
  if (signature.result == DkimResult::temperror) outcome_.result = ArcResult::temperror;
  return false;
}

/// RFC 8617 §5.2 steps 4 to 6: what fails first decides, and nothing behind it is looked at.
std::optional<ArcOutcome> ArcVerifier::run(Lookups& lookups) {
  if (broken_ || outcome_.sets.empty()) return outcome_;
  PH_CHECK(bodies_.finished());
  ask(lookups);  // all at once
  ArcSet& newest = outcome_.sets.back();
  if (newest.message.result == DkimResult::none &&
      !judge_signature(message_->signature, message_->header_digest, bodies_, body_, now_, lookups,
                       keys_, newest.message))
    return std::nullopt;
  if (!holds(newest.message, newest.instance, "ARC-Message-Signature")) return outcome_;
  for (std::size_t i = seals_.size(); i-- > 0;) {
    ArcSet& set = outcome_.sets[i];
    if (set.seal.result == DkimResult::none &&
        !judge_key(seals_[i].signature, seals_[i].header_digest, lookups, keys_, set.seal))
      return std::nullopt;
    if (!holds(set.seal, set.instance, "ARC-Seal")) return outcome_;
  }
  outcome_.result = ArcResult::pass;
  outcome_.why =
      fmt::format("the chain of {} holds, the last by {}", outcome_.sets.size(), newest.domain);
  return outcome_;
}

namespace {

/// In lines that may be sent: RFC 5322 §2.1.1.
Result<std::string> arc_results_field(std::size_t instance, std::string_view results) {
  std::string out;
  std::size_t column = 0;
  put_folded(fmt::format("ARC-Authentication-Results: i={}; {}", instance, results), column, out);
  for (std::string_view rest = out; !rest.empty();) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    if (line.size() > kArcLineOctetsMax)
      return fail(Kind::over_limit, "a word of the results is longer than a line may be");
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
  }
  return out + "\r\n";
}

}  // namespace

Result<std::string> seal_arc(const message::Header& header, const ArcSealing& how,
                             const crypto::PrivateKey& key, std::string_view body_hash) {
  std::string wrong;
  const auto sets = collect_arc(header, wrong);
  if (!wrong.empty())
    return fail(Kind::refused, "the chain is broken: no set is to be added", wrong);
  if (sets.size() == kArcSetsMax) return fail(Kind::refused, "the chain is as long as one may be");
  if (!sets.empty()) {
    const auto last = parse_arc_seal(sets.back().seal->value);
    if (last && last->cv == "fail")
      return fail(Kind::refused, "the chain failed before, and its last seal says so");
  }
  const std::size_t instance = sets.size() + 1;
  const std::string_view algorithm =
      key.kind() == crypto::KeyKind::rsa ? "rsa-sha256" : "ed25519-sha256";
  PH_TRY(const std::string results, arc_results_field(instance, how.results));

  DkimSigning named{.oversign = true};
  auto fields = fields_to_sign(header, named);
  // RFC 8617 §4.1.2: other seals are not signed, DKIM-Signature should be.
  for (std::size_t i = 0; i < header.count("dkim-signature"); ++i)
    fields.emplace_back("dkim-signature");
  SignatureField signature("ARC-Message-Signature:");
  signature.tag(fmt::format("i={}", instance));
  signature.tag(fmt::format("a={}", algorithm));
  signature.tag("c=relaxed/relaxed");
  signature.tag("d=" + how.domain);
  signature.tag("s=" + how.selector);
  if (how.sealed_at) signature.tag(fmt::format("t={}", *how.sealed_at));
  signature.names(fields);
  signature.tag("bh=" + codec::encode_base64(body_hash));
  signature.tag("b=");
  crypto::Digest digest(crypto::DigestKind::sha256);
  digest.update(signed_header(header, fields, Canonical::relaxed, signature.text()));
  PH_TRY(const std::string signed_message, key.sign(digest.finish()));
  signature.folded(codec::encode_base64(signed_message));
  const std::string message_field = signature.text() + "\r\n";

  SignatureField seal("ARC-Seal:");
  seal.tag(fmt::format("i={}", instance));
  seal.tag(fmt::format("a={}", algorithm));
  seal.tag(fmt::format("cv={}", sets.empty()                   ? "none"
                                : how.chain == ArcResult::pass ? "pass"
                                                               : "fail"));
  seal.tag("d=" + how.domain);
  seal.tag("s=" + how.selector);
  if (how.sealed_at) seal.tag(fmt::format("t={}", *how.sealed_at));
  seal.tag("b=");
  std::string input;
  const bool chain_fails = !sets.empty() && how.chain != ArcResult::pass;
  // RFC 8617 §5.1.2: a seal that says fail is over its own set alone.
  for (const ArcFields& each : sets) {
    if (chain_fails) break;
    for (const message::Field* field : {each.results, each.message, each.seal})
      put_canonical_field(field->raw, field->name.size(), Canonical::relaxed, input);
  }
  put_canonical_field(results, std::string_view("ARC-Authentication-Results").size(),
                      Canonical::relaxed, input);
  put_canonical_field(message_field, std::string_view("ARC-Message-Signature").size(),
                      Canonical::relaxed, input);
  put_canonical_field(seal.text(), std::string_view("ARC-Seal").size(), Canonical::relaxed, input);
  input.resize(input.size() - 2);
  crypto::Digest sealed(crypto::DigestKind::sha256);
  sealed.update(input);
  PH_TRY(const std::string seal_octets, key.sign(sealed.finish()));
  seal.folded(codec::encode_base64(seal_octets));
  return seal.text() + "\r\n" + message_field + results;
}

}  // namespace ph::mailauth
