#include "mailauth/dkim_rewrites.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/ascii.h"

namespace ph::mailauth {
namespace {

/// Words that are taken off one end of Subject.
constexpr std::size_t kWordsOffMax = 6;
/// Fields that may have been added.
constexpr std::size_t kFieldsAddedMax = 12;

/// Where mailing lists and gateways put the author when they take his place.
constexpr std::array<std::string_view, 6> kOldFrom{
    "reply-to",          "x-original-from",        "original-from",
    "x-original-sender", "x-google-original-from", "cc"};
constexpr std::array<std::string_view, 5> kEncodings{"8bit", "7bit", "quoted-printable", "base64",
                                                     "binary"};

/// One field as it may have been.
struct Guess {
  std::size_t place;      // in the signed fields
  std::string canonical;  // "": it was not there
  DkimChange change;
};

/// What is the same for each guess.
struct Signed {
  const message::Header& header;
  const DkimSignature& signature;
  std::vector<const message::Field*> fields;  // in the signature's order
};

std::string canonical(std::string_view name, std::string_view value, Canonical form) {
  std::string out;
  put_canonical_field(fmt::format("{}: {}\r\n", name, value), name.size(), form, out);
  return out;
}

/// Of a field that stands in the header once: of several nobody knows which one is new.
std::optional<std::size_t> place_of(const Signed& in, std::string_view name) {
  if (in.header.count(name) != 1) return std::nullopt;
  const auto found = std::ranges::find(in.fields, in.header.first(name));
  if (found == in.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - in.fields.begin());
}

std::vector<Guess> guess_subject(const Signed& in) {
  const auto place = place_of(in, "subject");
  if (!place) return {};
  const message::Field& field = *in.fields[*place];
  std::string_view value = field.value;
  value = trimmed(value);
  std::vector<Guess> out;
  const auto add = [&](std::string_view before, std::string_view words, std::string_view where) {
    out.push_back({*place,
                   canonical(field.name, before, in.signature.header_form),
                   {"field_rewritten", fmt::format("{} rewritten: \"{}\" was put {} it", field.name,
                                                   on_one_line(words), where)}});
  };
  for (std::size_t at = 0, words = 0; words < kWordsOffMax; ++words) {
    at = value.find_first_of(" \t\r\n", at);
    at = value.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos) break;
    add(value.substr(at), value.substr(0, at), "before");
  }
  for (std::size_t at = value.size(), words = 0; words < kWordsOffMax; ++words) {
    at = value.find_last_of(" \t\r\n", at);
    if (at == std::string_view::npos) break;
    at = value.find_last_not_of(" \t\r\n", at);
    if (at == std::string_view::npos) break;
    add(value.substr(0, at + 1), value.substr(at + 1), "behind");
  }
  // "Re: [list] news" of "Re: news".
  const auto open = value.find(" ["), close = value.find("] ", std::min(open, value.size()));
  if (close != std::string_view::npos)
    add(std::string(value.substr(0, open)).append(value.substr(close + 1)),
        value.substr(open, close + 1 - open), "into");
  return out;
}

std::vector<Guess> guess_from(const Signed& in) {
  const auto place = place_of(in, "from");
  if (!place) return {};
  const message::Field& field = *in.fields[*place];
  std::vector<Guess> out;
  for (const std::string_view name : kOldFrom) {
    const message::Field* const other = in.header.first(name);
    if (other == nullptr) continue;
    out.push_back(
        {*place,
         canonical(field.name, trimmed(other->value), in.signature.header_form),
         {"field_rewritten", fmt::format("{} rewritten: it was \"{}\", which is in {} now",
                                         field.name, on_one_line(other->value), other->name)}});
  }
  return out;
}

std::vector<Guess> guess_encoding(const Signed& in) {
  const auto place = place_of(in, "content-transfer-encoding");
  if (!place) return {};
  const message::Field& field = *in.fields[*place];
  std::vector<Guess> out;
  for (const std::string_view encoding : kEncodings) {
    out.push_back({*place,
                   canonical(field.name, encoding, in.signature.header_form),
                   {"field_rewritten",
                    fmt::format("{} rewritten: it was {}; the body was encoded anew on the way",
                                field.name, encoding)}});
  }
  return out;
}

std::vector<Guess> guess_added(const Signed& in) {
  std::vector<Guess> out;
  for (std::size_t i = 0; i < in.fields.size() && out.size() < kFieldsAddedMax; ++i) {
    const message::Field& field = *in.fields[i];
    if (in.header.count(field.name) != 1 || same_ascii(field.name, "from")) continue;
    out.push_back({i,
                   "",
                   {"field_added", fmt::format("{} was added, and the signature says that there "
                                               "was none",
                                               field.name)}});
  }
  return out;
}

/// Tries them one at a time, then two, then three, each of another group.
class Search {
 public:
  Search(const Signed& in, const message::Field& own, const crypto::PublicKey& key)
      : signature_(in.signature), key_(key) {
    for (const message::Field* field : in.fields) {
      std::string octets;
      put_canonical_field(field->raw, field->name.size(), signature_.header_form, octets);
      fields_.push_back(std::move(octets));
    }
    put_own_field(without_signature(own.raw), signature_.header_form, own_);
    groups_ = {guess_subject(in), guess_from(in), guess_added(in), guess_encoding(in)};
  }

  std::vector<DkimChange> run() {
    std::size_t octets = own_.size();
    for (const std::string& each : fields_) octets += each.size();
    if (octets > kDiagnosedHeaderOctetsMax) return {};
    for (std::size_t at_once = 1; at_once <= 3; ++at_once) {
      if (!choose(groups_, at_once)) continue;
      std::vector<DkimChange> out;
      for (const Guess* each : chosen_) out.push_back(each->change);
      return out;
    }
    return {};
  }

 private:
  bool choose(std::span<const std::vector<Guess>> groups, std::size_t more) {
    if (more == 0) return fits();
    for (; groups.size() >= more; groups = groups.subspan(1)) {
      for (const Guess& each : groups.front()) {
        if (tries_ == kDiagnosedHeadersMax) return false;
        chosen_.push_back(&each);
        if (choose(groups.subspan(1), more - 1)) return true;
        chosen_.pop_back();
      }
    }
    return false;
  }

  bool fits() {
    ++tries_;
    crypto::Digest digest(signature_.digest);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const auto changed = std::ranges::find(chosen_, i, &Guess::place);
      digest.update(changed == chosen_.end() ? fields_[i] : (*changed)->canonical);
    }
    digest.update(own_);
    return key_.verify(signature_.digest, digest.finish(), signature_.signature);
  }

  const DkimSignature& signature_;
  const crypto::PublicKey& key_;
  std::vector<std::string> fields_;  // canonical
  std::string own_;
  std::array<std::vector<Guess>, 4> groups_;
  std::vector<const Guess*> chosen_;
  std::size_t tries_ = 0;
};

}  // namespace

std::vector<DkimChange> diagnose_rewrites(const message::Header& header,
                                          const message::Field& field,
                                          const DkimSignature& signature,
                                          const crypto::PublicKey& key) {
  return Search({header, signature, signed_fields(header, signature.fields, &field)}, field, key)
      .run();
}

}  // namespace ph::mailauth
