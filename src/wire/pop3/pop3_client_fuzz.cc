// Input: one octet that says what the client wants, one for the size of the pieces that arrive,
// then everything that the server says. Oracles: no crash, no broken invariant of the machine, the
// outcome does not depend on the pieces, no control character in what is shown to a person.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "wire/pop3/testing/client_driver.h"

namespace {

using ph::pop3::ClientSession;
using ph::pop3::testing::Conversation;

std::string command(ClientSession& session, unsigned pick) {
  switch (pick % 5) {
    case 0: return session.list();
    case 1: return session.retrieve(1);
    case 2: return session.top(1, 5);
    case 3: return session.remove(1);
    default: return session.quit();
  }
}

std::string run(std::uint8_t how, std::string_view server, std::size_t piece_octets) {
  std::string says(server);
  Conversation talk(
      {"user", "password", (how & 1) != 0},
      [&](std::string_view) { return std::exchange(says, {}); }, piece_octets);
  std::string log;
  bool ready = talk.run();
  for (unsigned step = 0; ready && step < 4; ++step) {
    log += "step;";
    ready = talk.run(command(talk.session(), (how >> 1) + step)) && !talk.finished();
    log += talk.reply();
  }
  for (const char c : talk.reply())
    if (c < 0x20 || c >= 0x7f) std::abort();
  for (const auto& listed : talk.session().listing())
    log += std::to_string(listed.number) + " " + std::to_string(listed.octets) + " " +
           listed.unique_id + ";";
  return log + talk.take_content() + ";" + talk.error();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view server(reinterpret_cast<const char*>(data) + 2, size - 2);
  // Not with STLS: what stands behind its reply is an error only if it has arrived already.
  const std::uint8_t how = data[0];
  const std::string whole = run(how, server, size);
  const std::string parts = run(how, server, 1 + data[1] % 64);
  if (!(how & 1) && whole != parts) std::abort();
  return 0;
}
