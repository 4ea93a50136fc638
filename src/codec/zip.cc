// The directory of zip archives (PKWARE's APPNOTE 6.3, 4.3.6 to 4.3.16), as far as mail has them:
// one volume, below 4 GiB.
#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "codec/deflate.h"

namespace ph::codec {
namespace {

constexpr std::string_view kLocal = "PK\x03\x04";
constexpr std::string_view kCentral = "PK\x01\x02";
constexpr std::string_view kEnd = "PK\x05\x06";
constexpr std::size_t kLocalOctets = 30, kCentralOctets = 46, kEndOctets = 22;
constexpr std::size_t kLongestComment = 0xffff;

std::uint32_t number(std::string_view octets, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;)
    value = value << 8 | static_cast<std::uint8_t>(octets[at + i]);
  return value;
}

/// `count` octets of `archive` from `at`; nullopt where it has not as many.
std::optional<std::string_view> piece(std::string_view archive, std::size_t at, std::size_t count) {
  if (at > archive.size() || count > archive.size() - at) return std::nullopt;
  return archive.substr(at, count);
}

struct Listed {
  std::string_view name;
  std::uint32_t flags = 0, method = 0, packed = 0, local = 0;
};

/// The next line of the directory; `at` goes behind it.
std::optional<Listed> next_listed(std::string_view archive, std::size_t& at) {
  const auto head = piece(archive, at, kCentralOctets);
  if (!head || !head->starts_with(kCentral)) return std::nullopt;
  const std::size_t name = number(*head, 28, 2), extra = number(*head, 30, 2),
                    comment = number(*head, 32, 2);
  const auto text = piece(archive, at + kCentralOctets, name);
  if (!text) return std::nullopt;
  at += kCentralOctets + name + extra + comment;
  return Listed{*text, number(*head, 8, 2), number(*head, 10, 2), number(*head, 20, 4),
                number(*head, 42, 4)};
}

bool ends_with(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         same_ascii(name.substr(name.size() - suffix.size()), suffix);
}

Result<ZipEntry> open_entry(std::string_view archive, const Listed& listed) {
  constexpr std::uint32_t kEncrypted = 1, kStored = 0, kDeflated = 8;
  if ((listed.flags & kEncrypted) != 0)
    return fail(Kind::refused, "the file in the archive is encrypted", std::string(listed.name));
  if (listed.method != kStored && listed.method != kDeflated)
    return fail(Kind::refused, "the file in the archive is packed in an unknown way",
                std::string(listed.name));
  const auto local = piece(archive, listed.local, kLocalOctets);
  if (!local || !local->starts_with(kLocal))
    return fail(Kind::malformed, "the archive's directory leads nowhere");
  // Its name and extra may be others here than in the directory.
  const std::size_t body =
      listed.local + kLocalOctets + number(*local, 26, 2) + number(*local, 28, 2);
  const auto octets = piece(archive, body, listed.packed);
  if (!octets) return fail(Kind::malformed, "a file of the archive breaks off");
  return ZipEntry{listed.name, *octets, listed.method == kDeflated};
}

}  // namespace

bool is_zip(std::string_view octets) { return octets.starts_with(kLocal); }

Result<ZipEntry> find_zip_entry(std::string_view archive, std::string_view suffix) {
  const std::size_t tail = archive.size() - std::min(archive.size(), kEndOctets + kLongestComment);
  const std::size_t end = archive.rfind(kEnd);
  if (end == std::string_view::npos || end < tail || archive.size() - end < kEndOctets)
    return fail(Kind::malformed, "no zip archive, or one that breaks off");
  std::size_t at = number(archive, end + 16, 4);
  std::optional<Listed> first;
  for (std::size_t i = 0; i < std::min<std::size_t>(number(archive, end + 10, 2), kZipEntriesMax);
       ++i) {
    const auto listed = next_listed(archive, at);
    if (!listed) return fail(Kind::malformed, "the archive's directory is damaged");
    if (listed->name.ends_with('/')) continue;  // a folder
    if (ends_with(listed->name, suffix)) return open_entry(archive, *listed);
    if (!first) first = *listed;
  }
  if (!first) return fail(Kind::not_found, "the archive is empty");
  return open_entry(archive, *first);
}

}  // namespace ph::codec
