#include "wire/smtp/client_offers.h"

#include <charconv>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace ph::smtp {

ClientOffers parse_offers(const RemoteReply& ehlo) {
  ClientOffers out;
  for (std::size_t i = 1; i < ehlo.lines.size(); ++i) {
    const std::string line = ascii_upper(std::string_view(ehlo.lines[i]));
    const std::string_view word = std::string_view(line).substr(0, line.find(' '));
    const std::string_view rest = trimmed(std::string_view(line).substr(word.size()));
    if (word == "STARTTLS") out.starttls = true;
    if (word == "8BITMIME") out.eight_bit = true;
    if (word == "SMTPUTF8") out.smtputf8 = true;
    if (word == "PIPELINING") out.pipelining = true;
    if (word == "DSN") out.dsn = true;
    if (word == "AUTH") out.auth_plain = (" " + std::string(rest) + " ").contains(" PLAIN ");
    if (word == "SIZE") {
      out.size = true;
      out.octets_max = 0;
      std::from_chars(rest.data(), rest.data() + rest.size(), out.octets_max);
    }
  }
  return out;
}

}  // namespace ph::smtp
