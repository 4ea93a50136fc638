#include "message/header.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/ascii.h"
#include "message/header_masks.h"

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

FieldName field_name(std::string_view line) {
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

/// Goes through a header 64 octets at a time, from line end to line end.
class HeaderReader {
 public:
  HeaderReader(std::string_view octets, Header& header) : octets_(octets), header_(header) {}

  void read() {
    header_.fields_.clear();
    header_.findings_.clear();
    skip_mbox_lines();
    const std::size_t first = next_line_;
    done_ = begins_line(next_line_);
    for (block_ = first; !done_ && block_ < octets_.size(); block_ += kMaskedOctets) read_block();
    if (!done_) {
      end_field(octets_.size());
      header_.end_ = header_.body_ = octets_.size();
      note(HeaderOddity::no_empty_line, octets_.size(), 1);
    }
    if (past_limit_ > 0) note(limit_, past_limit_at_, past_limit_);
    std::ranges::sort(header_.findings_, {}, &HeaderFinding::what);
  }

 private:
  void skip_mbox_lines() {
    while (octets_.substr(next_line_).starts_with("From ") ||
           octets_.substr(next_line_).starts_with(">From ")) {
      note(HeaderOddity::mbox_from, next_line_, 1);
      const std::size_t lf = octets_.find('\n', next_line_);
      next_line_ = lf == octets_.npos ? octets_.size() : lf + 1;
    }
  }

  void read_block() {
    const std::size_t count = std::min(kMaskedOctets, octets_.size() - block_);
    OctetMasks masks = mask_octets(octets_.data() + block_, count);
    std::uint64_t seen =
        count == kMaskedOctets ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    for (std::uint64_t lines = masks.lf; lines != 0 && !done_; lines &= lines - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(lines));
      next_line_ = block_ + bit + 1;
      done_ = begins_line(next_line_);
      if (done_) {  // what lies behind is no header
        const std::size_t end = header_.body_ - block_;
        if (end < kMaskedOctets) seen &= (std::uint64_t{1} << end) - 1;
      }
    }
    look_for_odd(masks, seen);
  }

  void look_for_odd(const OctetMasks& masks, std::uint64_t seen) {
    const std::uint64_t after_cr = (masks.cr << 1) | static_cast<std::uint64_t>(cr_before_);
    cr_before_ = (masks.cr >> 63) != 0;
    const std::uint64_t bare_lf = masks.lf & ~after_cr & seen;
    // The octet behind a CR is what shows it to be bare.
    const std::uint64_t bare_cr = after_cr & ~masks.lf & seen;
    const std::uint64_t nul = masks.nul & seen, high = masks.high & seen;
    if ((bare_lf | bare_cr | nul | high) == 0) return;
    note_all(HeaderOddity::bare_lf, bare_lf, 0);
    note_all(HeaderOddity::bare_cr, bare_cr, 1);
    note_all(HeaderOddity::nul, nul, 0);
    note_all(HeaderOddity::eight_bit, high, 0);
  }

  void note_all(HeaderOddity what, std::uint64_t bits, std::size_t back) {
    if (bits == 0) return;
    const auto bit = static_cast<unsigned>(std::countr_zero(bits));
    note(what, block_ + bit - back, static_cast<std::uint64_t>(std::popcount(bits)));
  }

  void note(HeaderOddity what, std::uint64_t offset, std::uint64_t count) {
    for (HeaderFinding& finding : header_.findings_) {
      if (finding.what != what) continue;
      finding.count += count;
      return;
    }
    header_.findings_.push_back({what, offset, count});
  }

  /// A line begins at `at`, which ends the field before it unless it is folded. True when the
  /// header is over.
  bool begins_line(std::size_t at) {
    if (at >= octets_.size()) return false;
    const char c = octets_[at];
    if (is_space(c)) {
      if (!open_ && !passing_over_) {
        note(HeaderOddity::begins_folded, at, 1);
        passing_over_ = true;
      }
      return false;
    }
    end_field(at);
    const bool crlf = c == '\r' && at + 1 < octets_.size() && octets_[at + 1] == '\n';
    if (c == '\n' || crlf) {
      header_.end_ = at;
      header_.body_ = at + (crlf ? 2 : 1);
      return true;
    }
    const FieldName name = field_name(octets_.substr(at));
    if (!name) {
      header_.end_ = header_.body_ = at;
      note(HeaderOddity::no_colon, at, 1);
      return true;
    }
    passing_over_ = header_.fields_.size() >= kHeaderFieldsMax || at > kHeaderOctetsMax;
    if (passing_over_) {
      if (past_limit_++ == 0) {
        past_limit_at_ = at;
        limit_ =
            at > kHeaderOctetsMax ? HeaderOddity::too_many_octets : HeaderOddity::too_many_fields;
      }
      return false;
    }
    field_at_ = at;
    name_ = name;
    open_ = true;
    return false;
  }

  void end_field(std::size_t end) {
    if (!open_) return;
    open_ = false;
    const std::string_view raw = octets_.substr(field_at_, end - field_at_);
    std::size_t value_end = raw.size();
    if (raw.ends_with('\n')) --value_end;
    if (value_end < raw.size() && value_end > name_.colon + 1 && raw[value_end - 1] == '\r')
      --value_end;
    header_.fields_.push_back({raw.substr(0, name_.octets),
                               raw.substr(name_.colon + 1, value_end - name_.colon - 1), raw,
                               field_at_});
  }

  std::string_view octets_;
  Header& header_;
  std::size_t block_ = 0, next_line_ = 0, field_at_ = 0;
  FieldName name_;
  bool done_ = false, open_ = false, passing_over_ = false, cr_before_ = false;
  std::uint64_t past_limit_ = 0, past_limit_at_ = 0;
  HeaderOddity limit_ = HeaderOddity::too_many_fields;
};

void parse_header(std::string_view octets, Header& header) { HeaderReader(octets, header).read(); }

}  // namespace ph::message
