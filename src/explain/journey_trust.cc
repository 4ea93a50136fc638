#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "explain/journey_parts.h"

namespace ph::explain {
namespace {

using message::ReceivedLine;

/// A name that only means something inside an organisation: "mx1", "localhost", "10.0.0.3",
/// "x.local".
bool is_inside_name(std::string_view name) {
  if (name.empty()) return false;
  std::string_view bare = name;
  while (bare.starts_with('[')) bare.remove_prefix(1);
  while (bare.ends_with(']') || bare.ends_with('.')) bare.remove_suffix(1);
  if (parse_ip_text(bare)) return is_inside_ip(bare);
  const std::string lower = ascii_lower(bare);
  return lower.find('.') == lower.npos || lower.ends_with(".local") ||
         lower.ends_with(".internal") || lower.ends_with(".lan") ||
         lower.ends_with(".localdomain") || lower.ends_with(".intern");
}

class Trust {
 public:
  Trust(Journey& journey, const JourneyQuestion& question) : journey_(journey) {
    for (const std::string& domain : question.own_domains) own_.push_back(domain);
    own_.push_back(organization_of(journey_.hops.back().line.by));
    // The topmost recipient is who the mailbox is of; older ones may be of forwarders.
    if (!journey_.delivery.delivered_to.empty())
      own_.push_back(organization_of(journey_.delivery.delivered_to.front()));
    std::erase(own_, std::string());
  }

  void judge() {
    std::size_t i = journey_.hops.size() - 1;
    for (;;) {
      JourneyHop& hop = journey_.hops[i];
      hop.trusted = true;
      const ReceivedLine& line = hop.line;
      if (i == 0) {
        journey_.trust_reason = "all lines were written by the receiving side";
        break;
      }
      const ReceivedLine& before = journey_.hops[i - 1].line;
      // Fetched from a mailbox: its owner trusts the server that held it.
      const bool fetched = line.protocol == "IMAP" || line.protocol == "POP3";
      if (fetched) own_.push_back(organization_of(before.by));
      const bool inside = fetched || line.local || is_ours_client(line);
      const bool written_inside =
          is_ours(before.by) || is_inside_name(before.by) || before.by.empty();
      if (!inside || !written_inside) {
        const std::string client = client_name(line);
        journey_.trust_reason = fmt::format(
            "{} belongs to the receiving side and itself took the message from {}{}; the lines "
            "below were "
            "written by others",
            line.by.empty() ? std::string("the last server") : line.by,
            client.empty() ? std::string("a client it does not name") : client,
            line.ip.empty() || line.ip == client ? std::string() : " [" + line.ip + "]");
        break;
      }
      --i;
    }
    journey_.last_trusted = i;
  }

 private:
  bool is_ours(std::string_view host) const {
    const std::string organization = organization_of(host);
    return !organization.empty() && std::ranges::find(own_, organization) != own_.end();
  }

  /// Seen by our own server at an address of the inside, or under a name of ours that the DNS
  /// confirms; what the client called itself proves nothing.
  bool is_ours_client(const ReceivedLine& line) const {
    if (!line.ip.empty() && is_inside_ip(line.ip)) return true;
    if (!line.rdns.empty()) return is_ours(line.rdns);
    if (!line.ip.empty()) return false;
    return line.from.empty() || is_ours(line.from) || is_inside_name(line.from);
  }

  Journey& journey_;
  std::vector<std::string> own_;
};

class Lines {
 public:
  Lines(Journey& journey, std::span<const std::string_view> values)
      : journey_(journey), values_(values) {}

  void judge() {
    for (std::size_t i = 0; i < journey_.hops.size(); ++i) {
      alone(i);
      if (i > 0) between(i);
    }
    repeated();
  }

 private:
  const ReceivedLine& line(std::size_t i) const { return journey_.hops[i].line; }

  void alone(std::size_t i) {
    for (const std::string& ip : invalid_ips(values_[i]))
      add_finding(journey_, Severity::wrong, "ip-invalid",
                  fmt::format("{} is written as an IP address and is none", ip), i);
    const ReceivedLine& one = line(i);
    const std::string claimed = organization_of(one.helo);
    const std::string server = organization_of(one.by);
    const std::string seen = organization_of(one.rdns);
    if (journey_.hops[i].trusted && i == journey_.last_trusted && !one.ip.empty() &&
        !is_inside_ip(one.ip) && !claimed.empty() && claimed == server && seen != claimed)
      add_finding(
          journey_, Severity::wrong, "helo-is-receiver",
          fmt::format("{} called itself {}, a name of the receiving side", one.ip, one.helo), i);
    if (!claimed.empty() && !seen.empty() && claimed != seen)
      add_finding(journey_, Severity::note, "helo-differs",
                  fmt::format("the client called itself {}, and is {}", one.helo, one.rdns), i);
  }

