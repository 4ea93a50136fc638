// A commit whose end is known.
#pragma once

#include "store/store.h"

namespace ph::feedback {

/// Commits, and where it is not known whether that was done, asks until it is.  unknown: not even
/// then.
Task<Result<Done>> committed(store::Store& store,  // NOLINT: outlives all calls
                             store::Partition partition, store::Batch batch);

}  // namespace ph::feedback
