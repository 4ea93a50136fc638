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
#include "mailauth/dkim_keys.h"
#include "mailauth/dkim_signature.h"
#include "mailauth/lookups.h"
#include "message/header.h"

namespace ph::mailauth {

/// Signatures of one message that are verified; further ones are named, not looked at.
inline constexpr std::size_t kDkimSignaturesMax = 16;
/// Keys that one name may have; RFC 6376 §3.6.2.2 wants one.
inline constexpr std::size_t kDkimKeysPerNameMax = 2;
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
  too_many,     // neutral: beyond kDkimSignaturesMax or kBodyDigestsMax
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
  unsigned operations = 0;                   // public keys that were tried
  bool testing = false;                      // the key says t=y
  std::vector<std::string> fields;           // h=
  std::optional<std::uint64_t> body_octets;  // l=
  std::uint64_t unsigned_octets = 0;         // of the body behind l=: anybody may have added them
  std::optional<std::uint64_t> signed_at, expires;
  std::uint64_t offset = 0;  // of the field in the message
  std::string key_record;  // of header_hash: under which the signature does not fit, to diagnose it
  std::string why;         // one sentence, for people
  std::string fix;         // what the signer should change; "" where nothing
};

/// Verifies the signatures of one message in one pass over it.
///
///   header  of the message, CRLF line ends; read in the constructor only
///   bodies  the digests that it needs are wanted there; who feeds them is the caller: the octets
///           behind the empty line, CRLF line ends. Outlives the verifier
///   run     the outcomes, in order of the fields; nullopt: answers are missing, see Lookups. Only
///           after bodies.finish()
///   keys    those that were read for earlier messages; nullptr: each is read anew. Outlives it
///   cost    O(header) for each signature, and the public key operation
///
/// Who wants to ask for the keys before the body has come calls ask().
class DkimVerifier {
 public:
  DkimVerifier(const message::Header& header, BodyDigests& bodies, Wall now,
               DkimKeys* keys = nullptr);

  bool has_signatures() const { return !signatures_.empty(); }
  void ask(Lookups& lookups) const;
  std::optional<std::vector<DkimOutcome>> run(Lookups& lookups);

 private:
  struct Signature {
    std::optional<DkimSignature> parsed;
    std::string header_digest;
    std::size_t body = 0;  // in bodies_
    DkimOutcome outcome;   // decided already where its result is not none
  };
  void take(const message::Header& header, const message::Field& field);
  bool judge(Signature& signature, Lookups& lookups) const;

  Wall now_;
  BodyDigests& bodies_;
  DkimKeys* keys_;
  std::vector<Signature> signatures_;
};

/// Judges a parsed signature whose digests are known: what DKIM-Signature and ARC-Message-Signature
/// share. false: the key's record is not known yet; `outcome` is as before.
bool judge_signature(const DkimSignature& signature, const std::string& header_digest,
                     const BodyDigests& bodies, std::size_t body, Wall now, Lookups& lookups,
                     DkimKeys* keys, DkimOutcome& outcome);

/// Judges a signature over a header alone, as ARC-Seal is one. false: as above.
bool judge_key(const DkimSignature& signature, const std::string& header_digest, Lookups& lookups,
               DkimKeys* keys, DkimOutcome& outcome);

/// Where the key of a signature is published. RFC 6376 §3.6.2.1.
std::string key_name(const DkimSignature& signature);

/// The fields that a signature is made over, in its order: those that it names, from the last to
/// the first of each name, without itself. RFC 6376 §5.4.2.
///   fields  names in lower case; one that is not there counts as nothing
///   own     the signature field; nullptr: it does not stand in the header
///   result  aliases `header`
std::vector<const message::Field*> signed_fields(const message::Header& header,
                                                 const std::vector<std::string>& fields,
                                                 const message::Field* own);

/// Puts the signature field in its canonical form behind those that it signs: without its last
/// line end. RFC 6376 §3.7.
///   own_raw  the field without its signature, or with b= empty
void put_own_field(std::string_view own_raw, Canonical form, std::string& out);

/// The octets over which a signature is made: signed_fields() and put_own_field(), canonical.
std::string signed_header(const message::Header& header, const std::vector<std::string>& fields,
                          Canonical form, std::string_view own_raw,
                          const message::Field* own = nullptr);

struct DkimSigning {
  std::string domain, selector;  // as the DNS knows them
  Canonical header_form = Canonical::relaxed, body_form = Canonical::relaxed;
  std::vector<std::string> fields;  // to sign; empty: those that RFC 6376 §5.4.1 recommends
  // Name once more than they are there those chosen in `fields`, else those of which a second one
  // would deceive: none can be added (§8.15).
  bool oversign = true;
  std::optional<std::uint64_t> signed_at, expires;
  std::string identity;  // i=; "": left out
};

/// Signs a message.
///   header     of the message, CRLF line ends
///   body_hash  of how.body_form and SHA-256: one that several keys may share
///   returns    the whole DKIM-Signature field with its CRLF, to be put above the header
/// unavailable: the key did not sign.
Result<std::string> sign_dkim(const message::Header& header, const DkimSigning& how,
                              const crypto::PrivateKey& key, std::string_view body_hash);

/// The fields that are named in h=: those of `how` that are there, oversigned where it is wanted.
std::vector<std::string> fields_to_sign(const message::Header& header, const DkimSigning& how);

/// A signature field that is written tag by tag, in lines of at most 76 octets.
class SignatureField {
 public:
  explicit SignatureField(std::string beginning) : text_(std::move(beginning)) {
    column_ = text_.size();
  }
  /// "; tag" or, where no tag stands yet, " tag"; never broken inside.
  void tag(std::string_view tag);
  /// h= with its names.
  void names(const std::vector<std::string>& names);
  /// Text that may be broken anywhere, behind the last tag.
  void folded(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t column_ = 0;
  bool has_tag_ = false;
};

}  // namespace ph::mailauth
