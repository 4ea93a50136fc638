#include "app/daemon/facts.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <charconv>
#include <utility>

#include "message/address.h"
#include "message/utf8.h"

namespace ph::daemon {

namespace json = boost::json;

std::string format_utc(Wall at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

Result<Wall> parse_utc(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00.000Z";
  if (text.size() != kShape.size()) return fail(Kind::malformed, "not a time", std::string(text));
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) {
      return fail(Kind::malformed, "not a time", std::string(text));
    }
  }
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (!date.ok()) return fail(Kind::malformed, "not a day", std::string(text));
  return Wall(std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
              std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2)) +
              std::chrono::milliseconds(number(20, 3)));
}

std::string utf8_only(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool ascii = static_cast<unsigned char>(text[0]) < 0x80;
    const std::size_t octets = ascii ? 1 : message::utf8_character_octets(text);
    out += octets == 0 ? "\ufffd" : text.substr(0, octets);
    text.remove_prefix(octets == 0 ? 1 : octets);
  }
  return out;
}

namespace {

std::string_view to_string(identity::AccountState state) {
  switch (state) {
    case identity::AccountState::active: return "active";
    case identity::AccountState::disabled: return "disabled";
    case identity::AccountState::locked: return "locked";
  }
  std::unreachable();
}

json::value time_or_null(Wall at) {
  if (unix_ms(at) == 0) return nullptr;
  return json::value(format_utc(at));
}

json::array texts(const std::vector<std::string>& all) {
  json::array out;
  for (const auto& text : all) out.emplace_back(utf8_only(text));
  return out;
}

}  // namespace

json::object facts(const Event& event) {
  return {{"at", format_utc(event.at)},
          {"stage", ph::to_string(event.stage)},
          {"outcome", ph::to_string(event.outcome)},
          {"queue_id", utf8_only(event.queue_id)},
          {"message_id", utf8_only(event.message_id)},
          {"sender", utf8_only(event.sender)},
          {"recipient", utf8_only(event.recipient)},
          {"peer", utf8_only(event.peer)},
          {"why", utf8_only(event.why)},
          {"reply", utf8_only(event.reply)}};
}

json::object facts(const identity::Domain& domain) {
  return {{"domain", utf8_only(domain.name)}, {"created", time_or_null(domain.created)}};
}

json::object facts(const identity::DomainKey& key) {
  return {{"selector", key.selector},
          {"algorithm", key.kind == crypto::KeyKind::rsa ? "rsa" : "ed25519"},
          {"bits", key.bits},
          {"created", time_or_null(key.created)},
          {"signs_from", time_or_null(key.signs_from)},
          {"signs", key.signs},
          {"name", utf8_only(key.record_name)},
          {"type", "TXT"},
          {"value", key.record}};
}

json::object facts(const identity::Account& account) {
  json::object out{{"id", account.id},
                   {"address", utf8_only(message::to_string(account.address))},
                   {"state", to_string(account.state)},
                   {"quota_octets", nullptr},
                   {"moved_to", nullptr},
                   {"forward", account.forward},
                   {"created", time_or_null(account.created)}};
  if (account.quota_octets) out["quota_octets"] = *account.quota_octets;
  if (account.moved_to) out["moved_to"] = utf8_only(message::to_string(*account.moved_to));
  return out;
}

json::object facts(const identity::Administration::Alias& alias) {
  return {{"address", utf8_only(alias.address)}, {"targets", texts(alias.targets)}};
}

json::object facts(const queue::JobInfo& job) {
  return {{"queue_id", job.queue_id},
          {"sender", utf8_only(job.sender)},
          {"recipient", utf8_only(job.recipient)},
          {"state", job.state},
          {"octets", job.octets},
          {"accepted", time_or_null(job.accepted)},
          {"next_attempt", time_or_null(job.next_attempt)},
          {"attempts", job.attempts},
          {"why", utf8_only(job.why)},
          {"host", utf8_only(job.host)},
          {"reply", utf8_only(job.reply)}};
}

json::object facts(const queue::Stats& stats) {
  json::array destinations;
  for (const auto& one : stats.destinations)
    destinations.push_back(json::object{{"domain", utf8_only(one.domain)},
                                        {"recipients", one.recipients},
                                        {"oldest_accepted", time_or_null(one.oldest)}});
  return {{"messages", stats.messages},
          {"recipients", stats.recipients},
          {"octets", stats.octets},
          {"deferred", stats.deferred},
          {"held", stats.held},
          {"attempting", stats.attempting},
          {"oldest_accepted", time_or_null(stats.oldest_accepted.value_or(Wall{}))},
          {"next_attempt", time_or_null(stats.next_attempt.value_or(Wall{}))},
          {"destinations", std::move(destinations)}};
}

json::object facts(const feedback::Collected& report) {
  json::array uris;
  for (const auto& each : report.uris) uris.emplace_back(utf8_only(each));
  return {{"domain", utf8_only(report.domain)}, {"begin", time_or_null(report.begin)},
          {"end", time_or_null(report.end)},    {"waits", report.waits},
          {"messages", report.messages},        {"rows", report.rows},
          {"omitted", report.omitted},          {"uris", std::move(uris)}};
}

json::object facts(const feedback::Sending& sending) {
  return {
      {"domain", utf8_only(sending.domain)},
      {"to", utf8_only(sending.to)},
      {"outcome", feedback::to_string(sending.what)},
      {"queue_id", sending.queue_id.empty() ? json::value(nullptr) : json::value(sending.queue_id)},
      {"why", utf8_only(sending.why)}};
}

}  // namespace ph::daemon
