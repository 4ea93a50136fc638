// Many blob links made or dropped at once, so that they share the store's way to the disk.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/store.h"

namespace ph::mailbox {

struct Link {
  std::string blob, holder;
};
enum class LinkWhat : std::uint8_t { link, unlink };

/// One result for each link, in order; kLinksAtOnceMax are under way at a time.
Task<std::vector<Result<Done>>> change_links(store::Store& store,  // NOLINT: outlives the call
                                             std::vector<Link> links, LinkWhat what,
                                             store::Opt opt);

}  // namespace ph::mailbox
