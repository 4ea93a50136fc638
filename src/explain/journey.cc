#include "explain/journey.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "explain/journey_parts.h"
#include "message/address_list.h"
#include "message/readable.h"

namespace ph::explain {
namespace {

using message::Field;

class Reader {
 public:
  Journey read(std::span<const Field> fields, const JourneyQuestion& question) {
    for (const Field& field : fields) one(field);
    std::ranges::reverse(journey_.hops);
    std::ranges::reverse(values_);
    journey_.arc = message::arc_chain(fields);
    journey_.facts = message::provider_facts(fields);
    if (journey_.hops.empty())
      add_finding(journey_, Severity::odd, "no-received",
                  "the header has no Received field: nothing tells where the message has been");
    judge_clocks(journey_, question);
    judge_trust(journey_, question);
    judge_lines(journey_, values_);
    judge_auth(question);
    return std::move(journey_);
  }

 private:
  void one(const Field& field) {
    const std::string name = ascii_lower(field.name);
    if (name == "received") {
      received(field);
    } else if (name == "authentication-results") {
      if (journey_.auth.size() >= kJourneyFieldsMax) return;
      journey_.auth.push_back({message::parse_auth_results(field.value), false});
      auth_above_.push_back(journey_.hops.size());
    } else if (name == "received-spf") {
      if (journey_.spf.size() < kJourneyFieldsMax)
        journey_.spf.push_back(message::parse_received_spf(field.value));
    } else if (name == "dkim-signature") {
      signature(field);
    } else if (name == "delivered-to") {
      path(field, journey_.delivery.delivered_to);
    } else if (name == "x-original-to" || name == "envelope-to" || name == "x-envelope-to" ||
               name == "x-delivered-to") {
      path(field, journey_.delivery.original_to);
    } else if (name == "return-path" && !journey_.delivery.return_path) {
      if (const auto got = message::parse_path(field.value))
        journey_.delivery.return_path = got->address();
    } else if (name == "date" && !journey_.date) {
      if (auto date = message::read_date(field.value)) {
        journey_.date = *std::move(date);
      } else {
        add_finding(journey_, Severity::odd, "date-unreadable", "the Date field cannot be read");
      }
    } else if (name == "subject" && journey_.subject.empty()) {
      journey_.subject = message::readable_text(field.value);
    } else if (name == "message-id" && journey_.message_id.empty()) {
      const auto ids = message::parse_message_ids(field.value);
      if (!ids.empty()) journey_.message_id = ids.front();
    } else if (name == "from" && journey_.from.empty()) {
      for (const auto& mailbox : message::parse_address_list(field.value).mailboxes)
        if (journey_.from.size() < kJourneyFieldsMax) journey_.from.push_back(mailbox.address());
    }
  }

  void received(const Field& field) {
    if (journey_.hops.size() == kJourneyHopsMax) {
      if (!std::exchange(too_many_, true))
        add_finding(journey_, Severity::wrong, "too-many-hops",
                    fmt::format("there are more than {} Received fields: the oldest are left out",
                                kJourneyHopsMax));
      return;
    }
    JourneyHop hop{.line = message::parse_received(field.value), .offset = field.offset};
    if (hop.line.date) hop.at = hop.line.date->at;
    journey_.hops.push_back(std::move(hop));
    values_.push_back(field.value);
  }

  void signature(const Field& field) {
    if (journey_.signatures.size() >= kJourneyFieldsMax) return;
    const message::Tags tags = message::parse_tag_list(field.value);
    Signature out{.domain = std::string(message::tag(tags, "d")),
                  .selector = std::string(message::tag(tags, "s")),
                  .algorithm = std::string(message::tag(tags, "a")),
                  .identity = std::string(message::tag(tags, "i"))};
    std::string_view fields = message::tag(tags, "h");
    while (!fields.empty() && out.fields.size() < kJourneyFieldsMax) {
      out.fields.push_back(ascii_lower(fields.substr(0, fields.find(':'))));
      fields.remove_prefix(std::min(fields.find(':'), fields.size() - 1) + 1);
    }
    journey_.signatures.push_back(std::move(out));
  }

  static void path(const Field& field, std::vector<std::string>& to) {
    if (to.size() >= kJourneyFieldsMax) return;
    if (const auto got = message::parse_path(field.value)) to.push_back(got->address());
  }

