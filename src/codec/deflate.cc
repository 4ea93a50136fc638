#include "codec/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace ph::codec {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipToo = 16;  // added to the window: zlib expects gzip's frame

unsigned char* writable(std::string_view octets) {
  // zlib's input pointer is not const for historical reasons; it is only read.
  return reinterpret_cast<unsigned char*>(const_cast<char*>(octets.data()));
}

}  // namespace

struct Inflater::State {
  State(Form form_, std::uint64_t octets_max)
      : form(form_), left(octets_max), piece(kInflatePieceOctets) {
    const int bits = form == Form::gzip ? kWindowBits + kGzipToo : -kWindowBits;
    PH_CHECK(inflateInit2(&stream, bits) == Z_OK);  // else: no memory
  }
  ~State() { inflateEnd(&stream); }

  z_stream stream{};
  Form form;
  std::uint64_t left;
  bool ended = false;   // a whole file came; of gzip another may follow
  bool closed = false;  // and nothing that follows belongs to it
  std::vector<char> piece;
};

Inflater::Inflater(Form form, std::uint64_t octets_max)
    : state_(std::make_unique<State>(form, octets_max)) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

Result<Done> Inflater::feed(std::string_view octets, const InflatedTo& to) {
  State& s = *state_;
  while (!octets.empty() && !s.closed) {
    if (s.ended) {  // another file behind the first, or padding that belongs to none
      if (s.form != Form::gzip || octets.front() != '\x1f') {
        s.closed = true;
        break;
      }
      inflateReset(&s.stream);
      s.ended = false;
    }
    const auto given = std::min<std::size_t>(octets.size(), std::numeric_limits<uInt>::max());
    s.stream.next_in = writable(octets);
    s.stream.avail_in = static_cast<uInt>(given);
    bool full = true;
    while (full && !s.ended) {
      s.stream.next_out = reinterpret_cast<unsigned char*>(s.piece.data());
      s.stream.avail_out = static_cast<uInt>(s.piece.size());
      const int said = inflate(&s.stream, Z_NO_FLUSH);
      const std::size_t made = s.piece.size() - s.stream.avail_out;
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(made, s.left));
      s.left -= taken;
      full = s.stream.avail_out == 0;
      s.ended = said == Z_STREAM_END;
      // First what stands before the end, the limit or the damage: the same in every split.
      if (taken > 0) {
        PH_TRY([[maybe_unused]] const Done done, to({s.piece.data(), taken}));
      }
      if (made > taken) return fail(Kind::over_limit, "what is compressed is larger than is taken");
      if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR)
        return fail(Kind::malformed, "the compressed octets are damaged",
                    s.stream.msg != nullptr ? s.stream.msg : "");
    }
    octets.remove_prefix(given - s.stream.avail_in);
  }
  return Done{};
}

Result<Done> Inflater::finish() const {
  if (!state_->ended) return fail(Kind::malformed, "the compressed octets break off");
  return Done{};
}

Result<std::string> gunzip(std::string_view octets, std::size_t octets_max) {
  std::string out;
  Inflater inflater(Inflater::Form::gzip, octets_max);
  PH_TRY([[maybe_unused]] const Done fed,
         inflater.feed(octets, [&out](std::string_view piece) -> Result<Done> {
           out += piece;
           return Done{};
         }));
  PH_TRY([[maybe_unused]] const Done whole, inflater.finish());
  return out;
}

std::string gzip(std::string_view octets) {
  PH_CHECK(octets.size() <= std::numeric_limits<uInt>::max());
  z_stream stream{};
  PH_CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kWindowBits + kGzipToo, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(octets.size())), '\0');
  stream.next_in = writable(octets);
  stream.avail_in = static_cast<uInt>(octets.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  PH_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

bool is_gzip(std::string_view octets) { return octets.starts_with("\x1f\x8b"); }

}  // namespace ph::codec
