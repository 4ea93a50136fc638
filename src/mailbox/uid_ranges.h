// Sets of UIDs as packed ranges: what was expunged, and what shall be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailbox/port.h"

namespace ph::mailbox {

struct UidRange {
  Uid first, last;  // both inclusive
  bool operator==(const UidRange&) const = default;
};

/// Ascending, disjoint, not adjacent.
class UidRanges {
 public:
  UidRanges() = default;
  /// Any order, repeats allowed.
  explicit UidRanges(std::vector<Uid> uids);

  /// `uid` is above everything in the set.
  void append(Uid uid) { append(UidRange{uid, uid}); }
  void append(UidRange range);
  bool contains(Uid uid) const;
  /// The least element >= `uid`; Uid{0}: there is none.
  Uid next(Uid uid) const;
  /// Those in [first, last].
  UidRanges between(Uid first, Uid last) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<UidRange>& ranges() const { return ranges_; }
  bool operator==(const UidRanges&) const = default;

 private:
  std::vector<UidRange> ranges_;
};

/// Each range as two varints: its distance from the end of the one before, and its length less one.
std::string format_ranges(const UidRanges& ranges);
Result<UidRanges> parse_ranges(std::string_view octets);

}  // namespace ph::mailbox
