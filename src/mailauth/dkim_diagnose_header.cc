#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "mailauth/dkim_diagnose.h"
#include "mailauth/dkim_rewrites.h"

namespace ph::mailauth {
namespace {

/// White space that servers change: what a signer may have had in the place of what came.
enum class Spacing : std::uint8_t { unfolded, tab_folds, space_folds, one_blank, no_blank };
constexpr std::array kSpacings{
    std::pair{Spacing::unfolded, "its lines were folded"},
    std::pair{Spacing::tab_folds, "the tabs of its folds became spaces"},
    std::pair{Spacing::space_folds, "the spaces of its folds became tabs"},
    std::pair{Spacing::one_blank, "the blanks behind the colons were changed"},
    std::pair{Spacing::no_blank, "blanks were put behind the colons"},
};
enum class Scope : std::uint8_t { all, own, others };  // the signature's own field, or the others
constexpr std::array kScopes{std::pair{Scope::all, "of the header"},
                             std::pair{Scope::own, "of the signature field itself"},
                             std::pair{Scope::others, "of the signed fields"}};

std::string with_folds(std::string_view value, std::string_view instead) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool folds =
        value.substr(i, 2) == "\r\n" && i + 2 < value.size() && is_space(value[i + 2]);
    if (folds) {
      out += instead;
      i += 2;
    } else {
      out += value[i];
    }
  }
  return out;
}

/// A field as it may have been.
std::string respaced(const message::Field& field, Spacing spacing) {
  const auto colon = field.raw.find(':', field.name.size());
  std::string_view value = field.raw.substr(colon + 1);
  const std::string_view end = value.ends_with("\r\n") ? "\r\n" : "";
  value.remove_suffix(end.size());
  std::string out(field.raw.substr(0, colon + 1));
  const std::string_view bare =
      value.substr(std::min(value.find_first_not_of(" \t"), value.size()));
  switch (spacing) {
    case Spacing::unfolded: out += with_folds(value, " "); break;
    case Spacing::tab_folds: out += with_folds(value, "\r\n\t"); break;
    case Spacing::space_folds: out += with_folds(value, "\r\n "); break;
    case Spacing::one_blank: out.append(" ").append(bare); break;
    case Spacing::no_blank: out += bare; break;
  }
  return out.append(end);
}

class Tries {
 public:
  Tries(const message::Header& header, const message::Field& field, const DkimSignature& signature,
        const crypto::PublicKey& key)
      : header_(header), field_(field), signature_(signature), key_(key) {}

  bool fits(const message::Header& header, const message::Field& own, Canonical form) const {
    crypto::Digest digest(signature_.digest);
    digest.update(signed_header(header, signature_.fields, form, without_signature(own.raw), &own));
    return key_.verify(signature_.digest, digest.finish(), signature_.signature);
  }
  bool fits(Canonical form) const { return fits(header_, field_, form); }
  bool fits(Spacing spacing, Scope scope) const {
    std::string octets;
    for (const message::Field& each : header_.fields()) {
      const bool own = &each == &field_;
      const bool in = scope == Scope::all || (scope == Scope::own) == own;
      octets += in ? respaced(each, spacing) : std::string(each.raw);
    }
    const message::Header changed = message::parse_header(octets);
    const auto index = static_cast<std::size_t>(&field_ - header_.fields().data());
    return changed.fields().size() == header_.fields().size() &&
           fits(changed, changed.fields()[index], Canonical::simple);
  }

 private:
  const message::Header& header_;
  const message::Field& field_;
  const DkimSignature& signature_;
  const crypto::PublicKey& key_;
};

std::vector<DkimChange> diagnose_white_space(const Tries& tries) {
  if (tries.fits(Canonical::relaxed))
    return {{"header_form",
             "the header was signed in the relaxed form, and the signature says simple"}};
  for (const auto& [spacing, what] : kSpacings) {
    for (const auto& [scope, where] : kScopes) {
      if (!tries.fits(spacing, scope)) continue;
      return {{"header_spaced",
               fmt::format("only white space {} was changed ({}): signed with c=relaxed it would "
                           "have passed",
                           where, what)}};
    }
  }
  return {};
}

/// A trace that lists leave, where nothing can be proved.
std::vector<DkimChange> suspect_list(const message::Header& header, const message::Field& field,
                                     const DkimSignature& signature) {
  const message::Field* subject = header.last("subject");
  const bool is_signed = std::ranges::find(signature.fields, "subject") != signature.fields.end();
  if (subject == nullptr || !is_signed || header.count("list-id") == 0 ||
      subject->offset < field.offset || !on_one_line(subject->value).starts_with('['))
    return {};
  return {{"field_rewritten",
           "Subject begins with a tag, and the message came by a list: the list may have put it "
           "there"}};
}

}  // namespace

std::vector<DkimChange> diagnose_header(const message::Header& header, const message::Field& field,
                                        const DkimSignature& signature,
                                        std::string_view key_record) {
  const PublishedKey published = read_published_key(key_record);
  if (!published.key || !*published.key) return {};
  const crypto::PublicKey& key = **published.key;
  std::vector<DkimChange> out;
  if (signature.header_form == Canonical::simple)
    out = diagnose_white_space({header, field, signature, key});
  if (out.empty()) out = diagnose_rewrites(header, field, signature, key);
  if (out.empty() && signature.copied.empty()) out = suspect_list(header, field, signature);
  return out;
}

}  // namespace ph::mailauth
