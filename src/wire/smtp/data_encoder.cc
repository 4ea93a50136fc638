#include "wire/smtp/data_encoder.h"

#include <algorithm>

namespace ph::smtp {

std::string DataEncoder::next(std::string_view chunk) {
  std::string out;
  out.reserve(chunk.size() + chunk.size() / 32 + 4);
  if (after_cr_ && chunk.starts_with('\n')) chunk.remove_prefix(1);
  if (!chunk.empty()) after_cr_ = false;
  while (!chunk.empty()) {
    if (line_start_ && chunk.front() == '.') out.push_back('.');
    const std::size_t end = std::min(chunk.find_first_of("\r\n"), chunk.size());
    out.append(chunk.substr(0, end));
    line_start_ = end < chunk.size();
    if (!line_start_) break;
    out += "\r\n";
    const bool cr = chunk[end] == '\r';
    chunk.remove_prefix(end + 1);
    if (cr && chunk.empty()) after_cr_ = true;
    if (cr && chunk.starts_with('\n')) chunk.remove_prefix(1);
  }
  return out;
}

std::string DataEncoder::finish() { return line_start_ ? ".\r\n" : "\r\n.\r\n"; }

}  // namespace ph::smtp
