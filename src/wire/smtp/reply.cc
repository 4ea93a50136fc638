#include "wire/smtp/reply.h"

#include <fmt/format.h>

#include "message/utf8.h"

namespace ph::smtp {
namespace {

/// The longest beginning of `text` within `octets_max` that cuts no UTF-8 character.
std::string_view cut(std::string_view text, std::size_t octets_max) {
  if (text.size() <= octets_max) return text;
  std::size_t end = octets_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::string format_reply(const Reply& reply) {
  std::string out;
  std::string_view rest = reply.text;
  for (bool last = false; !last;) {
    const std::size_t end = rest.find('\n');
    last = end == rest.npos;
    const std::size_t start = out.size();
    out += fmt::format("{:03}{}", reply.code, last ? ' ' : '-');
    if (!reply.enhanced.empty()) out += reply.enhanced + ' ';
    for (const char c : cut(rest.substr(0, end), kReplyLineOctetsMax - 2 - (out.size() - start))) {
      const auto octet = static_cast<unsigned char>(c);
      out.push_back(octet < 0x20 || octet == 0x7f ? '?'
                                                  : c);  // a CR would begin a reply of its own
    }
    while (out.ends_with(' ') && out.size() > start + 4) out.pop_back();
    out += "\r\n";
    if (!last) rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace ph::smtp
