#include "feedback/commit.h"

#include <memory>
#include <optional>
#include <utility>

namespace ph::feedback {

Task<Result<Done>> committed(store::Store& store,  // NOLINT: outlives all calls
                             store::Partition partition, store::Batch batch) {
  const auto ticket = std::make_shared<std::optional<store::Ticket>>();
  batch.on_unknown = [ticket](store::Ticket unknown) { *ticket = std::move(unknown); };
  const auto done = co_await store.commit(std::move(partition), std::move(batch), {.prio = 0});
  if (done) co_return Done{};
  if (done.error().kind != Kind::unknown || !*ticket) co_return std::unexpected(done.error());
  co_return co_await store.settle(**ticket, {.prio = 0});
}

}  // namespace ph::feedback
