// ARC: what those who handed a message on say that they found, each under a seal. RFC 8617.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "mailauth/dkim.h"

namespace ph::mailauth {

inline constexpr unsigned kArcSetsMax = 50;  // RFC 8617 §4.2.1
/// A line of ARC-Authentication-Results that we write. RFC 5322 §2.1.1.
inline constexpr std::size_t kArcLineOctetsMax = 998;

/// RFC 8617 §4.4.
enum class ArcResult : std::uint8_t { none, pass, fail, temperror };
/// "temperror" is none of RFC 8617: a chain whose keys the DNS did not say.
std::string_view to_string(ArcResult result);

/// One set of the chain: who sealed, and what it found.
struct ArcSet {
  unsigned instance = 0;
  std::string domain, selector;  // of the seal
  std::string results;           // of ARC-Authentication-Results, behind "i=N;", unfolded
  std::string cv;                // of the seal
  std::optional<std::uint64_t> sealed_at;
  DkimOutcome seal;     // result none: not looked at, because something before it failed
  DkimOutcome message;  // only of the newest, whose failure breaks the chain
};

struct ArcOutcome {
  ArcResult result = ArcResult::none;
  std::vector<ArcSet> sets;      // oldest first; as far as they could be read
  unsigned failed_instance = 0;  // of the set that broke it; 0: none, or the chain as a whole
  std::string why, fix;          // one sentence each, for people; "" for none
};

/// Validates the chain of one message. RFC 8617 §5.2.
///
///   as DkimVerifier: header in the constructor, bodies fed by the caller, then run()
///   cost   O(header) a set; a public key operation for the newest message signature and, while
///          nothing has failed, for one seal after the other, the newest first
class ArcVerifier {
 public:
  ArcVerifier(const message::Header& header, BodyDigests& bodies, Wall now,
              DkimKeys* keys = nullptr);

  bool has_chain() const { return !outcome_.sets.empty() || broken_; }
  void ask(Lookups& lookups) const;
  std::optional<ArcOutcome> run(Lookups& lookups);

 private:
  struct Sealed {
    DkimSignature signature;
    std::string header_digest;
  };
  struct Raw;
  void read(const message::Header& header);
  bool take(const Raw& raw, std::size_t instance);
  void digest_seals(const std::vector<Raw>& sets);
  void breaks(unsigned instance, std::string why);
  bool holds(const DkimOutcome& signature, unsigned instance, std::string_view field);

  Wall now_;
  BodyDigests& bodies_;
  DkimKeys* keys_;
  ArcOutcome outcome_;
  bool broken_ = false;        // outcome_ is final
  std::vector<Sealed> seals_;  // one a set
  std::optional<Sealed> message_;
  std::size_t body_ = 0;
};

struct ArcSealing {
  std::string domain, selector;       // as the DNS knows them
  std::string results;                // what Authentication-Results says, on one line: "mx.test; …"
  ArcResult chain = ArcResult::none;  // what the message's chain came to here
  std::optional<std::uint64_t> sealed_at;
};

/// The three fields of the next set, ARC-Seal first, each with CRLF, to be put above the header;
/// folded before column 78 where there is a blank.
///
///   header     of the message as it is handed on, CRLF line ends
///   body_hash  relaxed, SHA-256
///   refused    the chain failed already and says so, or has kArcSetsMax sets: nothing is to be
///              added (RFC 8617 §5.1)
///   over_limit   a word of the results fills more than a line
///   unavailable  the key did not sign
Result<std::string> seal_arc(const message::Header& header, const ArcSealing& how,
                             const crypto::PrivateKey& key, std::string_view body_hash);

}  // namespace ph::mailauth
