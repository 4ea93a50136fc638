#include "app/cli/message_files.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "app/daemon/facts.h"
#include "message/content.h"

namespace ph::cli {

namespace json = boost::json;
using message::EmbeddedCoding;
using message::EmbeddedFile;

namespace {

std::string_view coding_name(EmbeddedCoding coding) {
  switch (coding) {
    case EmbeddedCoding::uuencode: return "uuencode";
    case EmbeddedCoding::binhex: return "binhex";
    case EmbeddedCoding::yenc: return "yenc";
  }
  return "";
}

/// Gives the decoded octets to `take` in pieces.
void decode(EmbeddedCoding coding, std::string_view octets, auto take) {
  const auto decoder = message::embedded_decoder(coding);
  std::string out;
  while (!octets.empty()) {
    const std::string_view piece = octets.substr(0, message::kDecodedPieceOctetsMax);
    octets.remove_prefix(piece.size());
    decoder->feed(piece, out);
    if (!take(out)) return;
    out.clear();
  }
  decoder->finish(out);
  take(out);
}

}  // namespace

std::string PartFiles::rest() const {
  std::string out;
  std::size_t at = 0;
  for (const EmbeddedFile& file : files) {
    out.append(text, at, file.begin - at);
    at = file.end;
  }
  return out.append(text, at);
}

PartFiles files_of(const message::MimeTree& tree, std::uint32_t index) {
  const message::MimePart& part = tree.parts()[index];
  if (!part.is("text", "plain")) return {};
  PartFiles out{.text = message::decoded_body(tree, part), .files = {}};
  out.files = message::find_embedded(out.text);
  return out;
}

std::optional<FileId> file_id(std::string_view id) {
  const std::size_t mark = id.find('#');
  if (mark == id.npos) return std::nullopt;
  FileId out{.part = std::string(id.substr(0, mark))};
  const std::string_view number = id.substr(mark + 1);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), out.number);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size() || out.number == 0)
    return std::nullopt;
  return out;
}

json::array files_facts(const PartFiles& files, std::string_view part_id) {
  json::array out;
  for (const EmbeddedFile& file : files.files) {
    std::uint64_t decoded = 0;
    decode(file.coding, files.octets_of(file), [&decoded](const std::string& piece) {
      decoded += piece.size();
      return true;
    });
    out.push_back({{"id", fmt::format("{}#{}", part_id, out.size() + 1)},
                   {"coding", coding_name(file.coding)},
                   {"name", daemon::utf8_only(file.name)},
                   {"octets", file.end - file.begin},
                   {"decoded_octets", decoded},
                   {"begin", file.begin},
                   {"whole", file.whole}});
  }
  return out;
}

Result<std::string> content_of(const PartFiles& files, const EmbeddedFile& file, bool raw) {
  if (raw) return std::string(files.octets_of(file));
  std::string out;
  bool fits = true;
  decode(file.coding, files.octets_of(file), [&](const std::string& piece) {
    fits = piece.size() <= kFileOctetsMax - out.size();
    if (fits) out += piece;
    return fits;
  });
  if (!fits) return fail(Kind::over_limit, "the file is too large to be held in memory");
  return out;
}

}  // namespace ph::cli
