#include "message/provider_facts.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "message/auth_fields.h"
#include "message/readable.h"
#include "message/utf8.h"

namespace ph::message {
namespace {

enum class Form { text, bracketed, report, spam_status };

struct Known {
  std::string_view field;  // lower case
  std::string_view provider, what;
  Form form = Form::text;
};

constexpr auto kKnown = std::to_array<Known>({
    {"auto-submitted", "", "automatic"},
    {"feedback-id", "", "campaign"},
    {"precedence", "", "precedence"},
    {"user-agent", "", "program"},
    {"x-aol-ip", "AOL", "originating ip", Form::bracketed},
    {"x-authenticated-sender", "", "authenticated as"},
    {"x-authentication-warning", "Sendmail", "warning"},
    {"x-barracuda-spam-score", "Barracuda", "spam score"},
    {"x-client-ip", "", "originating ip", Form::bracketed},
    {"x-complaints-to", "", "complaints to"},
    {"x-forefront-antispam-report", "Microsoft", "", Form::report},
    {"x-gm-message-state", "Google", "passed through"},
    {"x-google-dkim-signature", "Google", "signed by"},
    {"x-google-original-from", "Google", "original from"},
    {"x-google-smtp-source", "Google", "sent through"},
    {"x-ironport-anti-spam-filtered", "Cisco", "spam filtered"},
    {"x-mailer", "", "program"},
    {"x-mailgun-sid", "Mailgun", "passed through"},
    {"x-mc-user", "Mailchimp", "sender account"},
    {"x-microsoft-antispam", "Microsoft", "", Form::report},
    {"x-mimecast-spam-score", "Mimecast", "spam score"},
    {"x-mimeole", "Microsoft", "program"},
    {"x-ms-exchange-crosstenant-authas", "Microsoft", "authenticated as"},
    {"x-ms-exchange-crosstenant-fromentityheader", "Microsoft", "sent through"},
    {"x-ms-exchange-crosstenant-id", "Microsoft", "tenant"},
    {"x-ms-exchange-crosstenant-originalarrivaltime", "Microsoft", "first arrival"},
    {"x-ms-exchange-organization-authas", "Microsoft", "authenticated as"},
    {"x-ms-exchange-organization-authsource", "Microsoft", "authenticated by"},
    {"x-ms-exchange-organization-scl", "Microsoft", "spam confidence level"},
    {"x-ms-exchange-transport-endtoendlatency", "Microsoft", "delay in the server"},
    {"x-originalarrivaltime", "Microsoft", "first arrival"},
    {"x-originating-email", "", "sender account"},
    {"x-originating-ip", "", "originating ip", Form::bracketed},
    {"x-originatororg", "Microsoft", "organization"},
    {"x-php-originating-script", "PHP", "program"},
    {"x-proofpoint-spam-details", "Proofpoint", "spam verdict"},
    {"x-proofpoint-virus-version", "Proofpoint", "virus scanner"},
    {"x-remote-ip", "", "originating ip", Form::bracketed},
    {"x-rspamd-action", "Rspamd", "spam verdict"},
    {"x-rspamd-score", "Rspamd", "spam score"},
    {"x-sender-ip", "", "originating ip", Form::bracketed},
    {"x-ses-outgoing", "Amazon", "sent through"},
    {"x-sg-eid", "SendGrid", "passed through"},
    {"x-source-ip", "", "originating ip", Form::bracketed},
    {"x-spam-checker-version", "SpamAssassin", "spam filter"},
    {"x-spam-flag", "", "spam verdict"},
    {"x-spam-level", "SpamAssassin", "spam level"},
    {"x-spam-score", "", "spam score"},
    {"x-spam-status", "SpamAssassin", "", Form::spam_status},
    {"x-virus-scanned", "", "virus scanner"},
    {"x-yahoo-newman-property", "Yahoo", "sender account"},
    {"x-ymail-osg", "Yahoo", "passed through"},
    {"x-ymailisg", "Yahoo", "passed through"},
});
static_assert(std::ranges::is_sorted(kKnown, {}, &Known::field));

/// Keys of Microsoft's reports, "CIP:192.0.2.1;CTRY:US;...".
constexpr auto kReportKeys =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"CIP", "originating ip"},
                                                                  {"CTRY", "country"},
                                                                  {"SCL", "spam confidence level"},
                                                                  {"BCL", "bulk complaint level"},
                                                                  {"SFV", "spam verdict"},
                                                                  {"CAT", "category"},
                                                                  {"PTR", "reverse name"},
                                                                  {"H", "helo"}});

class Collector {
 public:
  void read(const Field& field) {
    const std::string key = ascii_lower(field.name);
    const auto found = std::ranges::lower_bound(kKnown, key, {}, &Known::field);
    if (found == kKnown.end() || found->field != key) return;
    std::string text = readable_text(field.value);
    if (found->form == Form::report) {
      report(*found, field, text);
    } else if (found->form == Form::spam_status) {
      spam_status(*found, field, text);
    } else {
      if (found->form == Form::bracketed)
        std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
      if (found->what == "signed by") text = tag(parse_tag_list(text), "d");
      if (found->what == "passed through") text = "yes";
      add(*found, field, found->what, std::move(text));
    }
  }
  std::vector<ProviderFact> take() { return std::move(facts_); }

 private:
  void add(const Known& known, const Field& field, std::string_view what, std::string value) {
    if (value.empty() || facts_.size() == kProviderFactsMax) return;
    if (value.size() > kFactOctetsMax) {
      value.resize(kFactOctetsMax);
      value = valid_utf8(value) + "…";
    }
    facts_.push_back({known.provider, what, std::move(value), valid_utf8(field.name)});
  }

  void report(const Known& known, const Field& field, std::string_view text) {
    while (!text.empty()) {
      const std::string_view part = trimmed(text.substr(0, text.find(';')));
      text.remove_prefix(std::min(text.find(';'), text.size() - 1) + 1);
      const std::size_t colon = part.find(':');
      if (colon == part.npos) continue;
      for (const auto& [key, what] : kReportKeys)
        if (same_ascii(key, part.substr(0, colon)))
          add(known, field, what, std::string(part.substr(colon + 1)));
    }
  }

  /// "Yes, score=7.2 required=5.0 tests=..."
  void spam_status(const Known& known, const Field& field, std::string_view text) {
    add(known, field, "spam verdict", std::string(text.substr(0, text.find(','))));
    for (const std::string_view key : {"score=", "hits="}) {
      const std::size_t at = text.find(key);
      if (at == text.npos) continue;
      const std::string_view rest = text.substr(at + key.size());
      add(known, field, "spam score", std::string(rest.substr(0, rest.find(' '))));
    }
  }

  std::vector<ProviderFact> facts_;
};

}  // namespace

std::vector<ProviderFact> provider_facts(std::span<const Field> fields) {
  Collector collector;
  for (const Field& field : fields) collector.read(field);
  return collector.take();
}

}  // namespace ph::message
