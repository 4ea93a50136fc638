// Where mail for a domain goes: from MX and address records to hosts in order. A pure machine that
// says what to ask the DNS; RFC 5321 §5.1 with RFC 7505 (null MX).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/dns.h"

namespace ph::route {

/// Hosts of a domain that are looked up, the best preferences first. The largest providers have
/// some ten.
inline constexpr std::size_t kMxHostsMax = 32;
/// Addresses that are kept of a host, of each family.
inline constexpr std::size_t kAddressesPerHostMax = 16;

/// What is wrong in the records, and what the domain's (or our) administrator can do about it. Both
/// one sentence, for people; they may hold names from the DNS.
struct MxProblem {
  std::string what, fix;
  bool operator==(const MxProblem&) const = default;
};

struct MxHost {
  std::string name;                    // as the MX record has it, or the domain's; a literal's text
  std::string canonical;               // where a CNAME led, else `name`
  std::uint16_t preference = 0;        // 0 where there is no MX record
  std::vector<std::string> addresses;  // "192.0.2.1", "2001:db8::1": IPv6 and IPv4 in turn
  bool secure = false;                 // every address validated with DNSSEC
  std::string left_out;                // why it is not tried; "" for hosts in groups
  std::vector<MxProblem> problems;     // in its records
  bool operator==(const MxHost&) const = default;
};

struct MxGroup {
  std::uint16_t preference = 0;
  std::vector<MxHost> hosts;  // at least one, each with an address; by name
  bool operator==(const MxGroup&) const = default;
};

/// What to do with mail for the domain.
struct MxResult {
  enum class What : std::uint8_t {
    go,         // try `groups`
    permanent,  // mail cannot be sent there: a bounce
    temporary,  // the DNS did not say: try later
  };
  /// How the hosts were found.
  enum class By : std::uint8_t { mx, address, literal };  // address: the implicit MX

  What what = What::temporary;
  By by = By::mx;
  std::string domain;               // as asked
  std::string status;               // RFC 3463: "5.1.2"; "" for go
  std::string why;                  // one sentence, for an event and a bounce; "" for go
  std::string fix;                  // what can be done about it, and by whom; "" for go
  std::vector<MxGroup> groups;      // lowest preference first; empty unless go
  std::vector<MxHost> left_out;     // hosts that are not tried, each says why
  std::vector<MxProblem> problems;  // of the domain's records as a whole
  bool secure = false;              // the MX records (or that there are none) validated with DNSSEC
  std::uint32_t ttl = 0;            // seconds for which the answers hold; 0 unless go
};

/// Who we are: mail must not be sent to ourselves.
struct MxSelf {
  std::vector<std::string> names;      // host names of ours, in any case
  std::vector<std::string> addresses;  // as text, as rt::to_string() writes them; may be empty
};

/// Usage:
///   MxPlanner planner(domain, self);
///   while (!planner.done())
///     for each question of planner.take_questions(), all at once: planner.answer(question, <it>)
///   MxResult result = planner.take_result();
///
/// deliver/mx_lookup.h does that with a Resolver.
///
///   domain  lower case A-labels ("xn--…", RFC 5890 §2.3.2.1) or a literal "[192.0.2.1]",
///           "[ipv6:2001:db8::1]", as message::Address::domain has it. Other octets: permanent
///           5.1.2; the caller turns U-labels into A-labels first.
///
/// What is decided, and by which words (mx_test.cc has a case for each):
///   MX that exist but do not resolve are never replaced by the domain's own address, RFC 5321 §5.1
///   no MX: the domain's own address, RFC 5321 §5.1
///   null MX: 5.1.10, RFC 7505 §4.1; one beside others is a problem and not used
///   an MX that names a CNAME: its target's addresses, and a problem, RFC 2181 §10.3
///   an MX that names an IP address: that address, and a problem
///   ourselves in the list: only hosts with a lower preference; none left: 5.4.6, RFC 5321 §5.1
///   NXDOMAIN, or neither MX nor address: 5.1.2
///   no address for any host: 5.4.4 (permanent); where one failed for now: 4.4.3 (temporary)
///   SERVFAIL, no answer, bogus for the MX: 4.4.3, never the implicit MX
class MxPlanner {
 public:
  MxPlanner(std::string domain, MxSelf self);

  /// Questions to ask now, each given once. Empty while answers to all are awaited, and when done.
  std::vector<dns::Question> take_questions();
  /// In any order. `question` is one that was taken and not yet answered.
  void answer(const dns::Question& question, const dns::Answer& answer);
  /// No question is left: take_result() may be called, once.
  bool done() const { return done_; }
  MxResult take_result();

 private:
  struct Host {
    MxHost found;
    dns::Answer a, aaaa;
    bool literal = false;    // the name is an IP address: nothing is asked
    bool temporary = false;  // may have an address later
  };
  void begin(const std::string& domain);
  void plan_literal(std::string_view inside);
  void ask(std::string name, std::uint16_t type);
  void on_mx(const dns::Answer& answer);
  void take_hosts(const dns::Answer& answer);
  void take_host(std::uint16_t preference, std::string name);
  void leave_out_ourselves_by_name();
  void ask_addresses();
  static void find_addresses(Host& host);
  void find_problems(Host& host) const;
  void decide();
  void end_without_hosts(bool temporary);
  void end(MxResult::What what, std::string_view status, std::string why, std::string fix);
  bool is_our_name(std::string_view name) const;
  bool is_our_address(const MxHost& host) const;
  void leave_out_from(std::uint16_t preference, const std::string& ourselves);

  MxSelf self_;
  MxResult result_;
  bool done_ = false;
  std::vector<dns::Question> to_ask_;
  std::set<dns::Question> waiting_;
  std::vector<Host> hosts_;  // by preference, then by name
  std::string ourselves_;    // the host in the list that is us; "": none
};

/// One connection to try.
struct MxTarget {
  std::string host;  // for TLS: the name of the MX record
  std::string address;
  std::uint16_t preference = 0;
  bool operator==(const MxTarget&) const = default;
};

/// The order in which to try: group after group, lowest preference first; within a group the hosts
/// in random order, to spread load (RFC 5321 §5.1); a host's addresses one after the other.
///   below  a random number under its argument (>= 1), every one equally likely; the route room
///          draws none itself. Called once a host
std::vector<MxTarget> try_order(const MxResult& result,
                                const std::function<std::uint64_t(std::uint64_t)>& below);

}  // namespace ph::route
