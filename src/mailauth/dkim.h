// DKIM: is the message what its signers signed? RFC 6376, 8301, 8463, 8616.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "mailauth/dkim_record.h"
#include "mailauth/dkim_signature.h"
#include "mailauth/lookups.h"
#include "message/header.h"

namespace ph::mailauth {

/// Signatures of one message that are verified; further ones are named, not looked at.
inline constexpr std::size_t kDkimSignaturesMax = 16;
/// Different digests of one body: forms, algorithms and lengths.
inline constexpr std::size_t kDkimBodyDigestsMax = 8;
/// Keys that one name may have; RFC 6376 §3.6.2.2 wants one.
inline constexpr std::size_t kDkimKeysPerNameMax = 4;
/// A shorter RSA key proves nothing, RFC 8301 §3.2.
inline constexpr unsigned kDkimRsaBitsMin = 1024;

/// RFC 8601 §2.7.1.
enum class DkimResult : std::uint8_t { none, pass, fail, policy, neutral, temperror, permerror };
std::string_view to_string(DkimResult result);

/// Why a signature does not pass: one for each thing that somebody else has to change.
enum class DkimReason : std::uint8_t {
  none,
  body_hash,    // fail: the body is not what was signed
  body_length,  // fail: the body is shorter than l=
  header_hash,  // fail: the header is not what was signed, or the key is another
  expired,      // fail: x= has passed
  syntax,       // neutral: the field is not in order
  too_many,     // neutral: beyond kDkimSignaturesMax or kDkimBodyDigestsMax
  algorithm,    // policy: sha1, RFC 8301 §3.1
  short_key,    // policy: below kDkimRsaBitsMin
  key_missing,  // permerror: there is no record
  key_syntax,   // permerror: there is one, and it is not in order
  key_revoked,  // permerror: its p= is empty
  key_unfit,    // permerror: for another algorithm, service or identity
  dns,          // temperror: the DNS did not say
};
std::string_view to_string(DkimReason reason);

/// What came of one signature field.
struct DkimOutcome {
  DkimResult result = DkimResult::none;
  DkimReason reason = DkimReason::none;
  std::string domain, selector, identity, algorithm;  // "" where the field did not say
  std::string b_text;                                 // the beginning of b=, for header.b
  Canonical header_form = Canonical::simple, body_form = Canonical::simple;
  unsigned key_bits = 0;
  bool testing = false;                      // the key says t=y
  std::vector<std::string> fields;           // h=
  std::optional<std::uint64_t> body_octets;  // l=
  std::uint64_t unsigned_octets = 0;         // of the body behind l=: anybody may have added them
  std::optional<std::uint64_t> signed_at, expires;
  std::uint64_t offset = 0;  // of the field in the message
  std::string why;           // one sentence, for people
  std::string fix;           // what the signer should change; "" where nothing
};

/// Verifies the signatures of one message in one pass over it.
///
///   header    of the message, CRLF line ends; read in the constructor only
///   body      the octets behind the empty line, in any split, CRLF line ends
///   end       no octets follow
///   run       the outcomes, in order of the fields; nullopt: answers are missing, see Lookups;
///             only after end()
///   cost      O(header + body) for each different canonicalization, plus the public key operation
///
/// take_questions() of `lookups` has the keys' names after the first run(); who wants them earlier
/// calls ask(), which may be called once the constructor has run.
class DkimVerifier {
 public:
  DkimVerifier(const message::Header& header, Wall now);

  bool has_signatures() const { return !signatures_.empty(); }
  void ask(Lookups& lookups) const;
  void body(std::string_view octets);
  void end();
  std::optional<std::vector<DkimOutcome>> run(Lookups& lookups);

 private:
  struct Signature {
    std::optional<DkimSignature> parsed;
    std::string header_digest;
    std::size_t body_digest = 0;  // in digests_
    DkimOutcome outcome;          // decided already where its result is not none
  };
  struct Body {
    Canonical form;
    crypto::DigestKind kind;
    std::optional<std::uint64_t> limit;
    BodyDigest digest;
    std::string value;
  };
  void take(const message::Header& header, const message::Field& field);
  bool find_body_digest(Signature& signature);
  static void verify(const DkimSignature& signature, const std::string& header_digest,
                     const std::vector<std::string>& records, DkimOutcome& outcome);
  bool judge(Signature& signature, Lookups& lookups) const;

  Wall now_;
  std::vector<Signature> signatures_;
  std::vector<Body> bodies_;
  bool ended_ = false;
};

/// The octets over which a signature in `field` is made: the fields that it names, from the last
/// to the first of each name, then itself. RFC 6376 §3.7, §5.4.2.
///   fields     names in lower case; one that is not there counts as nothing
///   own_raw    the signature field without its signature, or with b= empty
std::string signed_header(const message::Header& header, const std::vector<std::string>& fields,
                          Canonical form, std::string_view own_raw,
                          const message::Field* own = nullptr);

struct DkimSigning {
  std::string domain, selector;  // as the DNS knows them
  Canonical header_form = Canonical::relaxed, body_form = Canonical::relaxed;
  std::vector<std::string> fields;  // to sign; empty: those that RFC 6376 §5.4.1 recommends
  bool oversign = true;  // name each once more than it is there: none can be added (§8.15)
  std::optional<std::uint64_t> signed_at, expires;
  std::string identity;  // i=; "": left out
};

/// Signs one message in one pass over it.
///   constructor  the header, as for DkimVerifier
///   finish       the whole DKIM-Signature field with its CRLF, to be put above the header
class DkimSigner {
 public:
  /// `header` and what it aliases outlive the signer.
  DkimSigner(const message::Header& header, DkimSigning how);
  void body(std::string_view octets) { body_.update(octets); }
  /// The digest of what was fed; further keys may sign the same. Call once.
  std::string body_hash() { return body_.finish(); }
  /// unavailable: the key did not sign.
  Result<std::string> finish(const crypto::PrivateKey& key, std::string_view body_hash) const;

 private:
  const message::Header& header_;
  DkimSigning how_;
  BodyDigest body_;
};

}  // namespace ph::mailauth
