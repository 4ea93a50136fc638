#include "mailbox/uid_ranges.h"

#include <algorithm>

#include "base/record.h"

namespace ph::mailbox {

UidRanges::UidRanges(std::vector<Uid> uids) {
  std::ranges::sort(uids);
  for (const Uid uid : uids)
    if (ranges_.empty() || uid > ranges_.back().last) append(uid);
}

void UidRanges::append(UidRange range) {
  PH_CHECK(range.first <= range.last);
  if (!ranges_.empty()) {
    PH_CHECK(range.first > ranges_.back().last);
    if (range.first.value - ranges_.back().last.value == 1) {
      ranges_.back().last = range.last;
      return;
    }
  }
  ranges_.push_back(range);
}

bool UidRanges::contains(Uid uid) const { return uid.value != 0 && next(uid) == uid; }

Uid UidRanges::next(Uid uid) const {
  const auto at = std::ranges::lower_bound(ranges_, uid, {}, &UidRange::last);
  return at == ranges_.end() ? Uid{} : std::max(uid, at->first);
}

UidRanges UidRanges::between(Uid first, Uid last) const {
  UidRanges out;
  for (auto at = std::ranges::lower_bound(ranges_, first, {}, &UidRange::last);
       at != ranges_.end() && at->first <= last; ++at)
    out.append(UidRange{std::max(first, at->first), std::min(last, at->last)});
  return out;
}

std::string format_ranges(const UidRanges& ranges) {
  std::string out;
  std::uint32_t end = 0;
  for (const auto& range : ranges.ranges()) {
    put_varint(out, range.first.value - end);
    put_varint(out, range.last.value - range.first.value);
    end = range.last.value;
  }
  return out;
}

Result<UidRanges> parse_ranges(std::string_view octets) {
  UidRanges out;
  std::uint64_t end = 0;
  while (!octets.empty()) {
    const auto gap = take_varint(octets);
    const auto more = gap ? take_varint(octets) : std::nullopt;
    // Each is checked alone before they are added, so that the sum cannot overflow.
    if (!more || *gap == 0 || *gap > 0xffffffff || *more > 0xffffffff ||
        end + *gap + *more > 0xffffffff)
      return fail(Kind::corrupt, "packed UIDs are broken");
    const auto first = static_cast<std::uint32_t>(end + *gap);
    const auto last = static_cast<std::uint32_t>(end + *gap + *more);
    out.append(UidRange{Uid{first}, Uid{last}});
    end = last;
  }
  return out;
}

}  // namespace ph::mailbox
