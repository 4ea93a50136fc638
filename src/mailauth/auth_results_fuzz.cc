// Input: lines, each a stranger's word (HELO, sender, domains, reasons); then a header. Oracles: no
// crash; what we write of these words is one field each, in printable ASCII, with lines within
// their bound, and reads back as the results that went in, and no others; a domain in them is the
// whole one or not there; of the header those
// fields are called forged that claim our name, and none of them is left when they are taken out.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mailauth/results.h"
#include "message/auth_fields.h"

namespace {

using namespace ph::mailauth;

void require(bool fine) {
  if (!fine) std::abort();
}

std::string take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return std::string(line);
}

/// One field of this name in lines within their bound, and nothing else.
std::string checked(const std::string& field, std::string_view name) {
  require(field.ends_with("\r\n"));
  const std::string whole = field + "\r\n";
  const auto header = ph::message::parse_header(whole);
  require(header.fields().size() == 1 && header.findings().empty());
  require(header.fields().front().name == name && header.body() == whole.size());
  std::size_t column = 0;
  for (const char c : field) {
    const bool line_end = c == '\r' || c == '\n';
    require(line_end || c == '\t' || (c >= ' ' && c <= '~'));
    column = line_end ? 0 : column + 1;
    require(column <= 998);
  }
  return std::string(header.fields().front().value);
}

/// What is written for an address or a domain ends with the domain that it was, if that is plain.
void require_whole(std::string_view written, std::string_view given) {
  const auto domain = given.substr(given.rfind('@') + 1);
  const bool plain = std::ranges::all_of(domain, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (plain) require(written.substr(written.rfind('@') + 1) == domain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  if (octets > 16'384) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), octets);
  AuthenticationFacts facts{.authserv_id = "mx.test", .ip = "192.0.2.1"};
  facts.helo = take_line(text);
  facts.sender = take_line(text);
  SpfOutcome spf{.result = SpfResult::temperror};
  spf.domain = take_line(text);
  spf.mechanism = take_line(text);
  spf.why = take_line(text);
  facts.spf = spf;
  facts.iprev = IprevOutcome{IprevResult::fail, take_line(text), ""};
  DkimOutcome dkim{.result = DkimResult::fail};
  dkim.domain = take_line(text);
  dkim.selector = take_line(text);
  dkim.identity = take_line(text);
  dkim.algorithm = take_line(text);
  dkim.b_text = take_line(text);
  dkim.why = take_line(text);
  facts.dkim = {dkim, dkim};
  facts.arc = ArcOutcome{.result = ArcResult::fail, .why = take_line(text)};
  facts.dmarc = DmarcOutcome{.result = DmarcResult::permerror};
  facts.dmarc->author_domain = take_line(text);
  facts.dmarc->why = take_line(text);

  const auto found = ph::message::parse_auth_results(
      checked(authentication_results_field(facts), "Authentication-Results"));
  require(found.authserv_id == "mx.test");
  const std::pair<std::string_view, std::string_view> wanted[] = {
      {"iprev", "fail"}, {"spf", "temperror"}, {"dkim", "fail"},
      {"dkim", "fail"},  {"arc", "fail"},      {"dmarc", "permerror"}};
  require(found.methods.size() == std::size(wanted));
  for (std::size_t i = 0; i < std::size(wanted); ++i)
    require(found.methods[i].method == wanted[i].first &&
            found.methods[i].result == wanted[i].second);
  for (const auto& method : found.methods) {
    for (const auto& [name, value] : method.properties) {
      if (name == "smtp.mailfrom") require_whole(value, facts.sender);
      if (name == "header.i") require_whole(value, dkim.identity);
      if (name == "header.d") require_whole(value, dkim.domain);
      if (name == "header.from") require_whole(value, facts.dmarc->author_domain);
    }
  }
  const auto received =
      ph::message::parse_received_spf(checked(received_spf_field(spf, facts), "Received-SPF"));
  require(received.result == "temperror" && received.client_ip == "192.0.2.1");

  const std::string header_text(text);
  const auto header = ph::message::parse_header(header_text);
  const auto forged = forged_results(header, "mx.test");
  for (const auto* field : header.all("authentication-results")) {
    const bool out = std::ranges::find(forged, field) != forged.end();
    // Whatever another reader takes for our name has to be taken out.
    const auto claims = ph::message::parse_auth_results(field->value);
    if (claims.authserv_id == "mx.test") require(out);
  }
  return 0;
}
