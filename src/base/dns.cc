#include "base/dns.h"

#include <fmt/format.h>

namespace ph::dns {

std::string type_name(std::uint16_t type) {
  switch (type) {
    case kTypeA: return "A";
    case kTypeNs: return "NS";
    case kTypeCname: return "CNAME";
    case kTypeSoa: return "SOA";
    case kTypePtr: return "PTR";
    case kTypeMx: return "MX";
    case kTypeTxt: return "TXT";
    case kTypeAaaa: return "AAAA";
    case kTypeSrv: return "SRV";
    case kTypeTlsa: return "TLSA";
    default: return fmt::format("TYPE{}", type);
  }
}

std::string_view to_string(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::no_data: return "no_data";
    case Status::no_name: return "no_name";
    case Status::failed: return "failed";
    case Status::timed_out: return "timed_out";
    case Status::bogus: return "bogus";
  }
  return "";
}

}  // namespace ph::dns
