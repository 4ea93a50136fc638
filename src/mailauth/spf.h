// SPF: may a host send mail in a domain's name? RFC 7208.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "mailauth/lookups.h"
#include "mailauth/spf_record.h"

namespace ph::mailauth {

inline constexpr unsigned kSpfTermsMax = 10;        // that ask the DNS; RFC 7208 §4.6.4
inline constexpr unsigned kSpfVoidLookupsMax = 2;   // answers with nothing in them, there
inline constexpr std::size_t kSpfMxNamesMax = 10;   // hosts of one "mx", there
inline constexpr std::size_t kSpfPtrNamesMax = 10;  // names of one address, there
inline constexpr std::size_t kSpfExplanationOctetsMax = 1000;
/// Terms of the way to a result that are told; of a longer one the rest is left out.
inline constexpr std::size_t kSpfStepsMax = 200;

struct SpfQuery {
  std::string ip;        // the client's: "192.0.2.1", "2001:db8::1"
  std::string helo;      // as the client gave it
  std::string sender;    // of MAIL, "local@domain"; "": the identity HELO is checked (§2.4)
  std::string receiver;  // our host name, for %{r}
  Wall now{};            // for %{t}
};

/// One term, or one thing that was found, on the way to a result.
struct SpfStep {
  unsigned depth = 0;  // of includes and redirects
  std::string domain;  // whose record it stands in
  std::string term;    // as it stands there; "": about the record as a whole
  std::string found;   // "192.0.2.1 is not in it", for people
  bool matched = false;
  bool operator==(const SpfStep&) const = default;
};

struct SpfOutcome {
  SpfResult result = SpfResult::none;
  bool helo_identity = false;  // which identity was checked
  std::string domain;          // of it, as the DNS knows it
  std::string mechanism;       // that decided, as it stands in the record; "default"; "" for none
  std::string explanation;     // of a fail, by the domain (§6.2); ASCII; "" where there is none
  std::string why;             // one sentence, for people
  std::string fix;             // what the domain's owner should change; "" where nothing
  std::vector<SpfStep> path;
  unsigned terms = 0, void_lookups = 0;
};

/// check_host() of RFC 7208 §4, for one identity.
///
///   lookups  what the DNS said so far; what is missing is asked for there
///   returns  the outcome; nullopt: answers are missing, see class Lookups
///   cost     O(the records' octets), once each round of answers: at most some 30 rounds
///
/// DNS trouble is temperror, never a pass. A domain in UTF-8 is checked as its A-labels (RFC 8616).
class SpfCheck {
 public:
  explicit SpfCheck(SpfQuery query);
  std::optional<SpfOutcome> run(Lookups& lookups);

 private:
  struct Parsed {
    std::optional<SpfRecord> record;
    std::string wrong;
  };
  friend class SpfWalk;

  SpfQuery query_;
  std::string ip_;                        // 4 or 16 octets
  std::string local_, domain_;            // of the identity
  std::string sender_domain_;             // %{o}
  std::map<std::string, Parsed> parsed_;  // by domain: each record is parsed once
};

}  // namespace ph::mailauth
