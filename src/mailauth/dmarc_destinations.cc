#include "mailauth/dmarc_destinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/ascii.h"
#include "codec/idna.h"

namespace ph::mailauth {
namespace {

using May = DmarcDestination::May;

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// RFC 3986 §2.1; what is no escape stays.
std::string without_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Larger limits than 2^60 octets are read as that.
constexpr unsigned kSizeBits = 60;

/// "10m"; nullopt: no such limit.
std::optional<std::uint64_t> size_limit(std::string_view text) {
  constexpr std::string_view kUnits = "kmgt";
  unsigned shift = 0;
  if (!text.empty() && !is_digit(text.back())) {
    const auto unit = kUnits.find(ascii_lower(text.back()));
    if (unit == std::string_view::npos) return std::nullopt;
    shift = 10 * (static_cast<unsigned>(unit) + 1);
    text.remove_suffix(1);
  }
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = std::min(value * 10 + static_cast<std::uint64_t>(c - '0'),
                     std::uint64_t{1} << (kSizeBits - shift));
  }
  return value << shift;
}

/// The domain as the DNS knows it; "": it cannot be there.
std::string host_of(const DmarcReportUri& uri) {
  if (uri.address.domain.starts_with('[')) return {};
  return codec::to_ascii_domain(uri.address.domain).value_or(std::string());
}

}  // namespace

Result<DmarcReportUri> parse_dmarc_report_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "mailto:";
  if (!same_ascii(uri.substr(0, kScheme.size()), kScheme))
    return fail(Kind::malformed, "reports can be sent to mailto: alone", std::string(uri));
  uri.remove_prefix(kScheme.size());
  DmarcReportUri out;
  // A "!" of the address itself is written %21.
  if (const auto mark = uri.find('!'); mark != std::string_view::npos) {
    out.octets_max = size_limit(uri.substr(mark + 1));
    if (!out.octets_max)
      return fail(Kind::malformed, "the size behind ! is not understood",
                  std::string(uri.substr(mark)));
    uri = uri.substr(0, mark);
  }
  uri = uri.substr(0, uri.find('?'));
  PH_TRY(out.address, message::parse_address(without_escapes(uri)));
  if (out.address.domain.empty()) return fail(Kind::malformed, "the address has no domain");
  return out;
}

std::string DmarcDestinations::organization(const std::string& domain) const {
  std::string found = suffixes_.organizational_domain(domain);
  return found.empty() ? domain : found;
}

std::optional<DmarcDestination> DmarcDestinations::look_at(const std::string& uri,
                                                           Lookups& lookups) const {
  DmarcDestination out{.uri = uri};
  const auto read = parse_dmarc_report_uri(uri);
  if (!read) {
    out.why = fmt::format("{}: {}", uri, read.error().what);
    return out;
  }
  out.to = *read;
  const std::string host = host_of(*read);
  if (host.empty()) {
    out.why = fmt::format("{}: its domain cannot be in the DNS", uri);
    return out;
  }
  if (organization(host) == organization(domain_)) {
    out.may = May::send;
    return out;
  }
  const std::string name = fmt::format("{}._report._dmarc.{}", domain_, host);
  const dns::Answer* answer = lookups.find(name, dns::kTypeTxt);
  if (answer == nullptr) return std::nullopt;
  if (!dns::is_definite(answer->status)) {
    out.may = May::later;
    out.why = fmt::format("the DNS does not say whether {} takes reports about {}", host, domain_);
    return out;
  }
  for (const std::string& text : texts_of(*answer)) {
    if (!is_dmarc_record(text)) continue;
    out.may = May::send;
    const auto record = parse_dmarc_record(text);
    if (!record || record->aggregate_uris.empty()) continue;
    // Another address at the same host, if the host says so; elsewhere it would be abuse.
    const auto other = parse_dmarc_report_uri(record->aggregate_uris.front());
    if (other && host_of(*other) == host) {
      out.to = *other;
    } else {
      out.may = May::no;
      out.why = fmt::format("{} sends reports on to {}, which is not its own", host,
                            record->aggregate_uris.front());
    }
    return out;
  }
  if (out.may != May::send)
    out.why = fmt::format("{} does not say that it takes reports about {}: there is no record {}",
                          host, domain_, name);
  return out;
}

std::optional<std::vector<DmarcDestination>> DmarcDestinations::run(Lookups& lookups) const {
  std::vector<DmarcDestination> all;
  bool waits = false;
  for (const std::string& uri : uris_) {
    auto one = look_at(uri, lookups);
    waits = waits || !one;
    if (!one) continue;
    const bool again =
        one->may == May::send && std::ranges::any_of(all, [&](const DmarcDestination& other) {
          return other.may == May::send && other.to.address == one->to.address;
        });
    if (!again) all.push_back(*std::move(one));
  }
  if (waits) return std::nullopt;
  return all;
}

}  // namespace ph::mailauth
