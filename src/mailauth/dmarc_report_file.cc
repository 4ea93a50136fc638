// From what arrives to the XML of a report: out of a message, out of what compresses it.
#include <algorithm>

#include "base/ascii.h"
#include "codec/deflate.h"
#include "mailauth/dmarc_report.h"
#include "message/content.h"

namespace ph::mailauth {
namespace {

/// Octets in which a text that is XML shows it.
constexpr std::size_t kBeginOctets = 512;

/// Parts of a message that are tried: each may cost what a whole report does. Real ones have one.
constexpr std::size_t kReportPartsMax = 4;

bool looks_like_xml(std::string_view octets) {
  if (octets.starts_with("\xff\xfe") || octets.starts_with("\xfe\xff")) return true;  // UTF-16
  if (octets.starts_with("\xef\xbb\xbf")) octets.remove_prefix(3);
  octets = octets.substr(0, kBeginOctets);
  const auto first = octets.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && octets[first] == '<';
}

Result<DmarcReportRead> inflate_report(codec::Inflater inflater, std::string_view octets) {
  DmarcReportParser parser;
  const auto to_parser = [&parser](std::string_view piece) { return parser.feed(piece); };
  auto fed = inflater.feed(octets, to_parser);
  auto ended = fed ? inflater.finish() : std::move(fed);
  if (!ended && ended.error().kind != Kind::malformed) return std::unexpected(ended.error());
  auto read = parser.finish();
  // What came before the damage is told, with the damage; a parser that had stopped says why.
  if (read && !ended) read->problems.emplace_back(ended.error().what);
  return read;
}

Result<DmarcReportRead> read_octets(std::string_view octets) {
  using Form = codec::Inflater::Form;
  if (codec::is_gzip(octets))
    return inflate_report(codec::Inflater(Form::gzip, kDmarcReportOctetsMax), octets);
  if (codec::is_zip(octets)) {
    PH_TRY(const codec::ZipEntry entry, codec::find_zip_entry(octets, ".xml"));
    if (entry.deflated)
      return inflate_report(codec::Inflater(Form::deflate, kDmarcReportOctetsMax), entry.octets);
    octets = entry.octets;
  }
  // An editor's empty lines before the XML declaration are passed over.
  const auto first = octets.find_first_not_of(" \t\r\n");
  octets.remove_prefix(std::min(first, octets.size()));
  DmarcReportParser parser;
  PH_TRY([[maybe_unused]] const Done fed, parser.feed(octets));
  return parser.finish();
}

bool can_be_report(std::string_view octets) {
  return codec::is_gzip(octets) || codec::is_zip(octets) || looks_like_xml(octets);
}

/// The first part that is a report; what is wrong with the first that could be one.
Result<DmarcReportRead> read_message(std::string_view octets) {
  const message::MimeTree tree = message::parse_mime(octets);
  Result<DmarcReportRead> found = fail(Kind::not_found, "the message has no report attached");
  std::size_t tried = 0;
  for (const message::MimePart& part : tree.parts()) {
    if (part.children > 0 || part.is_multipart() || part.is("text", "html")) continue;
    const std::string body = message::decoded_body(tree, part);
    if (!can_be_report(body)) continue;
    if (++tried > kReportPartsMax) break;
    auto read = read_octets(body);
    if (read) {
      read->file_name = message::part_name(part);
      return read;
    }
    if (found.error().kind == Kind::not_found) found = std::move(read);
  }
  return found;
}

}  // namespace

Result<DmarcReportRead> read_dmarc_report(std::string_view octets) {
  return can_be_report(octets) ? read_octets(octets) : read_message(octets);
}

}  // namespace ph::mailauth
