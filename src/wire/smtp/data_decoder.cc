#include "wire/smtp/data_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace ph::smtp {
namespace {

/// Index of the first `c` in chunk[from, to), or `to`.
std::size_t find(std::span<const char> chunk, std::size_t from, std::size_t to, char c) {
  const void* found = std::memchr(chunk.data() + from, c, to - from);
  return found == nullptr
             ? to
             : static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
}

}  // namespace

DataDecoder::Slice DataDecoder::next(std::span<const char> chunk) {
  PH_CHECK(at_ != At::end);  // a bug in the caller, not in the mail
  if (fault_ == Fault::bad_line_end) return drop_to_end(chunk, 0);
  std::size_t i = 0;
  const std::size_t n = chunk.size();

  // First the octets that are not content: the transparency dot, or the final dot and CRLF.
  if (at_ == At::line_start && i < n && chunk[i] == '.') {
    at_ = At::dot;
    ++i;
  }
  if (at_ == At::dot && i < n) {
    if (chunk[i] == '\n') {
      fault_ = Fault::bad_line_end;
      return drop_to_end(chunk, i);
    }
    at_ = chunk[i] == '\r' ? At::dot_cr : At::text;
    if (at_ == At::dot_cr) ++i;
  }
  if (at_ == At::dot_cr && i < n) {
    at_ = At::end;
    if (chunk[i] == '\n') return {{}, i + 1, true};
    fault_ = Fault::bad_line_end;
    return {{}, std::max<std::size_t>(i, 1), true};
  }

  // Then content, up to the next line that starts with a dot.
  const std::size_t from = i;
  i = scan_text(chunk, from);
  if (fault_ == Fault::bad_line_end) return drop_to_end(chunk, i);
  const bool kept = fault_ == Fault::none;
  return {kept ? chunk.subspan(from, i - from) : std::span<const char>{}, i, false};
}

/// Goes over text up to the next dot at a line start, and returns where that is. On a CR or LF
/// alone it stops behind it, at a line start, with the fault set.
std::size_t DataDecoder::scan_text(std::span<const char> chunk, std::size_t from) {
  const std::size_t n = chunk.size();
  std::size_t i = from;
  while (i < n) {
    if (at_ == At::text_cr) {
      at_ = At::line_start;
      line_octets_ = 0;
      if (chunk[i] != '\n') {
        fault_ = Fault::bad_line_end;
        return i;
      }
      ++i;
      continue;
    }
    if (at_ == At::line_start && chunk[i] == '.') break;
    if (at_ == At::line_start && i + 1 < n && chunk[i] == '\r' && chunk[i + 1] == '\n') {
      i += 2;  // an empty line: common, and shorter than the search for its end
      continue;
    }

    const std::size_t line_end = find(chunk, i, n, '\r');
    if (const std::size_t lf = find(chunk, i, line_end, '\n'); lf < line_end) {
      fault_ = Fault::bad_line_end;
      at_ = At::line_start;
      return lf + 1;
    }
    line_octets_ += line_end - i;
    if (line_octets_ > kDataLineOctetsMax) fault_ = Fault::line_too_long;
    at_ = line_end < n ? At::text_cr : At::text;
    i = std::min(line_end + 1, n);
  }
  return i;
}

/// After a CR or LF alone: drops octets up to a dot between any two line ends.
DataDecoder::Slice DataDecoder::drop_to_end(std::span<const char> chunk, std::size_t from) {
  const auto ends_line = [](char c) { return c == '\r' || c == '\n'; };
  for (std::size_t i = from; i < chunk.size(); ++i) {
    const char c = chunk[i];
    if (at_ == At::dot && ends_line(c)) {
      at_ = At::end;
      return {{}, i + 1, true};
    }
    if (ends_line(c)) {
      at_ = At::line_start;
    } else {
      at_ = at_ == At::line_start && c == '.' ? At::dot : At::text;
    }
  }
  return {{}, chunk.size(), false};
}

}  // namespace ph::smtp