  /// RFC 8601 §5: what a border server did not write or check itself is worth nothing.
  void judge_auth(const JourneyQuestion& question) {
    if (!journey_.last_trusted) return;
    std::vector<std::string> own = question.own_domains;
    own.push_back(organization_of(journey_.hops.back().line.by));
    own.push_back(organization_of(journey_.hops[*journey_.last_trusted].line.by));
    const std::size_t trusted_lines = journey_.hops.size() - *journey_.last_trusted;
    for (std::size_t i = 0; i < journey_.auth.size(); ++i) {
      AuthRecord& record = journey_.auth[i];
      const std::string who = organization_of(record.results.authserv_id);
      const bool ours = record.results.authserv_id.empty() || who.empty() ||
                        std::ranges::find(own, who) != own.end();
      // A border server writes its results above its own Received line.
      record.trusted = ours && auth_above_[i] < trusted_lines;
      for (const auto& method : record.results.methods)
        if (record.trusted && method.result == "fail")
          add_finding(
              journey_, Severity::wrong, "auth-fail",
              fmt::format("{} failed at {}", ascii_upper(std::string_view(method.method)),
                          record.results.authserv_id.empty() ? std::string("the receiving side")
                                                             : record.results.authserv_id));
    }
  }

  Journey journey_;
  std::vector<std::string_view> values_;
  std::vector<std::size_t> auth_above_;  // Received fields above each of journey_.auth
  bool too_many_ = false;
};

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::odd: return "odd";
    case Severity::wrong: return "wrong";
  }
  std::unreachable();
}

void add_finding(Journey& journey, Severity severity, std::string_view code, std::string text,
                 std::optional<std::size_t> hop) {
  if (journey.findings.size() < kJourneyFindingsMax)
    journey.findings.push_back({severity, code, std::move(text), hop});
}

std::string client_name(const message::ReceivedLine& line) {
  for (const std::string* name : {&line.rdns, &line.helo, &line.ip, &line.from})
    if (!name->empty()) return *name;
  return {};
}

std::string duration_text(std::chrono::milliseconds duration) {
  const bool negative = duration.count() < 0;
  const auto ms = std::chrono::abs(duration).count();
  const auto s = ms / 1000;
  std::string out;
  if (s >= 86400) {
    out = fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
  } else if (s >= 3600) {
    out = fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  } else if (s >= 60) {
    out = fmt::format("{} min {} s", s / 60, s % 60);
  } else {
    out = ms % 1000 == 0 ? fmt::format("{} s", s)
                         : fmt::format("{:.1f} s", static_cast<double>(ms) / 1e3);
  }
  return negative ? "-" + out : out;
}

std::string organization_of(std::string_view host) {
  while (host.starts_with('[')) host.remove_prefix(1);
  while (host.ends_with('.') || host.ends_with(']')) host.remove_suffix(1);
  if (parse_ip_text(host) || host.find(':') != host.npos) return {};
  if (const std::size_t at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  std::vector<std::string_view> labels;
  std::string_view rest = host;
  while (!rest.empty()) {
    labels.push_back(rest.substr(0, rest.find('.')));
    rest.remove_prefix(std::min(rest.find('.'), rest.size() - 1) + 1);
  }
  if (labels.size() < 2) return {};
  constexpr auto generic =
      std::to_array<std::string_view>({"ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ltd",
                                       "mil", "ne", "net", "nhs", "or", "org", "plc"});
  const std::string second = ascii_lower(labels[labels.size() - 2]);
  const bool three = labels.size() > 2 && labels.back().size() == 2 &&
                     std::ranges::find(generic, second) != generic.end();
  const std::string_view first = labels[labels.size() - (three ? 3 : 2)];
  return ascii_lower(host.substr(static_cast<std::size_t>(first.data() - host.data())));
}

bool is_inside_ip(std::string_view ip) {
  const auto octets = parse_ip_text(ip);
  if (!octets) return false;
  const auto at = [&octets](std::size_t i) { return static_cast<unsigned char>((*octets)[i]); };
  if (octets->size() == kIpv4Octets) {
    return at(0) == 10 || at(0) == 127 || at(0) == 0 || (at(0) == 172 && at(1) >> 4 == 1) ||
           (at(0) == 192 && at(1) == 168) || (at(0) == 169 && at(1) == 254) ||
           (at(0) == 100 && at(1) >> 6 == 1);
  }
  const bool loopback = *octets == std::string(kIpv6Octets - 1, '\0') + '\x01';
  // 2002:a05::/32 is 6to4 of 10.5/16, which Google numbers its own hosts with.
  const bool mapped_inside = at(0) == 0x20 && at(1) == 0x02 && at(2) == 10;
  return loopback || at(0) >> 1 == 0x7e || (at(0) == 0xfe && at(1) >> 6 == 2) || mapped_inside;
}

Journey trace(std::span<const message::Field> fields, const JourneyQuestion& question) {
  return Reader().read(fields, question);
}

}  // namespace ph::explain
