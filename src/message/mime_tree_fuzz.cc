// Input: a message. Oracles: parts lie inside their parents, in order; sections lead back to their
// parts; decoding and checking every part does not crash; a tree whose memory is used again is the
// same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/check.h"
#include "message/content.h"
#include "message/mime_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ph::message;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  static MimeTree used;
  parse_mime(octets, used);
  const MimeTree tree = parse_mime(octets);
  if (used.parts().size() != tree.parts().size()) std::abort();
  if (used.findings_count() != tree.findings_count()) std::abort();
  const auto parts = tree.parts();
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const MimePart& part = parts[i];
    if (part.header > part.body || part.body > part.end) std::abort();
    if (part.end > tree.octets_of(part).size()) std::abort();
    if (part.last <= i || part.last > parts.size()) std::abort();
    if (i == 0) continue;
    const MimePart& parent = parts[part.parent];
    if (part.parent >= i || part.last > parent.last) std::abort();
    if (part.source != parent.source && !parent.is_encoded_message()) std::abort();
    if (part.source == parent.source && part.header < parent.body) std::abort();
    if (i < 64 && tree.find_section(tree.section(i)) > i) std::abort();
    const std::string safe = safe_file_name(part_name(part));
    if (safe.size() > kSafeNameOctetsMax || safe.contains('/') || safe.starts_with('.'))
      std::abort();
    if (part.children == 0 && part.type == "text") decoded_text(tree, part);
  }
  const ReadableParts readable = readable_parts(tree);
  for (const auto& list : {readable.text, readable.html, readable.attachments})
    for (const std::uint32_t index : list)
      if (index >= parts.size()) std::abort();
  for (const CheckFinding& finding : check_message(tree).findings)
    if (finding.offset > tree.octets_of(parts[finding.part]).size() || finding.count == 0)
      std::abort();
  return 0;
}
