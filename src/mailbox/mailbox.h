// Mailboxes over a store: rows, blocks, and the one writer of each account
// (docs/formats/mailbox.md, docs/states/mailbox.md).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "mailbox/limits.h"
#include "mailbox/port.h"
#include "rt/world.h"
#include "store/store.h"

namespace ph::mailbox {

/// Smaller numbers are for tests.
struct Options {
  std::size_t open_mailboxes_max = kOpenMailboxesMax;
  std::size_t partition_keys_max = kPartitionKeysMax;
};

/// `store` and `world` outlive it; no call may be under way when it goes. Calls may come from any
/// executor.
std::unique_ptr<Mailboxes> make_mailboxes(store::Store& store, rt::World& world,
                                          Options options = {});

/// Is the message that this blob holder ("m/<mailbox id>/<n>\tu/<uid>/<blob>") names still there?
/// For store::Store::sweep().
///   malformed  not a holder of this room
///   other failures: not known, keep the blob
Task<Result<bool>> holder_alive(store::Store& store, std::string holder);  // NOLINT: store outlives

}  // namespace ph::mailbox