  /// The host that wrote a line should be the client of the next one.
  void between(std::size_t i) {
    const ReceivedLine& before = line(i - 1);
    const ReceivedLine& after = line(i);
    if (after.local || before.by.empty() || is_inside_name(before.by)) return;
    private_between(before, after, i);
    if (after.from.empty() && after.ip.empty()) return;
    if (!before.by_ip.empty() && before.by_ip == after.ip) return;
    const std::string writer = organization_of(before.by);
    bool names = false;
    for (const std::string* name : {&after.rdns, &after.helo, &after.from, &after.by}) {
      const std::string organization = organization_of(*name);
      if (name != &after.by) names = names || !organization.empty();
      if (organization == writer && (name != &after.by || is_inside(after))) return;
      if (same_ascii(*name, before.by)) return;
    }
    if (!names && is_inside(after)) return;
    const bool forgeable = !journey_.hops[i - 1].trusted;
    add_finding(
        journey_, Severity::odd, "by-from-mismatch",
        fmt::format(
            "{} wrote the line before, but this one came from {}{}", before.by, client_name(after),
            forgeable ? ": a hop is missing, or the line before is forged" : ": a hop is missing"),
        i);
  }

  static bool is_inside(const ReceivedLine& after) {
    return (!after.ip.empty() && is_inside_ip(after.ip)) ||
           (after.ip.empty() && (after.from.empty() || is_inside_name(after.from)));
  }

  /// A private address cannot be seen by another organisation's server.
  void private_between(const ReceivedLine& before, const ReceivedLine& after, std::size_t i) {
    const std::string writer = organization_of(before.by), reader = organization_of(after.by);
    const std::string client = organization_of(after.rdns.empty() ? after.helo : after.rdns);
    if (after.ip.empty() || !is_inside_ip(after.ip) || parse_loopback(after.ip)) return;
    if (writer.empty() || reader.empty() || writer == reader) return;
    if (client.empty() || client == reader) return;
    add_finding(
        journey_, Severity::odd, "private-address",
        fmt::format("{} says that it took the message from {} [{}], an address that is only "
                    "used inside of networks",
                    after.by, client_name(after), after.ip),
        i);
  }

  static bool parse_loopback(std::string_view ip) { return ip.starts_with("127.") || ip == "::1"; }

  void repeated() {
    std::vector<std::pair<std::string, std::size_t>> seen;
    for (std::size_t i = 0; i < journey_.hops.size(); ++i)
      if (!line(i).id.empty()) seen.emplace_back(line(i).by + " " + line(i).id, i);
    std::ranges::sort(seen);
    for (std::size_t i = 1; i < seen.size(); ++i) {
      const bool same = seen[i].first == seen[i - 1].first;
      if (same && line(seen[i].second).from == line(seen[i - 1].second).from)
        add_finding(
            journey_, Severity::odd, "line-repeated",
            fmt::format("the line of {} with this id is there twice", line(seen[i].second).by),
            seen[i].second);
    }
  }

  /// "[300.1.2.3]" and the like, where an address stands: in brackets or in parentheses.
  static std::vector<std::string> invalid_ips(std::string_view value) {
    constexpr std::size_t kNamedMax = 3;
    constexpr std::size_t kOctetsMax = 15;
    std::vector<std::string> out;
    for (std::size_t i = 0; i < value.size() && out.size() < kNamedMax; ++i) {
      if (value[i] != '[' && value[i] != '(') continue;
      std::size_t end = i + 1;
      while (end < value.size() && end - i <= kOctetsMax &&
             (is_digit(value[end]) || value[end] == '.'))
        ++end;
      const std::string_view text = value.substr(i + 1, end - i - 1);
      const bool closed = end < value.size() && (value[end] == ']' || value[end] == ')');
      if (closed && std::ranges::count(text, '.') == 3 && !text.starts_with('.') &&
          !text.ends_with('.') && text.find("..") == text.npos && !parse_ip_text(text) &&
          value[i] == '[')
        out.emplace_back(text);
    }
    return out;
  }

  Journey& journey_;
  std::span<const std::string_view> values_;
};

}  // namespace

void judge_trust(Journey& journey, const JourneyQuestion& question) {
  if (journey.hops.empty()) return;
  Trust(journey, question).judge();
}

void judge_lines(Journey& journey, std::span<const std::string_view> values) {
  Lines(journey, values).judge();
}

}  // namespace ph::explain
