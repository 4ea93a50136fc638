// The XML of reports; its grammar is expat's.
#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.h"
#include "codec/charset.h"
#include "codec/utf8.h"
#include "mailauth/dmarc_report.h"

namespace ph::mailauth {
namespace {

/// What expat is given at once: a tag that is not whole is looked at again with each piece.
constexpr std::size_t kPieceOctets = std::size_t{16} << 10;

/// Octets of an element's name that are looked at; those of the schema have fewer.
constexpr std::size_t kElementNameOctetsMax = 64;

constexpr bool is_xml_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view without_space_around(std::string_view text) {
  while (!text.empty() && is_xml_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_xml_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The digits that it begins with: some write "1.0", or seconds with a fraction.
std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) {
    if (value > (UINT64_MAX - 9) / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (i == 0) return std::nullopt;
  return value;
}

using Row = DmarcReport::Row;

/// Where a value goes to; nullptr: there is no place for it, as in a row that was not begun.
struct Place {
  std::string_view path;
  std::string* (*of)(DmarcReport& report);
};

Row* row_of(DmarcReport& report) { return report.rows.empty() ? nullptr : &report.rows.back(); }

template <std::string Row::* member>
std::string* in_row(DmarcReport& report) {
  Row* row = row_of(report);
  return row == nullptr ? nullptr : &(row->*member);
}
template <auto list, auto member>
std::string* in_last(DmarcReport& report) {
  Row* row = row_of(report);
  return row == nullptr || (row->*list).empty() ? nullptr : &((row->*list).back().*member);
}
template <std::string DmarcReport::Policy::* member>
std::string* in_policy(DmarcReport& report) {
  return &(report.policy.*member);
}
template <std::string DmarcReport::* member>
std::string* in_report(DmarcReport& report) {
  return &(report.*member);
}

using P = DmarcReport::Policy;
constexpr std::array kPlaces = std::to_array<Place>({
    {"feedback/version", in_report<&DmarcReport::version>},
    {"feedback/report_metadata/org_name", in_report<&DmarcReport::org_name>},
    {"feedback/report_metadata/email", in_report<&DmarcReport::email>},
    {"feedback/report_metadata/extra_contact_info", in_report<&DmarcReport::extra_contact_info>},
    {"feedback/report_metadata/report_id", in_report<&DmarcReport::report_id>},
    {"feedback/report_metadata/generator", in_report<&DmarcReport::generator>},
    {"feedback/policy_published/domain", in_policy<&P::domain>},
    {"feedback/policy_published/adkim", in_policy<&P::adkim>},
    {"feedback/policy_published/aspf", in_policy<&P::aspf>},
    {"feedback/policy_published/p", in_policy<&P::p>},
    {"feedback/policy_published/sp", in_policy<&P::sp>},
    {"feedback/policy_published/np", in_policy<&P::np>},
    {"feedback/policy_published/pct", in_policy<&P::pct>},
    {"feedback/policy_published/fo", in_policy<&P::fo>},
    {"feedback/policy_published/testing", in_policy<&P::testing>},
    {"feedback/policy_published/discovery_method", in_policy<&P::discovery_method>},
    {"feedback/record/row/source_ip", in_row<&Row::source_ip>},
    {"feedback/record/row/policy_evaluated/disposition", in_row<&Row::disposition>},
    {"feedback/record/row/policy_evaluated/dkim", in_row<&Row::dkim>},
    {"feedback/record/row/policy_evaluated/spf", in_row<&Row::spf>},
    {"feedback/record/row/policy_evaluated/reason/type",
     in_last<&Row::reasons, &DmarcReport::Reason::type>},
    {"feedback/record/row/policy_evaluated/reason/comment",
     in_last<&Row::reasons, &DmarcReport::Reason::comment>},
    {"feedback/record/identifiers/header_from", in_row<&Row::header_from>},
    {"feedback/record/identifiers/envelope_from", in_row<&Row::envelope_from>},
    {"feedback/record/identifiers/envelope_to", in_row<&Row::envelope_to>},
    {"feedback/record/auth_results/dkim/domain",
     in_last<&Row::dkim_results, &DmarcReport::Dkim::domain>},
    {"feedback/record/auth_results/dkim/selector",
     in_last<&Row::dkim_results, &DmarcReport::Dkim::selector>},
    {"feedback/record/auth_results/dkim/result",
     in_last<&Row::dkim_results, &DmarcReport::Dkim::result>},
    {"feedback/record/auth_results/dkim/human_result",
     in_last<&Row::dkim_results, &DmarcReport::Dkim::human_result>},
    {"feedback/record/auth_results/spf/domain",
     in_last<&Row::spf_results, &DmarcReport::Spf::domain>},
    {"feedback/record/auth_results/spf/scope",
     in_last<&Row::spf_results, &DmarcReport::Spf::scope>},
    {"feedback/record/auth_results/spf/result",
     in_last<&Row::spf_results, &DmarcReport::Spf::result>},
    {"feedback/record/auth_results/spf/human_result",
     in_last<&Row::spf_results, &DmarcReport::Spf::human_result>},
});

/// The name without its namespace's prefix: "dmarc:record" is record.
std::string_view local_name(std::string_view name) {
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// Charsets of one octet a character; others the grammar does not take.
int map_charset(void*, const XML_Char* name, XML_Encoding* map) {
  if (codec::canonical_charset(name).empty()) return XML_STATUS_ERROR;
  for (int i = 0; i < 256; ++i) {
    const char octet = static_cast<char>(i);
    const std::string text = codec::to_utf8({&octet, 1}, name);
    map->map[i] = -1;
    if (text.empty() || text == codec::kReplacementCharacter) continue;
    const codec::Utf8Head head = codec::utf8_head(text);
    if (head.is == codec::Utf8Head::Is::character && head.octets == text.size())
      map->map[i] = static_cast<int>(head.point);
  }
  map->data = nullptr;
  map->convert = nullptr;
  map->release = nullptr;
  return XML_STATUS_OK;
}

}  // namespace

struct DmarcReportParser::State {
  State() : parser(XML_ParserCreate(nullptr)) {
    PH_CHECK(parser != nullptr);
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_document_type);
    XML_SetUnknownEncodingHandler(parser, map_charset, nullptr);
  }
  ~State() { XML_ParserFree(parser); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static State& of(void* data) { return *static_cast<State*>(data); }

  static void on_document_type(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    of(data).stop("the XML has a document type, which no report needs");
  }

  static void on_start(void* data, const XML_Char* name, const XML_Char**) {
    State& s = of(data);
    s.text.clear();
    if (s.depths.size() >= kDmarcReportDepthMax) return s.stop("the XML is too deep");
    s.depths.push_back(s.path.size());
    if (!s.path.empty()) s.path += '/';
    s.path += local_name(name).substr(0, kElementNameOctetsMax);  // longer ones mean nothing to us
    s.begin_element();
  }

  void begin_element() {
    if (depths.size() == 1 && path != "feedback") return stop("the XML is not a DMARC report");
    is_report = true;
    if (path == "feedback/record") {
      skipping = found.report.rows.size() >= kDmarcReportRowsMax;
      if (skipping) return problem("there are more rows than are read");
      found.report.rows.emplace_back();
      return;
    }
    Row* row = skipping ? nullptr : row_of(found.report);
    if (row == nullptr) return;
    if (path == "feedback/record/row/policy_evaluated/reason") return begin_one(row->reasons);
    if (path == "feedback/record/auth_results/dkim") return begin_one(row->dkim_results);
    if (path == "feedback/record/auth_results/spf") return begin_one(row->spf_results);
  }

  template <class T>
  void begin_one(std::vector<T>& list) {
    if (results < kDmarcReportAllResultsMax && list.size() < kDmarcReportResultsMax) {
      ++results;
      list.emplace_back();
      return;
    }
    problem(list.size() < kDmarcReportResultsMax ? "there are more results than are read"
                                                 : "a row has more results than are read");
    if (!list.empty()) list.back() = T();
  }

  static void on_text(void* data, const XML_Char* octets, int count) {
    State& s = of(data);
    const std::string_view more(octets, static_cast<std::size_t>(count));
    if (s.text.size() < kDmarcReportTextOctetsMax) s.text += more;
  }

  static void on_end(void* data, const XML_Char*) {
    State& s = of(data);
    if (!s.skipping) s.end_element();
    s.text.clear();
    if (s.depths.empty()) return;
    s.path.resize(s.depths.back());
    s.depths.pop_back();
    if (s.path == "feedback") s.skipping = false;
  }

  void end_element() {
    std::string_view value = without_space_around(text);
    if (value.size() > kDmarcReportTextOctetsMax) {
      value = value.substr(0, codec::utf8_prefix(value.substr(0, kDmarcReportTextOctetsMax)));
      value = without_space_around(value);
      problem(fmt::format("{} is too long", path));
    }
    DmarcReport& report = found.report;
    if (path == "feedback/report_metadata/date_range/begin") return number(value, report.begin);
    if (path == "feedback/report_metadata/date_range/end") return number(value, report.end);
    if (path == "feedback/report_metadata/error") {
      if (!value.empty() && report.errors.size() < kDmarcReportErrorsMax)
        report.errors.emplace_back(value);
      return;
    }
    if (path == "feedback/record/row/count") {
      if (Row* row = row_of(report)) number(value, row->count);
      return;
    }
    const auto place = std::ranges::find(kPlaces, std::string_view(path), &Place::path);
    if (place == kPlaces.end()) return;
    if (std::string* into = place->of(report)) *into = value;
  }

  void number(std::string_view value, std::uint64_t& into) {
    if (const auto read = leading_number(value)) {
      into = *read;
    } else {
      problem(fmt::format("{} is no number: {}", path, value.substr(0, 40)));
    }
  }

  void problem(std::string what) {
    auto& list = found.problems;
    if (list.size() < kDmarcReportErrorsMax && std::ranges::find(list, what) == list.end())
      list.push_back(std::move(what));
  }

  void stop(Literal why) {
    if (stopped) return;
    stopped = why;
    XML_StopParser(parser, XML_FALSE);
  }

  /// To expat; what it does not take ends the report there.
  Result<Done> give(std::string_view octets, bool last) {
    if (broken) return Done{};
    const auto said = XML_Parse(parser, octets.data(), static_cast<int>(octets.size()), last);
    if (stopped) return std::unexpected(Error{Kind::malformed, stopped->text, {}, {}});
    if (said != XML_STATUS_OK) {
      const auto why = fmt::format("line {}: {}", XML_GetCurrentLineNumber(parser),
                                   XML_ErrorString(XML_GetErrorCode(parser)));
      if (!is_report) return fail(Kind::malformed, "this is not XML", why);
      problem(fmt::format("the XML breaks off, {}", why));
      broken = true;
      return Done{};
    }
    given += octets.size();
    const auto at = XML_GetCurrentByteIndex(parser);
    if (at >= 0 && given - std::min(given, static_cast<std::uint64_t>(at)) >
                       kDmarcReportTagOctetsMax + kPieceOctets)
      return fail(Kind::malformed, "a tag of the XML does not end");
    return Done{};
  }

  XML_Parser parser;
  DmarcReportRead found;
  std::string held;  // less than kPieceOctets that expat was not given yet
  std::string path, text;
  std::vector<std::size_t> depths;  // where in `path` each open element begins
  std::uint64_t taken = 0, given = 0;
  std::size_t results = 0;  // kept, of all rows
  std::optional<Literal> stopped;
  bool is_report = false, skipping = false, broken = false;
};

DmarcReportParser::DmarcReportParser() : state_(std::make_unique<State>()) {}
DmarcReportParser::~DmarcReportParser() = default;
DmarcReportParser::DmarcReportParser(DmarcReportParser&&) noexcept = default;
DmarcReportParser& DmarcReportParser::operator=(DmarcReportParser&&) noexcept = default;

Result<Done> DmarcReportParser::feed(std::string_view octets) {
  State& s = *state_;
  s.taken += octets.size();
  if (s.taken > kDmarcReportOctetsMax)
    return fail(Kind::over_limit, "the report is larger than is read");
  while (!octets.empty()) {
    const std::size_t more = std::min(kPieceOctets - s.held.size(), octets.size());
    s.held += octets.substr(0, more);
    octets.remove_prefix(more);
    if (s.held.size() < kPieceOctets) break;
    PH_TRY([[maybe_unused]] const Done given, s.give(s.held, false));
    s.held.clear();
  }
  return Done{};
}

Result<DmarcReportRead> DmarcReportParser::finish() {
  State& s = *state_;
  PH_TRY([[maybe_unused]] const Done given, s.give(s.held, true));
  DmarcReport& report = s.found.report;
  if (report.policy.domain.empty()) s.problem("it does not say whose mail it is about");
  if (report.org_name.empty()) s.problem("it does not say who reports");
  if (report.rows.empty()) s.problem("it has no rows");
  if (report.end < report.begin) s.problem("its period ends before it begins");
  return std::move(s.found);
}

}  // namespace ph::mailauth
