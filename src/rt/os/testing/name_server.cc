#include "rt/os/testing/name_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/ascii.h"
#include "base/error.h"

namespace ph::rt::os::testing {
namespace {

std::string number(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

/// The record's owner is the octets that begin at `owner` of the message.
std::string record(unsigned owner, unsigned type, const std::string& rdata) {
  constexpr unsigned kPointer = 0xc000;
  return number(kPointer | owner) + number(type) + number(1) + std::string("\0\0\0\x3c", 4) +
         number(static_cast<unsigned>(rdata.size())) + rdata;
}

/// Where the question's name begins in every message.
constexpr unsigned kOwner = 12;

struct Said {
  unsigned rcode = 0, answers = 0;
  std::string records;
  bool silent = false;
};

Said say(const std::string& name, unsigned type) {
  constexpr unsigned kA = 1, kCname = 5, kServfail = 2, kNxdomain = 3, kRefused = 5;
  const std::string address("\xc0\0\2\1", 4);
  const std::string target = std::string("\2ok") + std::string("\4test\0", 6);
  if (name == "silent.test") return {.silent = true};
  if (name == "ok.test") {
    if (type != kA) return {};
    return {0, 2, record(kOwner, kA, address) + record(kOwner, kA, std::string("\xc0\0\2\2", 4))};
  }
  if (name == "alias.test" && type == kA) {
    const std::string first = record(kOwner, kCname, target);
    const auto at = kOwner + 12 + 4 + 12;  // question: "alias.test" and two numbers; then the rdata
    return {0, 2, first + record(static_cast<unsigned>(at), kA, address)};
  }
  if (name == "fail.test") return {kServfail, 0, {}};
  if (name == "refused.test") return {kRefused, 0, {}};
  return {kNxdomain, 0, {}};
}

std::string answer(std::string_view question) {
  std::string name;
  std::size_t at = kOwner;
  while (at < question.size() && question[at] != 0) {
    const auto octets = static_cast<std::size_t>(question[at]);
    if (!name.empty()) name += '.';
    name += ascii_lower(question.substr(at + 1, octets));
    at += octets + 1;
  }
  if (at + 5 > question.size()) return "";
  const auto octet = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<std::uint8_t>(question[i]));
  };
  const unsigned type = octet(at + 1) << 8 | octet(at + 2);
  const Said said = say(name, type);
  if (said.silent) return "";
  constexpr unsigned kResponse = 0x8000, kAuthoritative = 0x0400;
  return std::string(question.substr(0, 2)) + number(kResponse | kAuthoritative | said.rcode) +
         number(1) + number(said.answers) + number(0) + number(0) +
         std::string(question.substr(kOwner, at + 5 - kOwner)) + said.records;
}

}  // namespace

NameServer::NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t octets = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  PH_CHECK(::bind(socket_.get(), any, octets) == 0);
  PH_CHECK(::getsockname(socket_.get(), any, &octets) == 0);
  at_ = {*parse_ip("127.0.0.1"), ntohs(address.sin_port)};
  thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() {
  stopping_ = true;
  ::shutdown(socket_.get(), SHUT_RD);
  thread_.join();
}

void NameServer::serve() {
  std::array<char, 4096> buffer{};
  while (!stopping_) {
    pollfd readable{socket_.get(), POLLIN, 0};
    constexpr int kLookAgainMs = 50;  // shutdown() does not wake every kernel's UDP poll
    if (::poll(&readable, 1, kLookAgainMs) <= 0) continue;
    sockaddr_in from{};
    socklen_t octets = sizeof from;
    auto* any = reinterpret_cast<sockaddr*>(&from);
    const auto got =
        ::recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, any, &octets);
    if (got <= 0) continue;
    ++questions_;
    const std::string said = answer({buffer.data(), static_cast<std::size_t>(got)});
    if (!said.empty()) ::sendto(socket_.get(), said.data(), said.size(), 0, any, octets);
  }
}

}  // namespace ph::rt::os::testing
