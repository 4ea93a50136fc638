#include "message/header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "base/ascii.h"
#include "codec/encoded_word.h"
#include "message/header_masks.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace ph::message {

const Field* Header::first(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields_, [name](const Field& f) { return same_ascii(f.name, name); });
  return found == fields_.end() ? nullptr : &*found;
}

const Field* Header::last(std::string_view name) const {
  for (auto at = fields_.rbegin(); at != fields_.rend(); ++at)
    if (same_ascii(at->name, name)) return &*at;
  return nullptr;
}

std::vector<const Field*> Header::all(std::string_view name) const {
  std::vector<const Field*> found;
  for (const Field& field : fields_)
    if (same_ascii(field.name, name)) found.push_back(&field);
  return found;
}

std::size_t Header::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [name](const Field& field) { return same_ascii(field.name, name); }));
}

std::optional<std::string> Header::text(std::string_view name) const {
  const Field* field = first(name);
  if (field == nullptr) return std::nullopt;
  return unfold(field->value);
}

std::string unfold(std::string_view value) {
  const auto is_blank = [](char c) { return is_space(c) || c == '\r' || c == '\n'; };
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    const std::size_t lf = value.find('\n');
    std::string_view line = value.substr(0, lf);
    if (lf != value.npos && line.ends_with('\r')) line.remove_suffix(1);
    out += line;
    value.remove_prefix(lf == value.npos ? value.size() : lf + 1);
  }
  return out;
}

std::string_view readable_value(std::string_view value, std::string& buffer) {
  const auto is_blank = [](char c) { return is_space(c) || c == '\r' || c == '\n'; };
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  bool is_special = false;  // no early exit: so it is done many octets at a time
  for (const char c : value) is_special |= (c < ' ' && c != '\t') || c == '=';
  if (!is_special) return value;
  buffer = unfold(value);
  const bool is_ascii = std::ranges::all_of(buffer, [](char c) { return c > 0; });
  if (!is_ascii || buffer.contains("=?")) buffer = codec::decode_encoded_words(buffer);
  return buffer;
}

namespace {

/// With its line end; 0: it is none of mbox.
std::size_t mbox_line_octets(std::string_view octets) {
  std::string_view rest = octets;
  if (rest.starts_with('>')) rest.remove_prefix(1);
  if (!rest.starts_with("From ")) return 0;
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t", 4), rest.size()));
  if (rest.starts_with(':')) return 0;
  return std::min(octets.find('\n'), octets.size() - 1) + 1;
}

}  // namespace

std::size_t mbox_octets(std::string_view octets) {
  std::size_t at = 0;
  while (const std::size_t line = mbox_line_octets(octets.substr(at))) at += line;
  return at;
}

namespace {

[[gnu::always_inline]] inline FieldName find_name(std::string_view line) {
  std::size_t i = 0;
  const auto is_name = [](char c) { return c > ' ' && c <= '~' && c != ':'; };
#ifdef __SSE2__
  for (bool stopped = false; !stopped && i + 16 <= line.size();) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(line.data() + i));
    // Signed: octets above 127 are below '!', too.
    const __m128i outside = _mm_or_si128(
        _mm_cmplt_epi8(v, _mm_set1_epi8('!')),
        _mm_or_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('~')), _mm_cmpeq_epi8(v, _mm_set1_epi8(':'))));
    const auto bits = static_cast<unsigned>(_mm_movemask_epi8(outside));
    stopped = bits != 0;
    i += stopped ? static_cast<std::size_t>(std::countr_zero(bits)) : 16;
  }
#endif
  while (i < line.size() && is_name(line[i])) ++i;
  const std::size_t name = i;
  while (i < line.size() && is_space(line[i])) ++i;
  if (i >= line.size() || line[i] != ':' || name == 0) return {};
  return {name, i};
}

}  // namespace

FieldName field_name(std::string_view line) { return find_name(line); }

