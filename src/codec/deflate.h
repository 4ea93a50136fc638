// Compressed octets: gzip (RFC 1952) both ways, and files in zip archives, out alone. The
// compression itself is zlib's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

/// Octets that are decompressed in one go.
inline constexpr std::size_t kInflatePieceOctets = std::size_t{64} * 1024;
/// Files of an archive that are looked at.
inline constexpr std::size_t kZipEntriesMax = 64;

/// Takes what was decompressed; an error ends it.
using InflatedTo = std::function<Result<Done>(std::string_view piece)>;

/// Decompresses what arrives in any split.
///
///   form        gzip: whole files, several of them one after the other (RFC 1952 §2.2); deflate:
///               the bare stream (RFC 1951), as zip has it
///   octets_max  of all that comes out: what a few octets could be blown up to is bounded before it
///               is made
///   out         the same for every split, joined; also when it fails: what stands before the
///               damage, the first octets_max
///   fails       malformed: not of this form, or damaged; over_limit: more than octets_max comes
///               out; what the taker says. Final
///   cost        O(octets in + octets out), kInflatePieceOctets and zlib's 40 KiB of memory
class Inflater {
 public:
  enum class Form : std::uint8_t { gzip, deflate };
  Inflater(Form form, std::uint64_t octets_max);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  Result<Done> feed(std::string_view octets, const InflatedTo& to);
  /// No octets follow. malformed: it breaks off.
  Result<Done> finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All of it at once.
Result<std::string> gunzip(std::string_view octets, std::size_t octets_max);
/// A gzip file without name and time: the same for the same octets. O(octets).
std::string gzip(std::string_view octets);

bool is_gzip(std::string_view octets);
bool is_zip(std::string_view octets);

/// A file in an archive; views alias the archive.
struct ZipEntry {
  std::string_view name;    // as it stands there
  std::string_view octets;  // as it is packed
  bool deflated = false;    // else stored as it is
};

/// The first file of a zip archive whose name ends with `suffix`, in any case; if there is none,
/// the first one. malformed: no archive, or damaged; refused: encrypted, or packed in a way that is
/// not deflate; not_found: nothing in it. O(octets of its directory).
Result<ZipEntry> find_zip_entry(std::string_view archive, std::string_view suffix);

}  // namespace ph::codec
