// "name=value; name=value": how DKIM, ARC and DMARC write signatures and records. RFC 6376 §3.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::mailauth {

inline constexpr std::size_t kTagsMax = 128;
inline constexpr std::size_t kTagDigitsMax = 76;  // of a number in one
inline constexpr std::size_t kTagListOctetsMax = 64 << 10;

/// Both alias the text that was read.
struct Tag {
  std::string_view name;   // case counts
  std::string_view value;  // without white space at its ends; folds inside it are kept
};

/// Both alias: the text, and a literal.
struct BrokenTag {
  std::string_view name;  // what stands where it has to be
  std::string_view why;
};

class TagList {
 public:
  /// malformed: no tag-list, or a name that stands twice: then all of it is void (RFC 6376 §3.2).
  /// over_limit: kTagsMax, kTagListOctetsMax.
  static Result<TagList> parse(std::string_view text);

  /// What can be read of it, as DMARC wants (RFC 9989 §4.8, RFC 7489 §6.3): a tag that is none is
  /// left out, of those of one name the first counts, and those behind kTagsMax or
  /// kTagListOctetsMax are passed over. `broken`: what was left out, at most kTagsMax.
  static TagList parse_leniently(std::string_view text, std::vector<BrokenTag>& broken);

  const std::vector<Tag>& tags() const { return tags_; }
  /// nullopt: there is none of this name.
  std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::vector<Tag> tags_;
};

/// A value without any white space, as base 64 and lists of names are read.
std::string without_space(std::string_view value);
/// The parts of a list between colons, without white space. RFC 6376 §3.5 h=, §3.6.1.
std::vector<std::string> split_colons(std::string_view value);
/// Decimal digits alone, at most the 76 of RFC 6376 §3.5 l=; what is beyond 64 bits is the greatest
/// number of these.
std::optional<std::uint64_t> parse_number(std::string_view value);

}  // namespace ph::mailauth
