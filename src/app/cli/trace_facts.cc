#include "app/cli/trace_facts.h"

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "app/daemon/facts.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using daemon::utf8_only;

json::value time(const std::optional<Wall>& at) {
  return at ? json::value(daemon::format_utc(*at)) : json::value(nullptr);
}

json::value duration(const std::optional<std::chrono::milliseconds>& value) {
  return value ? json::value(value->count()) : json::value(nullptr);
}

json::array texts(const std::vector<std::string>& all) {
  json::array out;
  for (const auto& one : all) out.emplace_back(utf8_only(one));
  return out;
}

json::object pairs(const message::Tags& tags) {
  json::object out;
  for (const auto& [name, value] : tags) out.emplace(utf8_only(name), utf8_only(value));
  return out;
}

json::value date(const std::optional<message::DateReading>& reading) {
  if (!reading) return nullptr;
  json::array odd;
  for (const auto one : reading->odd) odd.emplace_back(one);
  return json::object{
      {"time", daemon::format_utc(reading->at)},
      {"zone_minutes", reading->zone ? json::value(reading->zone->count()) : json::value(nullptr)},
      {"odd", std::move(odd)}};
}

json::object hop_facts(const explain::JourneyHop& hop, std::size_t number) {
  const auto& line = hop.line;
  json::array odd;
  for (const auto one : line.odd) odd.emplace_back(one);
  json::object out{{"hop", number},
                   {"from", line.from},
                   {"helo", line.helo},
                   {"rdns", line.rdns},
                   {"ip", line.ip},
                   {"ident", line.ident},
                   {"auth", line.auth},
                   {"by", line.by},
                   {"by_ip", line.by_ip},
                   {"software", line.software},
                   {"via", line.via},
                   {"with", line.with},
                   {"protocol", line.protocol},
                   {"tls", line.tls()},
                   {"tls_version", line.tls_version},
                   {"tls_cipher", line.tls_cipher},
                   {"id", line.id},
                   {"for", line.recipient},
                   {"envelope_from", line.envelope_from},
                   {"local", line.local},
                   {"time", time(hop.corrected)},
                   {"time_as_written", date(line.date)},
                   {"clock_ahead_ms", hop.clock_ahead.count()},
                   {"delay_ms", duration(hop.delay)},
                   {"delay_as_written_ms", duration(hop.delay_as_written)},
                   {"slow", hop.slow},
                   {"trusted", hop.trusted},
                   {"odd", std::move(odd)}};
  for (auto& [name, value] : out)
    if (value.is_string()) value = utf8_only(std::string_view(value.as_string()));
  return out;
}

json::array methods_of(const message::AuthResults& results) {
  json::array out;
  for (const auto& one : results.methods)
    out.push_back(json::object{{"method", one.method},
                               {"result", one.result},
                               {"reason", one.reason},
                               {"comment", one.comment},
                               {"properties", pairs(one.properties)}});
  return out;
}

json::object authentication(const explain::Journey& journey) {
  json::array results, spf, signatures, arc;
  for (const auto& one : journey.auth)
    results.push_back(json::object{{"by", one.results.authserv_id},
                                   {"trusted", one.trusted},
                                   {"methods", methods_of(one.results)}});
  for (const auto& one : journey.spf)
    spf.push_back(json::object{{"result", one.result},
                               {"ip", one.client_ip},
                               {"comment", one.comment},
                               {"properties", pairs(one.pairs)}});
  for (const auto& one : journey.signatures)
    signatures.push_back(json::object{{"domain", one.domain},
                                      {"selector", one.selector},
                                      {"algorithm", one.algorithm},
                                      {"identity", one.identity},
                                      {"fields", texts(one.fields)}});
  for (const auto& one : journey.arc)
    arc.push_back(json::object{{"instance", one.instance},
                               {"complete", one.complete()},
                               {"seal_domain", one.seal_domain},
                               {"seal_selector", one.seal_selector},
                               {"cv", one.cv},
                               {"signature_domain", one.signature_domain},
                               {"by", one.claims.authserv_id},
                               {"methods", methods_of(one.claims)}});
  return {{"results", std::move(results)},
          {"spf", std::move(spf)},
          {"dkim", std::move(signatures)},
          {"arc", std::move(arc)}};
}

}  // namespace

json::object facts(const explain::Journey& journey) {
  json::array hops, provider, findings;
  for (std::size_t i = 0; i < journey.hops.size(); ++i)
    hops.push_back(hop_facts(journey.hops[i], i + 1));
  for (const auto& one : journey.facts)
    provider.push_back(json::object{{"provider", one.provider},
                                    {"what", one.what},
                                    {"value", one.value},
                                    {"field", one.field}});
  for (const auto& one : journey.findings)
    findings.push_back(
        json::object{{"severity", explain::to_string(one.severity)},
                     {"code", one.code},
                     {"hop", one.hop ? json::value(*one.hop + 1) : json::value(nullptr)},
                     {"text", utf8_only(one.text)}});
  const auto& path = journey.delivery.return_path;
  return {{"message_id", utf8_only(journey.message_id)},
          {"subject", utf8_only(journey.subject)},
          {"from", texts(journey.from)},
          {"date", date(journey.date)},
          {"hops", std::move(hops)},
          {"last_trusted",
           journey.last_trusted ? json::value(*journey.last_trusted + 1) : json::value(nullptr)},
          {"trust_reason", utf8_only(journey.trust_reason)},
          {"total_ms", duration(journey.total)},
          {"authentication", authentication(journey)},
          {"return_path", path ? json::value(utf8_only(*path)) : json::value(nullptr)},
          {"delivered_to", texts(journey.delivery.delivered_to)},
          {"original_to", texts(journey.delivery.original_to)},
          {"facts", std::move(provider)},
          {"findings", std::move(findings)}};
}

}  // namespace ph::cli
