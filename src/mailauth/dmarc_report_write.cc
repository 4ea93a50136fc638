#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "codec/utf8.h"
#include "mailauth/dmarc_report.h"

namespace ph::mailauth {
namespace {

/// Characters that XML 1.0 has no way to write, or that would be markup.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const codec::Utf8Head head = codec::utf8_head(text);
    const std::string_view one = text.substr(0, head.octets);
    text.remove_prefix(one.size());
    const char c = one.front();
    const bool none = head.is != codec::Utf8Head::Is::character || head.point == 0xfffe ||
                      head.point == 0xffff ||
                      (head.point < ' ' && c != '\t' && c != '\n' && c != '\r');
    if (none) {
      out += '?';
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '\r') {  // else it would be read as a line feed
      out += "&#13;";
    } else {
      out += one;
    }
  }
  return out;
}

class Xml {
 public:
  void open(std::string_view name) { out_ += fmt::format("{:{}}<{}>\n", "", 2 * depth_++, name); }
  void close(std::string_view name) { out_ += fmt::format("{:{}}</{}>\n", "", 2 * --depth_, name); }
  void value(std::string_view name, std::string_view text) {
    out_ += fmt::format("{:{}}<{}>{}</{}>\n", "", 2 * depth_, name, escaped(text), name);
  }
  void optional(std::string_view name, std::string_view text) {
    if (!text.empty()) value(name, text);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  std::size_t depth_ = 0;
};

void put_metadata(Xml& xml, const DmarcReport& report) {
  xml.open("report_metadata");
  xml.value("org_name", report.org_name);
  xml.value("email", report.email);
  xml.optional("extra_contact_info", report.extra_contact_info);
  xml.value("report_id", report.report_id);
  xml.open("date_range");
  xml.value("begin", fmt::to_string(report.begin));
  xml.value("end", fmt::to_string(report.end));
  xml.close("date_range");
  for (const std::string& error : report.errors) xml.optional("error", error);
  xml.optional("generator", report.generator);
  xml.close("report_metadata");
}

void put_policy(Xml& xml, const DmarcReport::Policy& policy) {
  xml.open("policy_published");
  xml.value("domain", policy.domain);
  xml.optional("discovery_method", policy.discovery_method);
  xml.optional("adkim", policy.adkim);
  xml.optional("aspf", policy.aspf);
  xml.value("p", policy.p);
  xml.optional("sp", policy.sp);
  xml.optional("np", policy.np);
  xml.optional("pct", policy.pct);
  xml.optional("fo", policy.fo);
  xml.optional("testing", policy.testing);
  xml.close("policy_published");
}

void put_row(Xml& xml, const DmarcReport::Row& row) {
  xml.open("record");
  xml.open("row");
  xml.value("source_ip", row.source_ip);
  xml.value("count", fmt::to_string(row.count));
  xml.open("policy_evaluated");
  xml.value("disposition", row.disposition);
  xml.value("dkim", row.dkim);
  xml.value("spf", row.spf);
  for (const auto& reason : row.reasons) {
    xml.open("reason");
    xml.value("type", reason.type);
    xml.optional("comment", reason.comment);
    xml.close("reason");
  }
  xml.close("policy_evaluated");
  xml.close("row");
  xml.open("identifiers");
  xml.optional("envelope_to", row.envelope_to);
  xml.optional("envelope_from", row.envelope_from);
  xml.value("header_from", row.header_from);
  xml.close("identifiers");
  xml.open("auth_results");
  for (const auto& dkim : row.dkim_results) {
    xml.open("dkim");
    xml.value("domain", dkim.domain);
    xml.optional("selector", dkim.selector);
    xml.value("result", dkim.result);
    xml.optional("human_result", dkim.human_result);
    xml.close("dkim");
  }
  for (const auto& spf : row.spf_results) {
    xml.open("spf");
    xml.value("domain", spf.domain);
    xml.optional("scope", spf.scope);
    xml.value("result", spf.result);
    xml.optional("human_result", spf.human_result);
    xml.close("spf");
  }
  xml.close("auth_results");
  xml.close("record");
}

}  // namespace

std::string format_dmarc_report(const DmarcReport& report) {
  Xml xml;
  xml.open("feedback");
  xml.optional("version", report.version);
  put_metadata(xml, report);
  put_policy(xml, report.policy);
  for (const auto& row : report.rows) put_row(xml, row);
  xml.close("feedback");
  return xml.take();
}

std::string dmarc_report_file_name(const DmarcReport& report, std::string_view receiver) {
  return fmt::format("{}!{}!{}!{}.xml.gz", receiver, report.policy.domain, report.begin,
                     report.end);
}

bool is_dmarc_report_subject(std::string_view subject) {
  const std::string text = ascii_lower(subject);
  const auto report = text.find("report domain:");
  return report != std::string::npos &&
         std::string_view(text).substr(0, report).find_first_not_of(" \t[]") ==
             std::string_view::npos &&
         text.find("submitter:", report) != std::string::npos;
}

}  // namespace ph::mailauth
