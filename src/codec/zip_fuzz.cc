// Input: an octet that says how long a suffix is, the suffix, then an archive. Oracles: no crash;
// views stay inside the archive; the file has the suffix, or no file has it and the first is taken,
// as without a suffix; its own name finds it or one before it; what is packed stays within its
// limit.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/ascii.h"
#include "codec/deflate.h"

namespace {

namespace codec = ph::codec;

void require(bool fine) {
  if (!fine) std::abort();
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.size() <= whole.size() &&
         static_cast<std::size_t>(part.data() - whole.data()) <= whole.size() - part.size();
}

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         ph::same_ascii(name.substr(name.size() - suffix.size()), suffix);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto suffix = input.substr(0, data[0] % 8);
  const auto archive = input.substr(suffix.size());
  const auto found = codec::find_zip_entry(archive, suffix);
  const auto first = codec::find_zip_entry(archive, "");
  if (!found) return 0;
  require(is_inside(found->name, archive) && is_inside(found->octets, archive));
  require(!found->name.ends_with('/'));
  if (!has_suffix(found->name, suffix))
    require(first && first->name.data() == found->name.data() &&
            first->octets.data() == found->octets.data());
  const auto named = codec::find_zip_entry(archive, found->name);
  if (named)
    require(has_suffix(named->name, found->name) && named->name.data() <= found->name.data());
  if (!found->deflated) return 0;
  constexpr std::size_t kMost = 1 << 16;
  std::size_t made = 0;
  codec::Inflater inflater(codec::Inflater::Form::deflate, kMost);
  const auto fed = inflater.feed(found->octets, [&made](std::string_view piece) {
    made += piece.size();
    return ph::Result<ph::Done>();
  });
  require(made <= kMost && (fed || fed.error().kind != ph::Kind::refused));
  return 0;
}
