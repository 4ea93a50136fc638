// Files inside plain text (uuencoded, BinHex, yEnc), as `message` names and gives them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "message/embedded.h"
#include "message/mime_tree.h"

namespace ph::cli {

/// The files in one part, and the decoded text in which they stand.
struct PartFiles {
  std::string text;
  std::vector<message::EmbeddedFile> files;
  std::string_view octets_of(const message::EmbeddedFile& file) const {
    return std::string_view(text).substr(file.begin, file.end - file.begin);
  }
  /// The text without them.
  std::string rest() const;
};

/// Of a text/plain part; none of others.
PartFiles files_of(const message::MimeTree& tree, std::uint32_t index);

/// "1.2#3", the third file in part 1.2: the part and which file, from 1. nullopt: no such id.
struct FileId {
  std::string part;
  std::size_t number = 0;
};
std::optional<FileId> file_id(std::string_view id);

/// [{"id", "coding", "name", "octets", "decoded_octets", "begin", "whole"}]
boost::json::array files_facts(const PartFiles& files, std::string_view part_id);

/// The content of a file, or, if `raw`, its octets as they stand there. over_limit: the content has
/// more than kFileOctetsMax.
Result<std::string> content_of(const PartFiles& files, const message::EmbeddedFile& file, bool raw);

/// Octets of one file that are given: BinHex writes up to 95 with one.
inline constexpr std::size_t kFileOctetsMax = 1 << 30;

}  // namespace ph::cli
