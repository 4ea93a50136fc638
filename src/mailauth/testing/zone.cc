#include "mailauth/testing/zone.h"

#include "base/ip_text.h"
#include "wire/dns/name.h"
#include "wire/dns/rdata.h"

namespace ph::mailauth::testing {
namespace {

std::string key(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  auto normal = dns::normal_name(escaped);
  return normal ? *std::move(normal) : escaped;
}

}  // namespace

void Zone::set(std::string_view name, std::uint16_t type, std::string rdata) {
  names_.insert(key(name));
  records_[{key(name), type}].push_back(std::move(rdata));
}

void Zone::txt(std::string_view name, const std::vector<std::string>& strings) {
  std::string rdata;
  for (std::string_view rest : strings) {
    do {
      const auto part = rest.substr(0, 255);
      rdata += static_cast<char>(part.size());
      rdata += part;
      rest.remove_prefix(part.size());
    } while (!rest.empty());
  }
  set(name, dns::kTypeTxt, std::move(rdata));
}

void Zone::address(std::string_view name, std::string_view ip) {
  auto octets = parse_ip_text(ip).value();
  // A mapped address in an AAAA record keeps its 16 octets.
  const bool six = ip.find(':') != std::string_view::npos;
  if (six && octets.size() == kIpv4Octets)
    octets = std::string(10, '\0') + std::string(2, '\xff') + octets;
  set(name, six ? dns::kTypeAaaa : dns::kTypeA, std::move(octets));
}

void Zone::mx(std::string_view name, std::uint16_t preference, std::string_view host) {
  auto rdata = dns::format_mx({preference, host.empty() ? "." : std::string(host)});
  set(name, dns::kTypeMx, std::move(rdata).value());
}

void Zone::target(std::string_view name, std::uint16_t type, std::string_view to) {
  set(name, type, dns::encode_name(to).value());
}

void Zone::fails(std::string_view name, dns::Status status) { failures_[key(name)] = status; }

dns::Answer Zone::answer(const dns::Question& question) const {
  dns::Question at = question;
  dns::Answer out;
  for (int links = 0; links < 10; ++links) {
    if (const auto found = records_.find(at); found != records_.end()) {
      out.status = dns::Status::ok;
      out.data = found->second;
      break;
    }
    const auto alias = records_.find({at.name, dns::kTypeCname});
    if (alias == records_.end()) {
      const auto failure = failures_.find(at.name);
      out.status = failure != failures_.end() ? failure->second
                   : names_.contains(at.name) ? dns::Status::no_data
                                              : dns::Status::no_name;
      break;
    }
    at.name = dns::parse_target(alias->second.front()).value();
  }
  out.canonical = at.name;
  out.ttl = 300;
  return out;
}

}  // namespace ph::mailauth::testing
