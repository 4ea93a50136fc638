#include "mailauth/canonical.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/ascii.h"
#include "base/error.h"

namespace ph::mailauth {
namespace {

constexpr std::string_view kCrLf = "\r\n";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

using Block = signed char __attribute__((vector_size(16)));

Block block_at(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  return block;
}

/// Where the next octet is at which the relaxed form may differ from the body: a CR, a tab, or a
/// space before one of the three. `end` if there is none; a space just before it is one.
const char* next_oddity(const char* at, const char* end) {
  for (; end - at > static_cast<std::ptrdiff_t>(sizeof(Block)); at += sizeof(Block)) {
    const Block here = block_at(at), next = block_at(at + 1);
    const auto odd = (here == '\r') | (here == '\t') |
                     ((here == ' ') & ((next == ' ') | (next == '\t') | (next == '\r')));
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(odd);
    if ((halves[0] | halves[1]) != 0) break;  // it is found below, in one step of 16 at most
  }
  for (; at != end; ++at) {
    if (*at == '\r' || *at == '\t') return at;
    if (*at != ' ') continue;
    if (end - at == 1 || is_blank(at[1]) || at[1] == '\r') return at;
  }
  return end;
}

/// The octets from `at` that are in the relaxed form already: words with single spaces between
/// them, and lines of such words.
const char* relaxed_until(const char* at, const char* end) {
  for (;;) {
    at = next_oddity(at, end);
    // An end of line behind a word, before a line that begins with one.
    if (end - at < 3 || at[0] != '\r' || at[1] != '\n' || at[2] == '\r' || is_blank(at[2]))
      return at;
    at += 2;
  }
}

}  // namespace

std::string_view to_string(Canonical form) {
  return form == Canonical::simple ? "simple" : "relaxed";
}

void put_canonical_field(std::string_view raw, std::size_t name_octets, Canonical form,
                         std::string& out) {
  if (raw.ends_with('\n')) raw.remove_suffix(1);
  if (raw.ends_with('\r')) raw.remove_suffix(1);
  if (form == Canonical::simple) {
    out += raw;
    out += kCrLf;
    return;
  }
  for (const char c : raw.substr(0, name_octets)) out += ascii_lower(c);
  out += ':';
  std::string_view value = raw.substr(std::min(raw.find(':', name_octets) + 1, raw.size()));
  // Unfolded, runs of white space are one space, none at the ends.
  bool blank = false, begun = false;
  for (const char c : value) {
    if (is_blank(c) || c == '\r' || c == '\n') {
      blank = blank || is_blank(c);
      continue;
    }
    if (blank && begun) out += ' ';
    blank = false;
    begun = true;
    out += c;
  }
  out += kCrLf;
}

BodyDigest::BodyDigest(Canonical form, crypto::DigestKind kind, std::optional<std::uint64_t> limit)
    : form_(form), limit_(limit), digest_(kind) {
  if (form == Canonical::relaxed) buffer_.reserve(kBufferOctets);
}

void BodyDigest::hash(std::string_view octets) {
  const std::uint64_t from = octets_;
  octets_ += octets.size();
  if (limit_ && octets_ > *limit_)
    octets = octets.substr(0, from < *limit_ ? static_cast<std::size_t>(*limit_ - from) : 0);
  if (!octets.empty()) digest_.update(octets);
}

void BodyDigest::flush() {
  hash(buffer_);
  buffer_.clear();
}

void BodyDigest::put(std::string_view octets) {
  if (buffer_.size() + octets.size() > kBufferOctets) flush();
  if (octets.size() >= kBufferOctets) return hash(octets);
  buffer_ += octets;
}

void BodyDigest::put_line_ends() {
  for (; line_ends_ > 0; --line_ends_) put(kCrLf);
}

void BodyDigest::update(std::string_view octets) {
  form_ == Canonical::simple ? update_simple(octets) : update_relaxed(octets);
}

void BodyDigest::update_simple(std::string_view octets) {
  // Whatever is not at the end of the chunk is content, unless it is all line ends.
  while (!octets.empty()) {
    if (cr_) {
      cr_ = false;
      if (octets.front() == '\n') {
        ++line_ends_;
        octets.remove_prefix(1);
        continue;
      }
      put_line_ends();
      put('\r');
      continue;
    }
    if (octets.front() == '\r') {
      cr_ = true;
      octets.remove_prefix(1);
      continue;
    }
    // Up to the run of CR and LF that ends the chunk.
    std::size_t end = octets.size();
    while (end > 0 && (octets[end - 1] == '\r' || octets[end - 1] == '\n')) --end;
    if (end == 0) end = 1;  // an LF alone
    put_line_ends();
    put(octets.substr(0, end));
    octets.remove_prefix(end);
  }
}

void BodyDigest::update_relaxed(std::string_view octets) {
  const char* at = octets.data();
  const char* const end = at + octets.size();
  while (at != end) {
    if (cr_) {
      cr_ = false;
      if (*at == '\n') {
        blank_ = false;  // white space before a line end is dropped
        ++line_ends_;
        ++at;
        continue;
      }
      put_line_ends();
      if (blank_) put(' ');
      blank_ = false;
      put('\r');
      continue;
    }
    if (*at == '\r') {
      cr_ = true;
      ++at;
      continue;
    }
    if (is_blank(*at)) {
      blank_ = true;
      ++at;
      continue;
    }
    put_line_ends();
    if (blank_) put(' ');
    blank_ = false;
    const char* from = at;
    at = relaxed_until(at, end);
    put({from, static_cast<std::size_t>(at - from)});
  }
}

std::string BodyDigest::finish() {
  if (cr_) {  // a CR alone at the very end is an octet
    put_line_ends();
    if (blank_) put(' ');
    blank_ = false;
    put('\r');
    cr_ = false;
  }
  // A blank line of white space alone is empty in the relaxed form; white space at the end is none.
  flush();
  // RFC 6376 §3.4.3: an empty body is CRLF in the simple form; §3.4.4: nothing in the relaxed one.
  if (octets_ > 0 || form_ == Canonical::simple) hash(kCrLf);
  return digest_.finish();
}

std::optional<std::size_t> BodyDigests::want(Canonical form, crypto::DigestKind kind,
                                             std::optional<std::uint64_t> limit) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].form == form && all_[i].kind == kind && all_[i].limit == limit) return i;
  }
  PH_CHECK(!finished_);
  if (all_.size() == kBodyDigestsMax) return std::nullopt;
  all_.push_back({form, kind, limit, BodyDigest(form, kind, limit), ""});
  return all_.size() - 1;
}

void BodyDigests::update(std::string_view octets) {
  for (One& one : all_) one.digest.update(octets);
}

void BodyDigests::finish() {
  PH_CHECK(!finished_);
  finished_ = true;
  for (One& one : all_) one.value = one.digest.finish();
}

}  // namespace ph::mailauth