/// Goes through a header some blocks of 64 octets at a time, from field to field.
class HeaderReader {
 public:
  HeaderReader(std::string_view octets, Header& header, DashedLine dashed)
      : octets_(octets), header_(header), fields_(header.fields_), dashed_(dashed) {}

  void read() {
    fields_.clear();
    header_.findings_.clear();
    std::size_t block = skip_mbox_lines();
    bool done = begins(block);
    first_ = block;
    Blocks blocks;
    while (!done && block < octets_.size()) {
      load(block, blocks);
      for (std::size_t i = 0; i < blocks.count && !done; ++i, block += kMaskedOctets)
        done = read_block(block, blocks, i);
    }
    if (!done) {
      end_field(octets_.size());
      header_.end_ = header_.body_ = octets_.size();
      note(HeaderOddity::no_empty_line, octets_.size(), 1);
    }
    if (past_limit_ > 0) note(limit_, past_limit_at_, past_limit_);
    if (header_.findings_.size() > 1)
      std::ranges::sort(header_.findings_, {}, &HeaderFinding::what);
  }

 private:
  static constexpr std::size_t kBlocks = 4;

  std::size_t skip_mbox_lines() {
    const std::size_t octets = mbox_octets(octets_);
    const auto lines = std::ranges::count(octets_.substr(0, octets), '\n');
    if (octets > 0)
      note(HeaderOddity::mbox_from, 0,
           static_cast<std::uint64_t>(std::max(lines, std::ptrdiff_t{1})));
    return octets;
  }

  struct Blocks {
    std::size_t count;
    bool odd;  // there is more than the ends of fields
    std::array<std::uint64_t, kBlocks> ends;
    std::array<OctetMasks, kBlocks> masks;  // where `odd`
  };

  /// What the octets from `block` on say, at least one block; behind their end come blanks.
  void load(std::size_t block, Blocks& blocks) {
    const std::size_t left = octets_.size() - block;
    const char* from = octets_.data() + block;
    if (left > kMaskedOctets)  // as the octet behind is read, too
      return mask(from, std::min((left - 1) / kMaskedOctets, kBlocks), blocks);
    std::array<char, kMaskedOctets + 1> padded;
    std::memset(padded.data(), ' ', padded.size());
    std::memcpy(padded.data(), from, left);
    mask(padded.data(), 1, blocks);
  }

  void mask(const char* from, std::size_t count, Blocks& blocks) {
    blocks.count = count;
    const bool odd = mask_ends(from, std::span(blocks.ends).first(count));
    // A CR at the end of what was read before shows itself here.
    blocks.odd = odd || odd_before_;
    odd_before_ = odd;
    if (blocks.odd) mask_octets(from, std::span(blocks.masks).first(count));
  }

  /// The i-th of `blocks`, which is at `block`. True when the header is over.
  bool read_block(std::size_t block, const Blocks& blocks, std::size_t i) {
    bool done = false;
    for (std::uint64_t ends = blocks.ends[i]; ends != 0 && !done; ends &= ends - 1) {
      const std::size_t next = block + static_cast<std::size_t>(std::countr_zero(ends)) + 1;
      done = begins_field(next, octets_[next]);
    }
    if (blocks.odd) [[unlikely]]
      note_odd(block, blocks.masks[i], done);
    return done;
  }

  void note_odd(std::size_t block, const OctetMasks& masks, bool done) {
    std::uint64_t seen = ~std::uint64_t{0};
    if (done) {
      const std::size_t end = header_.body_ - block;  // what lies behind is no header
      if (end < kMaskedOctets) seen = (std::uint64_t{1} << end) - 1;
    }
    const bool cr_before = block > first_ && octets_[block - 1] == '\r';
    const std::uint64_t after_cr = masks.cr << 1 | static_cast<std::uint64_t>(cr_before);
    // The octet behind a CR is what shows it to be bare.
    const std::uint64_t bare = (after_cr ^ masks.lf) & seen;
    note_all(HeaderOddity::bare_lf, block, bare & masks.lf);
    note_all(HeaderOddity::bare_cr, block - 1, bare & ~masks.lf);
    note_octets(block, masks.odd & seen);
  }

