// DMARC: is the domain that people see, in From, one that SPF or DKIM vouches for? And what does
// it want done where not? RFC 9989, RFC 7489.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/authors.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/lookups.h"
#include "mailauth/spf.h"

namespace ph::mailauth {

/// Domains in From fields that are looked at; mail with more fails.
inline constexpr std::size_t kDmarcAuthorDomainsMax = 4;
/// Questions of one walk up the tree; RFC 9989 §4.10.
inline constexpr std::size_t kDmarcTreeWalkMax = 8;

/// How the organizational domain is found.
enum class DmarcMethod : std::uint8_t {
  tree_walk,        // RFC 9989 §4.10
  public_suffixes,  // RFC 7489 §3.2, with the list of publicsuffix.org
};

/// Of a domain by the public suffix list: "example.co.uk" of "a.b.example.co.uk". Thread-safe once
/// made; the list is read from what libpsl brings along, or from the text of such a list.
class PublicSuffixes {
 public:
  /// The list that was built into libpsl.
  PublicSuffixes();
  /// malformed: no such list.
  static Result<PublicSuffixes> parse(const std::string& list);
  PublicSuffixes(PublicSuffixes&&) noexcept;
  PublicSuffixes& operator=(PublicSuffixes&&) noexcept;
  ~PublicSuffixes();

  /// The public suffix and one label more; "" where the domain is a public suffix itself. `domain`
  /// as the DNS knows it, lower case.
  std::string organizational_domain(std::string_view domain) const;

 private:
  struct State;
  explicit PublicSuffixes(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// RFC 8601 §2.7.2, RFC 7489 §11.2.
enum class DmarcResult : std::uint8_t { none, pass, fail, temperror, permerror };
std::string_view to_string(DmarcResult result);

struct DmarcQuery {
  std::vector<std::string> author_domains;  // of all From fields, as the DNS knows them
  AuthorTrouble author_trouble = AuthorTrouble::none;
  SpfResult spf = SpfResult::none;  // of the identity MAIL FROM, or HELO for <>
  std::string spf_domain;
  std::vector<DkimOutcome> dkim;
  DmarcMethod method = DmarcMethod::tree_walk;
  unsigned sample = 0;  // 0-99: the share of mail that this message counts to, for pct=
};

/// What one of the two says, and whether it speaks for the author's domain.
struct DmarcAligned {
  std::string domain;  // that passed; "": none did
  std::string organizational;
  bool aligned = false;
};

struct DmarcOutcome {
  DmarcResult result = DmarcResult::none;
  AuthorTrouble author_trouble = AuthorTrouble::none;  // if there is any: permerror
  std::string author_domain;                           // the one that decides
  std::string organizational_domain;                   // of it
  std::string record_domain;                           // whose record applies; "": none
  std::string record;                                  // its text
  DmarcPolicy published = DmarcPolicy::none;           // of the record, for this domain
  DmarcPolicy disposition = DmarcPolicy::none;         // what it wants done now, with t= and pct=
  std::string_view published_by;                       // "p", "sp" or "np"; "" for none
  bool strict_dkim = false, strict_spf = false;
  DmarcAligned dkim, spf;
  std::vector<std::string> report_uris;  // rua=
  std::vector<std::string> problems;     // in the record
  std::string why, fix;                  // one sentence each, for people
};

/// Evaluates one message. Of several author domains the worst outcome counts (RFC 7489 §6.6.1).
/// DNS trouble is temperror, never a pass. A From that does not say who the author is makes it
/// permerror, and nothing else does (RFC 9989 §5.3.1).
class DmarcCheck {
 public:
  /// `suffixes` outlives the check.
  DmarcCheck(DmarcQuery query, const PublicSuffixes& suffixes);
  /// nullopt: answers are missing, see class Lookups.
  std::optional<DmarcOutcome> run(Lookups& lookups);

 private:
  struct Found {
    std::string domain, text;
    DmarcRecord record;
  };
  friend class DmarcWalk;

  DmarcQuery query_;
  const PublicSuffixes& suffixes_;
  /// What a domain publishes, read once.
  struct Published {
    std::optional<Found> found;
    std::string wrong;  // why none of the records that are there counts; for people
  };
  std::map<std::string, Published> parsed_;  // by domain
};

}  // namespace ph::mailauth
