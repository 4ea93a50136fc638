#include "mailauth/dmarc_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "mailauth/tag_list.h"

namespace ph::mailauth {
namespace {

std::optional<DmarcPolicy> policy_of(std::string_view value) {
  for (const auto policy : {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject})
    if (same_ascii(value, to_string(policy))) return policy;
  return std::nullopt;
}

class Reader {
 public:
  Reader(const TagList& tags, DmarcRecord& into) : tags_(tags), into_(into) {}

  std::optional<DmarcPolicy> policy(std::string_view name) {
    const auto value = tags_.find(name);
    if (!value) return std::nullopt;
    const auto policy = policy_of(*value);
    if (!policy) problem(name, *value, "it is none, quarantine or reject");
    return policy;
  }
  bool choice(std::string_view name, char yes, char no) {
    const auto value = tags_.find(name);
    if (!value) return false;
    const char given = value->size() == 1 ? ascii_lower(value->front()) : '\0';
    if (given != yes && given != no) problem(name, *value, fmt::format("it is {} or {}", yes, no));
    return given == yes;
  }
  void percent() {
    const auto value = tags_.find("pct");
    if (!value) return;
    const auto number = parse_number(*value);
    if (number && *number <= 100) {
      into_.percent = static_cast<unsigned>(*number);
    } else {
      problem("pct", *value, "it is a number from 0 to 100");
    }
  }
  std::vector<std::string> uris(std::string_view name) {
    std::vector<std::string> out;
    const auto value = tags_.find(name);
    std::string_view rest = value.value_or("");
    while (!rest.empty()) {
      const auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      std::string uri = without_space(one);
      if (uri.find(':') == std::string::npos) {
        problem(name, one, "it has no scheme: write mailto:ADDRESS");
      } else if (out.size() < kDmarcReportUrisMax) {
        out.push_back(std::move(uri));
      }
    }
    return out;
  }
  void problem(std::string_view name, std::string_view value, std::string_view how) {
    told(fmt::format("{}={}: {}", name, value.substr(0, 64), how));
  }
  void told(std::string text) {
    if (into_.problems.size() < kDmarcProblemsMax) into_.problems.push_back(std::move(text));
  }

 private:
  const TagList& tags_;
  DmarcRecord& into_;
};

}  // namespace

std::string_view to_string(DmarcPolicy policy) {
  constexpr std::array<std::string_view, 3> names{"none", "quarantine", "reject"};
  return names[std::to_underlying(policy)];
}

bool is_dmarc_record(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || trimmed(text.substr(0, equals)) != "v") return false;
  const auto value = text.substr(equals + 1);
  return trimmed(value.substr(0, value.find(';'))) == "DMARC1";
}

Result<DmarcRecord> parse_dmarc_record(std::string_view text) {
  if (!is_dmarc_record(text))
    return fail(Kind::malformed, "the record does not begin with v=DMARC1");
  if (text.size() > kDmarcRecordOctetsMax) return fail(Kind::over_limit, "the record is too long");
  std::vector<BrokenTag> broken;
  const TagList tags = TagList::parse_leniently(text, broken);
  DmarcRecord out;
  Reader read(tags, out);
  for (const BrokenTag& tag : broken)
    read.told(fmt::format("\"{}\" is left out: {}", tag.name.substr(0, 64), tag.why));
  out.aggregate_uris = read.uris("rua");
  out.failure_uris = read.uris("ruf");
  const auto policy = read.policy("p");
  out.subdomain = read.policy("sp");
  out.non_existent = read.policy("np");
  out.strict_dkim = read.choice("adkim", 's', 'r');
  out.strict_spf = read.choice("aspf", 's', 'r');
  out.testing = read.choice("t", 'y', 'n');
  read.percent();
  if (const auto options = tags.find("fo")) out.failure_options = without_space(*options);
  if (const auto psd = tags.find("psd")) {
    if (same_ascii(*psd, "y"))
      out.psd = DmarcRecord::Psd::yes;
    else if (same_ascii(*psd, "n"))
      out.psd = DmarcRecord::Psd::no;
    else if (!same_ascii(*psd, "u"))
      read.problem("psd", *psd, "it is y, n or u");
  }
  const bool has_policy =
      tags.find("p") || std::ranges::find(broken, "p", &BrokenTag::name) != broken.end();
  if (policy) {
    out.policy = *policy;
  } else if (has_policy && out.aggregate_uris.empty()) {
    return fail(Kind::malformed, "p= is no policy, and there is no rua=");
  } else if (!has_policy) {
    // RFC 9989 §4.7: without p= it is "none"; a wrong one counts so where reports are wanted.
    read.told("p= is missing: read as none");
  }
  return out;
}

}  // namespace ph::mailauth
