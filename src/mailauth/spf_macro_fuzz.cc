// Input: lines: the local part, the HELO name, the domain; what follows is a macro-string. Oracles:
// no crash; what is made of it has its bounds; the same each time; text in which each "%" is
// written
// "%%" expands to itself; an upper-case letter escapes all that a URL cannot hold.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "mailauth/spf_macro.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

std::string take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return std::string(line.substr(0, 255));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  if (octets > 4096) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), octets);
  const std::string local = take_line(text);
  const SpfQuery query{.ip = "192.0.2.1", .helo = take_line(text), .receiver = "mx.test"};
  const std::string domain = take_line(text);
  const std::string ip("\xc0\x00\x02\x01", 4), sender = "s.test";
  const SpfMacroValues values{query, ip, local, sender, domain, "client.test"};

  std::string escaped;
  for (const char c : text) escaped += c == '%' ? std::string("%%") : std::string(1, c);
  require(expand_spf(escaped, values) == text);

  if (!is_explanation(text)) return 0;
  const std::string out = expand_spf(text, values);
  require(out == expand_spf(text, values));
  // A macro has four octets at least, the longest value 255 and its domain, three for each octet.
  require(out.size() <= text.size() + (text.size() / 4 + 1) * 3 * 600);
  const std::string name = shortened_spf_domain(out);
  require(out.ends_with(name) || out.ends_with(name + "."));
  require(name.size() <= 253 || name.find('.') == name.npos);
  if (const auto wire = spf_name(name)) require(!wire->empty());
  (void)uses_macro(text, 'p');
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.front() != '%') {
      rest.remove_prefix(1);
      continue;
    }
    const auto before = rest.size();
    const auto macro = take_spf_macro(rest);
    require(macro && rest.size() < before && !(macro->letter == 0));
    if (!macro->url) continue;
    const std::string_view one = text.substr(text.size() - before, before - rest.size());
    for (const char c : expand_spf(one, values))
      require(ph::is_alpha(c) || ph::is_digit(c) ||
              std::string_view("-._~%").find(c) != std::string_view::npos);
  }
  return 0;
}
