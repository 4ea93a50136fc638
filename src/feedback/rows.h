// What is kept of mail that domains want reports about, as values and as stored records, and where
// it lies. docs/formats/feedback.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "mailauth/dmarc_finding.h"
#include "store/store.h"

namespace ph::feedback {

/// Slots of a day; part of the format, for ever.
inline constexpr unsigned kFeedbackSlots = 16;

/// "f": which days there are.
inline constexpr std::string_view kDaysPartition = "f";
std::string day_key(std::uint32_t day);
/// nullopt: not one of those.
std::optional<std::uint32_t> parse_day_key(std::string_view key);

/// "f/<day>/<slot>", slot from 0.
store::Partition slot_partition(std::uint32_t day, unsigned slot);
unsigned slot_of(std::string_view domain);

// In a slot.
inline constexpr std::string_view kTotalsKey = "!totals";
inline constexpr std::string_view kGroupPrefix = "g/";
inline constexpr std::string_view kClosedPrefix = "c/";

/// 26 characters: of a domain and the text of its record.
std::string group_id(std::string_view domain, std::string_view record);
std::string group_key(std::string_view group);
std::string closed_key(std::string_view group, std::uint32_t part);
/// What the keys of all rows of one part begin with.
std::string row_prefix(std::string_view group, std::uint32_t part);
/// `packed`: format_row() with no count.
std::string row_key(std::string_view group, std::uint32_t part, std::string_view packed);

/// What is counted in one slot.
struct Totals {
  std::uint64_t groups = 0, rows = 0;
};

/// The report of one day about one domain and one text of its record, as it is collected.
struct Group {
  std::string domain, record;
  std::uint32_t part = 0;      // the first report of the day is part 0
  Wall begin{}, end{};         // end: of what is closed
  std::uint64_t messages = 0;  // counted in rows
  std::uint64_t rows = 0;
  std::uint64_t omitted = 0;  // messages that no row has, because there were too many
  // Of what is closed:
  std::vector<std::string> done;  // URIs that need nothing more
  std::string claimant;           // who sends it; "": nobody yet
  Wall claimed_until{};           // after that it died
};

// Record version 1 each.  corrupt: not one of these
std::string format_totals(const Totals& totals);
Result<Totals> parse_totals(std::string_view octets);
std::string format_group(const Group& group);
Result<Group> parse_group(std::string_view octets);
std::string format_row(const mailauth::DmarcReport::Row& row);
Result<mailauth::DmarcReport::Row> parse_row(std::string_view octets);

}  // namespace ph::feedback
