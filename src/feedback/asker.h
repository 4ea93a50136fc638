// Asks those who shall get reports whether they want them, with an eye on the time: one who does
// not answer costs the others nothing. RFC 7489 §7.1, RFC 9990.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mailauth/dmarc_destinations.h"
#include "net/ask_all.h"
#include "rt/resolver.h"

namespace ph::feedback {

/// For the questions about the destinations of one report.
inline constexpr std::chrono::seconds kDestinationsTime{20};
/// Questions of one run that end without an answer; after them the time is kDestinationsTimeShort.
inline constexpr std::size_t kPatientSilencesMax = 200;
inline constexpr std::chrono::seconds kDestinationsTimeShort{3};
/// Questions to one organization that end without an answer; it is asked no more in this run.
inline constexpr std::size_t kSilencesMax = 3;
/// Organizations of which that is known.
inline constexpr std::size_t kSilentOrganizationsMax = 10'000;

/// On one executor. The references outlive it; the resolver also what is still asked when it ends.
class Asker {
 public:
  Asker(rt::Resolver& resolver, rt::World& world, const mailauth::PublicSuffixes& suffixes)
      : resolver_(resolver), world_(world), suffixes_(suffixes) {}

  /// A new run: whoever was silent is asked again.
  void begin();
  /// One for each of `uris`, in order; `later` where the DNS says nothing. Any number of calls at a
  /// time.
  ///   cancelled  stop() was called
  Task<Result<std::vector<mailauth::DmarcDestination>>> destinations(std::string domain,
                                                                     std::vector<std::string> uris);
  /// Every call that waits ends at once, and so does every later one.
  void stop();

 private:
  using Questions = std::vector<dns::Question>;
  struct Wait;
  Task<Result<net::Answers>> ask(Questions questions, rt::Instant deadline);
  bool is_silent(const dns::Question& question);
  void note_silence(const dns::Question& question);
  std::string asked_one(const dns::Question& question) const;

  rt::Resolver& resolver_;
  rt::World& world_;
  const mailauth::PublicSuffixes& suffixes_;
  std::size_t silences_ = 0;
  std::map<std::string, std::size_t> silent_;  // organizations
  bool stopped_ = false;
  std::set<std::shared_ptr<Wait>> waits_;
};

}  // namespace ph::feedback
