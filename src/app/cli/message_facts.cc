#include "app/cli/message_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "app/cli/message_files.h"
#include "app/daemon/facts.h"
#include "base/ascii.h"
#include "codec/charset.h"
#include "message/address_list.h"
#include "message/check_fields.h"
#include "message/date.h"
#include "message/html_text.h"
#include "message/readable.h"

namespace ph::cli {

namespace json = boost::json;
using message::MimePart;
using message::MimeTree;

namespace {

constexpr std::array<std::string_view, 12> kAddressFields{"from",
                                                          "to",
                                                          "cc",
                                                          "bcc",
                                                          "reply-to",
                                                          "sender",
                                                          "resent-from",
                                                          "resent-to",
                                                          "resent-cc",
                                                          "resent-sender",
                                                          "disposition-notification-to",
                                                          "errors-to"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::any_of(names, [&](std::string_view each) { return same_ascii(name, each); });
}

json::array addresses_of(std::string_view value) {
  json::array out;
  for (const auto& mailbox : message::parse_address_list(value).mailboxes)
    out.push_back({{"name", mailbox.shown_name()}, {"address", mailbox.address()}});
  return out;
}

json::array addresses_of(const message::Header& header, std::string_view name) {
  json::array out;
  for (const auto* field : header.all(name))
    for (auto& each : addresses_of(field->value)) out.push_back(std::move(each));
  return out;
}

std::string disposition_name(const MimePart& part) {
  switch (message::disposition_of(part)) {
    case message::Disposition::none: return "";
    case message::Disposition::shown: return "inline";
    case message::Disposition::attached: return "attachment";
    case message::Disposition::other: return "other";
  }
  return "";
}

std::uint64_t decoded_octets(const MimeTree& tree, const MimePart& part) {
  message::BodyReader reader(tree, part);
  std::uint64_t count = 0;
  std::string piece;
  while (reader.next(piece)) {
    count += piece.size();
    piece.clear();
  }
  return count + piece.size();
}

/// The encoded message in which the offsets of a part count.
std::uint32_t encoded_around(const MimeTree& tree, std::uint32_t index) {
  const std::uint32_t source = tree.parts()[index].source;
  while (tree.parts()[index].source == source) index = tree.parts()[index].parent;
  return index;
}

json::object facts(const MimeTree& tree, std::uint32_t index) {
  const MimePart& part = tree.parts()[index];
  json::object out{{"id", part_id(tree, index)},
                   {"type", part.type + "/" + part.subtype},
                   {"charset", daemon::utf8_only(part.charset)},
                   {"encoding", encoding_name(part.encoding)},
                   {"octets", part.end - part.body}};
  if (part.children > 0 && !part.is_encoded_message()) {
    out["decoded_octets"] = nullptr;
  } else {
    out["decoded_octets"] = decoded_octets(tree, part);
  }
  out["lines"] = message::count_lines(tree.body_of(part));
  out["name"] = message::part_name(part);
  out["disposition"] = disposition_name(part);
  out["content_id"] = daemon::utf8_only(message::unfold(part.content_id));
  out["depth"] = part.depth;
  out["header_offset"] = part.header;
  out["body_offset"] = part.body;
  out["end_offset"] = part.end;
  out["inside"] = nullptr;
  if (part.source > 0) out["inside"] = part_id(tree, encoded_around(tree, index));
  return out;
}

}  // namespace

std::string part_id(const MimeTree& tree, std::uint32_t index) {
  std::string section = tree.section(index);
  return section.empty() ? "1" : section;
}

std::string_view encoding_name(message::TransferEncoding encoding) {
  switch (encoding) {
    case message::TransferEncoding::seven_bit: return "7bit";
    case message::TransferEncoding::eight_bit: return "8bit";
    case message::TransferEncoding::binary: return "binary";
    case message::TransferEncoding::quoted_printable: return "quoted-printable";
    case message::TransferEncoding::base64: return "base64";
    case message::TransferEncoding::uuencode: return "x-uuencode";
    case message::TransferEncoding::other: return "other";
  }
  return "";
}

json::object tree_facts(const MimeTree& tree) {
  json::array parts, findings;
  for (std::uint32_t i = 0; i < tree.parts().size(); ++i) {
    json::object part = facts(tree, i);
    part["files"] = files_facts(files_of(tree, i), part_id(tree, i));
    parts.push_back(std::move(part));
  }
  for (const auto& each : tree.findings()) {
    findings.push_back({{"id", message::id_of(each.what)},
                        {"part", part_id(tree, each.part)},
                        {"offset", each.offset}});
  }
  return {{"octets", tree.octets().size()},
          {"parts", std::move(parts)},
          {"findings", std::move(findings)},
          {"findings_count", tree.findings_count()}};
}

json::object header_facts(const message::Header& header) {
  json::array fields, findings;
  for (const auto& field : header.fields()) {
    json::object one{{"name", daemon::utf8_only(field.name)},
                     {"value", daemon::utf8_only(message::unfold(field.value))},
                     {"text", message::readable_text(field.value)},
                     {"offset", field.offset}};
    if (is_one_of(field.name, kAddressFields)) one["addresses"] = addresses_of(field.value);
    if (is_one_of(field.name, std::array<std::string_view, 2>{"date", "resent-date"})) {
      const auto read = message::read_date(field.value);
      if (read) {
        one["date"] = daemon::format_utc(read->at);
      } else {
        one["date"] = nullptr;
      }
    }
    fields.push_back(std::move(one));
  }
  for (const auto& each : header.findings()) {
    findings.push_back(
        {{"id", message::id_of(each.what)}, {"offset", each.offset}, {"count", each.count}});
  }
  return {{"headers", std::move(fields)},
          {"body_offset", header.body()},
          {"findings", std::move(findings)}};
}

std::string readable_text_of(const MimeTree& tree, bool& html_only, json::array& files) {
  const auto readable = message::readable_parts(tree);
  std::string out;
  html_only = !readable.text.empty();
  for (const std::uint32_t index : readable.text) {
    const MimePart& part = tree.parts()[index];
    if (part.type != "text") continue;
    if (!out.empty()) out += "\n";
    const PartFiles inside = files_of(tree, index);
    if (!inside.files.empty()) {
      html_only = false;
      for (auto& file : files_facts(inside, part_id(tree, index))) files.push_back(std::move(file));
      out += codec::to_utf8(inside.rest(), part.charset);
      continue;
    }
    const auto text = message::decoded_text(tree, part);
    if (part.subtype == "html") {
      out += message::html_to_text(text.text) + "\n";
    } else {
      html_only = false;
      out += text.text;
    }
  }
  if (out.empty()) html_only = false;
  return out;
}

json::object readable_facts(const MimeTree& tree) {
  const message::Header& header = tree.header();
  bool html_only = false;
  json::array attachments, files;
  std::string text = readable_text_of(tree, html_only, files);
  for (const std::uint32_t index : message::readable_parts(tree).attachments)
    attachments.push_back(facts(tree, index));
  json::object out{{"from", addresses_of(header, "from")},
                   {"to", addresses_of(header, "to")},
                   {"cc", addresses_of(header, "cc")}};
  const auto* subject = header.first("subject");
  out["subject"] = subject ? message::readable_text(subject->value) : "";
  out["date"] = nullptr;
  if (const auto* date = header.first("date")) {
    if (const auto read = message::read_date(date->value))
      out["date"] = daemon::format_utc(read->at);
  }
  out["message_id"] = daemon::utf8_only(header.text("message-id").value_or(""));
  out["text"] = std::move(text);
  out["html_only"] = html_only;
  out["attachments"] = std::move(attachments);
  out["files"] = std::move(files);
  return out;
}

json::object check_facts(const MimeTree& tree) {
  const auto checked = message::check_message(tree);
  json::array findings;
  for (const auto& each : checked.findings) {
    findings.push_back({{"id", each.id},
                        {"rfc", each.rfc},
                        {"what", each.what},
                        {"effect", each.effect},
                        {"offset", each.offset},
                        {"count", each.count},
                        {"part", part_id(tree, each.part)},
                        {"field", ""}});
  }
  for (const auto& each : message::check_fields(tree.header())) {
    findings.push_back({{"id", each.id},
                        {"rfc", each.rfc},
                        {"what", each.what},
                        {"effect", each.effect},
                        {"offset", each.offset},
                        {"count", 1},
                        {"part", part_id(tree, 0)},
                        {"field", daemon::utf8_only(each.field)}});
  }
  return {{"findings", std::move(findings)}, {"left_out", checked.left_out}};
}

}  // namespace ph::cli
