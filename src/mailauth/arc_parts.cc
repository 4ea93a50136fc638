#include "mailauth/arc_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "mailauth/arc.h"
#include "message/readable.h"

namespace ph::mailauth {
namespace {

/// "i=3;" with white space and comments anywhere in it, RFC 8617 §4.1.1: without them, without the
/// ";", and off `text`. All of it where there is no ";".
std::string take_info(std::string_view& text) {
  std::string out;
  while (!text.empty() && text.front() != ';') {
    const bool opens = text.front() == '(';
    const std::size_t comment = opens ? message::comment_octets(text) : 0;
    if (opens && comment == 0) break;  // what is not closed is looked at once
    if (!opens) out.push_back(text.front());
    text.remove_prefix(std::max<std::size_t>(comment, 1));
  }
  return without_space(out);
}

/// The instance of a field: "i=3" as its first tag, which all three kinds have.
std::optional<std::size_t> instance_of(const message::Field& field) {
  std::string_view rest = field.value;
  const std::string first = take_info(rest);
  if (!first.starts_with("i=")) {
    // In signatures it may stand anywhere.
    const auto tags = TagList::parse(field.value);
    if (!tags) return std::nullopt;
    const auto found = tags->find("i");
    return found ? parse_number(*found) : std::nullopt;
  }
  return parse_number(std::string_view(first).substr(2));
}

struct FieldKind {
  std::string_view name;
  const message::Field* ArcFields::* place;
};
constexpr std::array kKinds{FieldKind{"ARC-Authentication-Results", &ArcFields::results},
                            FieldKind{"ARC-Message-Signature", &ArcFields::message},
                            FieldKind{"ARC-Seal", &ArcFields::seal}};

}  // namespace

std::vector<ArcFields> collect_arc(const message::Header& header, std::string& wrong) {
  std::vector<ArcFields> out;
  for (const message::Field& field : header.fields()) {
    const auto* kind = std::ranges::find_if(
        kKinds, [&](const FieldKind& each) { return same_ascii(each.name, field.name); });
    if (kind == kKinds.end()) continue;
    const auto instance = instance_of(field);
    if (!instance || *instance == 0 || *instance > kArcSetsMax) {
      wrong = fmt::format("{} has no instance from 1 to {} (i=)", kind->name, kArcSetsMax);
      return {};
    }
    if (out.size() < *instance) out.resize(*instance);
    const message::Field*& place = out[*instance - 1].*(kind->place);
    if (place != nullptr) {
      wrong = fmt::format("there are two {} of instance {}", kind->name, *instance);
      return {};
    }
    place = &field;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const FieldKind& kind : kKinds) {
      if (out[i].*(kind.place) != nullptr) continue;
      wrong = fmt::format("the {} of instance {} is missing", kind.name, i + 1);
      return {};
    }
  }
  return out;
}

Result<ArcSeal> parse_arc_seal(std::string_view value) {
  PH_TRY(const TagList tags, TagList::parse(value));
  ArcSeal out;
  if (tags.find("h")) return fail(Kind::malformed, "h= must not stand in a seal");
  const auto cv = tags.find("cv");
  if (!cv) return fail(Kind::malformed, "cv= is missing");
  out.cv = ascii_lower(*cv);
  if (out.cv != "none" && out.cv != "pass" && out.cv != "fail")
    return fail(Kind::malformed, "cv= is neither none, pass nor fail");
  PH_TRY(out.signature, parse_seal_signature(tags));
  return out;
}

Result<DkimSignature> parse_arc_message_signature(std::string_view value) {
  PH_TRY(DkimSignature out, parse_signature_tags(value, SignatureKind::arc_message));
  if (std::ranges::find(out.fields, "arc-seal") != out.fields.end())
    return fail(Kind::malformed, "h= names ARC-Seal");
  return out;
}

std::string arc_results(std::string_view value) {
  take_info(value);
  return value.starts_with(';') ? message::unfold(value.substr(1)) : std::string();
}

}  // namespace ph::mailauth