  void note_octets(std::size_t block, std::uint64_t odd) {
    std::uint64_t nul = 0;
    for (std::uint64_t left = odd; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(left));
      if (octets_[block + bit] == 0) nul |= std::uint64_t{1} << bit;
    }
    note_all(HeaderOddity::nul, block, nul);
    note_all(HeaderOddity::eight_bit, block, odd & ~nul);
  }

  void note_all(HeaderOddity what, std::size_t block, std::uint64_t bits) {
    if (bits == 0) return;
    const auto first = static_cast<std::size_t>(std::countr_zero(bits));
    note(what, block + first, static_cast<std::uint64_t>(std::popcount(bits)));
  }

  void note(HeaderOddity what, std::uint64_t offset, std::uint64_t count) {
    for (HeaderFinding& finding : header_.findings_) {
      if (finding.what != what) continue;
      finding.count += count;
      return;
    }
    header_.findings_.push_back({what, offset, count});
  }

  /// The first line of all. True when the header is over.
  bool begins(std::size_t at) {
    if (at >= octets_.size()) return false;
    const char c = octets_[at];
    if (!is_space(c)) return begins_field(at, c);
    note(HeaderOddity::begins_folded, at, 1);
    return false;
  }

  /// A line begins at `at` that is not folded, which ends the field before it. True when the header
  /// is over.
  bool begins_field(std::size_t at, char c) {
    end_field(at);
    const FieldName name = find_name(octets_.substr(at));
    const bool is_boundary =
        c == '-' && dashed_ == DashedLine::ends_header && octets_.substr(at).starts_with("--");
    if (!name || is_boundary) {
      end_header(at, c);
      return true;
    }
    if (fields_.size() >= kHeaderFieldsMax || at > kHeaderOctetsMax) [[unlikely]] {
      pass_over(at);
      return false;
    }
    open_ = true;
    const char* from = octets_.data() + at;
    Field& field = fields_.emplace_back();  // written in place: this is where the time goes
    field.name = {from, name.octets};
    field.value = {from + name.colon + 1, 0};
    field.raw = {from, 0};
    field.offset = at;
    return false;
  }

  void end_header(std::size_t at, char c) {
    header_.end_ = header_.body_ = at;
    if (c == '\n') {
      header_.body_ = at + 1;
    } else if (octets_.substr(at).starts_with("\r\n")) {
      header_.body_ = at + 2;
    } else {
      note(HeaderOddity::no_colon, at, 1);
    }
  }

  void pass_over(std::size_t at) {
    if (past_limit_++ > 0) return;
    past_limit_at_ = at;
    limit_ = at > kHeaderOctetsMax ? HeaderOddity::too_many_octets : HeaderOddity::too_many_fields;
  }

  void end_field(std::size_t end) {
    if (!open_) return;
    open_ = false;
    Field& field = fields_.back();
    const char* value = field.value.data();
    const char* last = octets_.data() + end;
    field.raw = {field.raw.data(), last};
    if (last > value && last[-1] == '\n') {
      --last;
      if (last > value && last[-1] == '\r') --last;
    }
    field.value = {value, last};
  }

  std::string_view octets_;
  Header& header_;
  std::vector<Field>& fields_;
  DashedLine dashed_;
  bool open_ = false, odd_before_ = false;
  std::size_t first_ = 0;  // where the first block is
  std::uint64_t past_limit_ = 0, past_limit_at_ = 0;
  HeaderOddity limit_ = HeaderOddity::too_many_fields;
};

void parse_header(std::string_view octets, Header& header, DashedLine dashed) {
  HeaderReader(octets, header, dashed).read();
}

}  // namespace ph::message
