// What `posthouse auth` is asked, and the checks that answer it.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/world.h"
#include "base/error.h"
#include "base/time.h"
#include "mailauth/dmarc.h"
#include "rt/os/resolver.h"

namespace ph::cli {

/// By then libunbound has tried every server several times; for all questions of one request.
inline constexpr std::chrono::seconds kAuthLookUpMax{20};

/// One request, of the command line or of a batch.
struct AuthRequest {
  std::string what;            // "spf", "dkim", "dmarc", "arc", "sign", "seal", "lint", "report"
  std::string ip, helo, from;  // of the client
  std::string message;         // its octets, any line ends
  std::string domain, selector, key;   // key: a file
  std::vector<std::string> selectors;  // lint
  std::string expires;                 // a duration; sign, as the three behind it
  std::string canonical;               // "relaxed/simple": of the header and of the body
  std::string identity;                // i=
  std::string fields;                  // to sign: "from:to:subject"
  bool no_oversign = false;            // sign: fields may be added to those that are there
  std::string results, authserv_id;    // seal
  bool header_only = false;            // sign, seal: the fields alone
  bool public_suffixes = false;        // dmarc: RFC 7489 in place of the tree walk
  std::string now;                     // "": by the clock
};

/// malformed: it is none of the parts of `auth`.
Result<Done> auth_part(std::string_view what);

/// Asks the DNS and answers. One at a time.
class AuthDesk {
 public:
  /// `servers`: to ask; empty: the system's.
  explicit AuthDesk(std::vector<rt::Endpoint> servers) : servers_(std::move(servers)) {}

  /// The facts of one request with "code".
  /// malformed: what the request lacks, or what in it is wrong; refused: nothing may be signed.
  Result<boost::json::object> answer(const AuthRequest& request);

 private:
  struct Checked;
  Result<boost::json::object> spf(const AuthRequest& request, Wall now);
  Result<boost::json::object> checked(const AuthRequest& request, Wall now);
  Result<boost::json::object> sign(const AuthRequest& request, Wall now);
  Result<boost::json::object> seal(const AuthRequest& request, Wall now);
  Result<boost::json::object> lint(const AuthRequest& request, Wall now);
  Result<Checked> check(const AuthRequest& request, Wall now);
  Result<Wall> time_of(const AuthRequest& request);
  template <class Check>
  auto run(Check& check)
      -> Result<typename decltype(check.run(std::declval<mailauth::Lookups&>()))::value_type>;

  std::vector<rt::Endpoint> servers_;
  std::unique_ptr<rt::os::OsResolver> resolver_;
  CommandWorld world_;
  mailauth::PublicSuffixes suffixes_;
};

}  // namespace ph::cli
