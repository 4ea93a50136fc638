// Input: one octet of options, one that picks where to cut, then what a client sends. Oracles: the
// server says the same for every cut; every line it says is a reply within the limits; it only
// takes mail for others from who logged in; after STARTTLS nothing of the same piece is obeyed (so
// such input is compared with itself only).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "wire/smtp/reply_parser.h"
#include "wire/smtp/testing/house.h"

namespace {

using ph::smtp::testing::House;

ph::smtp::ServerOptions options(unsigned bits) {
  return {.hostname = "mx.test",
          .listener = "smtp",
          .peer_ip = "192.0.2.7",
          .implicit_tls = (bits & 1) != 0,
          .tls_available = (bits & 2) != 0,
          .allow_plaintext_auth = (bits & 4) != 0,
          .strict_addresses = (bits & 8) != 0,
          .require_login = (bits & 16) != 0,
          .message_octets_max = 1000,
          .recipients_max = 3};
}

std::string talk(unsigned bits, std::string_view wire, std::size_t cut) {
  House house(options(bits));
  house.feed(wire.substr(0, cut));
  house.feed(wire.substr(cut));
  for (const ph::smtp::Envelope& envelope : house.envelopes()) {
    if (envelope.recipients.empty() || envelope.recipients.size() > 3) std::abort();
    for (const auto& to : envelope.recipients) {
      const bool ours = to.domain == "here.test" || to.domain.empty();
      if (!ours && envelope.client.account.empty()) std::abort();
    }
    if ((bits & 16) != 0 && envelope.client.account.empty()) std::abort();
  }
  return house.take_said();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = wire.empty() ? 0 : data[1] % (wire.size() + 1);
  const std::string said = talk(data[0], wire, wire.size());
  const bool may_starttls = ph::ascii_upper(wire).contains("STARTTLS");
  if (!may_starttls && said != talk(data[0], wire, cut)) std::abort();

  ph::smtp::ReplyParser parser;
  for (std::string_view rest = said; !rest.empty();) {
    const auto step = parser.next(rest);
    if (!step || !step->reply || step->reply->verbatim.size() > 8192) std::abort();
    rest.remove_prefix(step->consumed);
  }
  return 0;
}
