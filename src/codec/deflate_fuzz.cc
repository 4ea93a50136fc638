// Input: an octet that says where to cut, one whose lowest bit says whether it is gzip and whose
// others how much may come out, then compressed octets. Oracles: no crash; no more comes out than
// may; what comes out, and how it ends, does not depend on the cut, and is more of the same with a
// larger limit; what is compressed again is read as the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "codec/deflate.h"
#include "codec/testing/fuzz.h"

namespace {

namespace codec = ph::codec;

struct Got {
  std::string out;
  std::optional<ph::Kind> failed;
  bool operator==(const Got&) const = default;
};

void require(bool fine) {
  if (!fine) std::abort();
}

/// In pieces of `step` octets.
Got inflated(codec::Inflater::Form form, std::string_view octets, std::size_t step,
             std::size_t octets_max) {
  Got got;
  codec::Inflater inflater(form, octets_max);
  for (std::size_t at = 0; at < octets.size() && !got.failed; at += step) {
    const auto fed = inflater.feed(octets.substr(at, step), [&got](std::string_view piece) {
      require(!piece.empty() && piece.size() <= codec::kInflatePieceOctets);
      got.out += piece;
      return ph::Result<ph::Done>();
    });
    if (!fed) got.failed = fed.error().kind;
  }
  const auto ended = inflater.finish();
  if (!got.failed && !ended) got.failed = ended.error().kind;
  require(got.out.size() <= octets_max);
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Form = codec::Inflater::Form;
  if (size < 2) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Form form = (data[1] & 1) != 0 ? Form::gzip : Form::deflate;
  const std::size_t octets_max = std::size_t{1} << ((data[1] >> 1) % 20);
  const Got whole = inflated(form, octets, std::max<std::size_t>(octets.size(), 1), octets_max);
  require(whole == inflated(form, octets, data[0] % 64 + 1, octets_max));
  require(whole == inflated(form, octets, data[0] * octets.size() / 255 + 1, octets_max));
  require(whole.failed != ph::Kind::over_limit || whole.out.size() == octets_max);
  const Got more = inflated(form, octets, 4096, octets_max * 2);
  require(more.out.starts_with(whole.out));
  require(whole.failed == ph::Kind::over_limit || more == whole);
  if (form == Form::gzip && !whole.failed) {
    const auto once = codec::gunzip(octets, octets_max);
    require(once && *once == whole.out && (octets.empty() || codec::is_gzip(octets)));
  }
  const std::string packed = codec::gzip(whole.out);
  require(codec::is_gzip(packed));
  const auto again = codec::gunzip(packed, whole.out.size());
  require(again && *again == whole.out);
  return 0;
}
