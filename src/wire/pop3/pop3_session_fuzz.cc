// Input: one octet that says how the house behaves, one that picks where to cut, then the wire.
// Oracles: no crash, no broken invariant of the machine, every reply line is one, the answer does
// not depend on the cut, and nothing is removed unless QUIT says so.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/pop3/testing/house.h"

namespace {

using ph::pop3::testing::House;
using ph::pop3::testing::Server;

struct Result {
  std::string out;
  bool closed = false;
  House house;
};

Result run(std::uint8_t how, std::string_view wire, std::size_t cut) {
  Result result;
  House& house = result.house;
  house.messages = {"A: b\r\n\r\ntext\r\n", ".\r\n..\r\n", "", "no end"};
  if ((how & 7) == 1) house.login_fails = ph::pop3::LoginAnswer::What::unavailable;
  if ((how & 7) == 2) house.maildrop = ph::pop3::MaildropAnswer::What::in_use;
  if ((how & 7) == 3) house.message_fails = ph::pop3::MessageAnswer::cut;
  if ((how & 7) == 4) house.expunge_fails = true;
  const bool tls = how & 8;  // no STLS in the wire otherwise: what it drops depends on the cut
  Server server(house, {"mail.example.test", tls, tls, (how & 16) != 0});
  if (how & 32) result.out += server.feed("USER alice\r\nPASS secret\r\n");
  result.out += server.feed(wire.substr(0, cut));
  result.out += server.feed(wire.substr(cut));
  result.closed = server.closed();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = run(data[0], wire, wire.size());
  const auto parts = run(data[0], wire, data[1] % (wire.size() + 1));
  if (whole.out != parts.out || whole.closed != parts.closed ||
      whole.house.expunged != parts.house.expunged || whole.house.logins != parts.house.logins)
    std::abort();
  const std::string_view out = whole.out;
  const bool cut_short = (data[0] & 7) == 3;
  if (!cut_short && !out.ends_with("\r\n")) std::abort();
  if (!whole.house.expunged.empty() && !whole.closed) std::abort();
  return 0;
}
