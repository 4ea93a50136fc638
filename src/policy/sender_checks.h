// Who really sent it: SPF, iprev, DKIM, ARC and DMARC of one message, performed while it arrives.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/arc.h"
#include "mailauth/authors.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc.h"
#include "mailauth/iprev.h"
#include "mailauth/lookups.h"
#include "mailauth/spf.h"
#include "policy/sender_verdict.h"
#include "rt/endpoint.h"
#include "rt/resolver.h"
#include "wire/smtp/question.h"

namespace ph::policy {

/// All questions of one message have their answers by then, or none: its sender waits.
inline constexpr std::chrono::seconds kSenderCheckTime{20};

struct SenderCheckOptions {
  std::string hostname;
  Authentication mode = Authentication::enforce;
  Trusted trusted{};
  std::vector<rt::Network> trusted_networks{};
};

class SenderCheck;

/// All references outlive it and the checks that it begins; these may outlive it.
class SenderChecks {
 public:
  SenderChecks(rt::Resolver& resolver, rt::World& world, SenderCheckOptions options)
      : house_(std::make_shared<const House>(resolver, world, std::move(options))) {}

  /// Asks at once, on `executor`, what SPF and iprev need. nullptr: the message is not to be
  /// checked, because checks are off, or its client is no stranger.
  std::shared_ptr<SenderCheck> begin(rt::Executor executor, const smtp::Client& client,
                                     const message::Address& sender) const;
  /// False for those who are one of us: who logged in, this machine, a trusted network.
  bool is_stranger(const smtp::Client& client) const;

 private:
  friend class SenderCheck;
  struct House {
    House(rt::Resolver& r, rt::World& w, SenderCheckOptions o)
        : resolver(r), world(w), options(std::move(o)) {}
    rt::Resolver& resolver;
    rt::World& world;
    const SenderCheckOptions options;
    const mailauth::PublicSuffixes suffixes;
    mutable mailauth::DkimKeys keys;
  };
  std::shared_ptr<const House> house_;
};

/// One message's. Calls in the order on_header, on_body, verdict, all on the executor that it was
/// begun on. Dropped earlier: what it asked goes on by itself, to no effect.
class SenderCheck : public std::enable_shared_from_this<SenderCheck> {
 public:
  SenderCheck(const SenderChecks& from, rt::Executor executor, const smtp::Client& client,
              const message::Address& sender);

  /// The header as received, with the empty line. Asks for keys and policies.
  void on_header(std::string_view octets);
  /// The digests of the body; what else is to be made of it is wanted here, before on_body().
  mailauth::BodyDigests& bodies() { return bodies_; }
  void on_body(std::string_view octets) { bodies_.update(octets); }
  /// Once, after the last octet.
  Task<SenderVerdict> verdict();

 private:
  friend class SenderChecks;
  using Self = std::shared_ptr<SenderCheck>;
  static Task<void> look_at_client(Self self);
  static Task<void> look_at_header(Self self);
  bool advance_client();
  void begun() { ++looking_; }
  void ended();
  mailauth::DmarcQuery dmarc_query() const;

  std::shared_ptr<const SenderChecks::House> house_;
  rt::Executor executor_;
  rt::Instant deadline_;
  Wall now_;
  std::string ip_, helo_, sender_;

  mailauth::Lookups client_lookups_;
  mailauth::SpfCheck spf_check_;
  std::optional<mailauth::SpfOutcome> spf_;
  // Of HELO, RFC 7208 §2.3. Without a sender that is spf_check_ itself (§2.4).
  std::optional<mailauth::SpfCheck> helo_check_;
  std::optional<mailauth::SpfOutcome> spf_helo_;
  std::optional<mailauth::IprevOutcome> iprev_;

  mailauth::Lookups lookups_;
  mailauth::BodyDigests bodies_;
  std::optional<mailauth::DkimVerifier> dkim_;
  std::optional<mailauth::ArcVerifier> arc_;
  mailauth::Authors authors_;
  unsigned sample_;
  bool is_report_ = false;  // by its subject

  unsigned looking_ = 0;
  std::optional<rt::Resume<Done>> waiter_;
};

}  // namespace ph::policy
