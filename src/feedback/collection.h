// What was collected, in the store: found, closed, marked, forgotten. docs/states/feedback.md.
#pragma once

#include <string>
#include <vector>

#include "feedback/rows.h"
#include "store/store.h"

namespace ph::feedback {

/// Rows that one batch forgets.
inline constexpr std::size_t kForgetRowsMax = 500;

/// One group where it lies.
struct Stored {
  std::uint32_t day = 0;
  unsigned slot = 0;
  std::string id;  // group_id()
  std::string key;
  store::Version version;
  Group group;
  bool closed = false;
};

/// Any number of calls at a time, each about groups of its own; Counts may write beside it.
class Collection {
 public:
  /// `store` outlives it.
  explicit Collection(store::Store& store) : store_(store) {}

  /// Days of which there is something, oldest first.
  Task<Result<std::vector<std::uint32_t>>> days();
  /// Of one slot: closed ones first. Damaged rows are left out, and logged by the store.
  Task<Result<std::vector<Stored>>> groups(std::uint32_t day, unsigned slot, std::size_t max);
  /// From here on nothing is added to it; an `open` day goes on with another part.
  ///   conflict  something was added meanwhile: read it again
  Task<Result<Done>> close(Stored open, Wall end, bool day_goes_on);
  /// The rows of a closed group.
  Task<Result<std::vector<mailauth::DmarcReport::Row>>> rows(Stored closed);
  /// Writes down whose it is and group.done. The version is the new one then.
  ///   conflict  another process wrote it since it was read
  Task<Result<Stored>> mark(Stored closed);
  /// Its rows, then itself.
  Task<Result<Done>> forget(Stored closed);
  /// Everything of a slot of which no group is left.
  Task<Result<Done>> drop_slot(std::uint32_t day, unsigned slot);
  Task<Result<Done>> forget_day(std::uint32_t day);

 private:
  Task<Result<std::vector<store::Record>>> all(store::Partition partition, std::string prefix,
                                               std::size_t max);
  store::Store& store_;
};

}  // namespace ph::feedback
