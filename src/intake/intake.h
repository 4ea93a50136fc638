// Takes messages in: body to a blob while it arrives, header scanned on the way, then one batch
// that is the acceptance.
#pragma once

#include <functional>
#include <memory>

#include "base/budget.h"
#include "identity/keyring.h"
#include "intake/port.h"
#include "policy/sender_checks.h"
#include "queue/queue.h"

namespace ph::intake {

inline constexpr std::size_t kReceivedFieldsMax = 100;             // RFC 5321 §6.3: at least 100
inline constexpr std::uint64_t kDraftOctetsReserved = 64 << 10;    // of the memory budget, at open
inline constexpr std::uint64_t kDraftOctetsBufferedMax = 2 << 20;  // and what a large one grows to

/// A header that is checked or signed is kept until it is whole; a longer one is turned away.
inline constexpr std::size_t kKeptHeaderOctetsMax = 512 << 10;

struct Options {
  std::string hostname;
  std::uint64_t message_octets_max = 50u << 20;
  std::uint64_t memory_octets_max = 256u << 20;  // of all drafts together
};

struct Services {
  store::Store& store;
  queue::MailQueue& queue;
  rt::World& world;
  std::function<void(Event)> note;           // refusals that explain no stored state
  policy::SenderChecks* checks = nullptr;    // none: nothing is checked
  identity::Keyring* keys = nullptr;         // none: nothing is signed
  identity::Directory* directory = nullptr;  // with keys: who may sign as whom, what is forwarded
  /// What a domain wants to be told of a message that was accepted, or refused for its sake; none:
  /// nothing is collected. Called on any thread, never waits.
  std::function<void(const mailauth::DmarcFinding&)> count{};
};

/// All references outlive the intake, the intake its drafts.
std::unique_ptr<Intake> make_intake(Services services, Options options);

}  // namespace ph::intake
