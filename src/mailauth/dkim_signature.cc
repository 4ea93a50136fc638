#include "mailauth/dkim_signature.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "codec/base64.h"
#include "codec/idna.h"

namespace ph::mailauth {
namespace {

Result<std::string> octets_of(std::string_view value, Literal what) {
  std::string text = without_space(value);
  // Real signers leave padding out now and then; it carries nothing.
  while (text.size() % 4 != 0) text += '=';
  auto octets = codec::decode_base64(text);
  if (!octets || octets->empty()) return fail(Kind::malformed, what);
  return octets;
}

Result<Done> read_forms(std::string_view value, DkimSignature& into) {
  const auto slash = std::min(value.find('/'), value.size());
  const auto read = [](std::string_view text, Canonical& form) {
    form = text == "relaxed" ? Canonical::relaxed : Canonical::simple;
    return text == "relaxed" || text == "simple";
  };
  const std::string header = without_space(value.substr(0, slash));
  const std::string body =
      slash == value.size() ? "simple" : without_space(value.substr(slash + 1));
  if (!read(header, into.header_form) || !read(body, into.body_form))
    return fail(Kind::malformed, "c= names an unknown canonicalization");
  return Done{};
}

Result<std::optional<std::uint64_t>> number_of(const TagList& tags, std::string_view name,
                                               Literal what) {
  const auto value = tags.find(name);
  if (!value) return std::nullopt;
  const auto number = parse_number(*value);
  if (!number) return fail(Kind::malformed, what);
  return number;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// "From:a@b|Subject:=20x". RFC 6376 §3.5 z=.
void read_copied(std::string_view value, DkimSignature& into) {
  const std::string text = without_space(value);
  std::string_view rest = text;
  while (!rest.empty() && into.copied.size() < kDkimSignedFieldsMax) {
    const auto one = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    into.copied.emplace_back(ascii_lower(one.substr(0, colon)),
                             decode_dkim_quoted(one.substr(colon + 1)));
  }
}

Result<Done> read_identity(const TagList& tags, DkimSignature& into) {
  into.identity = tags.find("i").value_or("");
  if (into.identity.empty()) {
    into.identity = "@" + into.domain;
    return Done{};
  }
  into.identity = decode_dkim_quoted(without_space(into.identity));
  const auto at = into.identity.rfind('@');
  if (at == std::string::npos) return fail(Kind::malformed, "i= has no \"@\"");
  const auto identity_domain = codec::to_ascii_domain(into.identity.substr(at + 1));
  if (!identity_domain ||
      (*identity_domain != into.domain && !identity_domain->ends_with("." + into.domain)))
    return fail(Kind::malformed, "i= is not in the domain of d=");
  return Done{};
}

Result<Done> read_names(const TagList& tags, DkimSignature& into) {
  const auto domain = tags.find("d");
  const auto selector = tags.find("s");
  if (!domain || domain->empty()) return fail(Kind::malformed, "d= is missing");
  if (!selector || selector->empty()) return fail(Kind::malformed, "s= is missing");
  // RFC 8616 §4: both may be written as U-labels.
  auto ascii_domain = codec::to_ascii_domain(without_space(*domain));
  auto ascii_selector = codec::to_ascii_domain(without_space(*selector));
  if (!ascii_domain) return fail(Kind::malformed, "d= is no domain");
  if (!ascii_selector) return fail(Kind::malformed, "s= is no selector");
  into.domain = *std::move(ascii_domain);
  into.selector = *std::move(ascii_selector);
  into.identity = "@" + into.domain;
  return Done{};
}

Result<Done> read_fields(const TagList& tags, DkimSignature& into) {
  const auto names = tags.find("h");
  if (!names || names->empty()) return fail(Kind::malformed, "h= is missing");
  into.fields = split_colons(*names);
  if (into.fields.size() > kDkimSignedFieldsMax)
    return fail(Kind::over_limit, "h= names too many fields");
  for (std::string& name : into.fields) name = ascii_lower(name);
  if (std::ranges::find(into.fields, "") != into.fields.end())
    return fail(Kind::malformed, "h= has an empty name");
  if (std::ranges::find(into.fields, "from") == into.fields.end())
    return fail(Kind::malformed, "h= does not name From");
  return Done{};
}

}  // namespace

bool parse_algorithm(std::string_view text, crypto::KeyKind& kind, crypto::DigestKind& digest) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto key = text.substr(0, dash), hash = text.substr(dash + 1);
  kind = same_ascii(key, "ed25519") ? crypto::KeyKind::ed25519 : crypto::KeyKind::rsa;
  digest = same_ascii(hash, "sha1") ? crypto::DigestKind::sha1 : crypto::DigestKind::sha256;
  const bool key_known = kind == crypto::KeyKind::ed25519 || same_ascii(key, "rsa");
  return key_known &&
         (same_ascii(hash, "sha256") || (same_ascii(hash, "sha1") && kind == crypto::KeyKind::rsa));
}

Result<DkimSignature> parse_dkim_signature(std::string_view value) {
  return parse_signature_tags(value, SignatureKind::dkim);
}

/// What all of them have: a=, b=, d=, s=, t=.
Result<DkimSignature> parse_seal_signature(const TagList& tags) {
  DkimSignature out;
  const auto algorithm = tags.find("a");
  if (!algorithm) return fail(Kind::malformed, "a= is missing");
  out.algorithm = without_space(*algorithm);
  if (!parse_algorithm(out.algorithm, out.kind, out.digest))
    return fail(Kind::malformed, "a= names an unknown algorithm");
  const auto signature = tags.find("b");
  if (!signature) return fail(Kind::malformed, "b= is missing");
  out.b_text = without_space(*signature);
  PH_TRY(out.signature, octets_of(*signature, "b= is not base 64"));
  PH_TRY([[maybe_unused]] const auto names, read_names(tags, out));
  PH_TRY(out.signed_at, number_of(tags, "t", "t= is no number"));
  return out;
}

Result<DkimSignature> parse_signature_tags(std::string_view value, SignatureKind kind) {
  PH_TRY(const TagList tags, TagList::parse(value));
  if (kind == SignatureKind::dkim) {
    const auto version = tags.find("v");
    if (!version) return fail(Kind::malformed, "v= is missing");
    if (*version != "1") return fail(Kind::malformed, "v= is not 1");
  }
  PH_TRY(DkimSignature out, parse_seal_signature(tags));
  const auto body_hash = tags.find("bh");
  if (!body_hash) return fail(Kind::malformed, "bh= is missing");
  PH_TRY(out.body_hash, octets_of(*body_hash, "bh= is not base 64"));
  if (const auto forms = tags.find("c")) {
    PH_TRY([[maybe_unused]] const auto read, read_forms(*forms, out));
  }
  if (kind == SignatureKind::dkim) {
    PH_TRY([[maybe_unused]] const auto identity, read_identity(tags, out));
  }
  PH_TRY([[maybe_unused]] const auto fields, read_fields(tags, out));
  if (const auto query = tags.find("q")) {
    const auto methods = split_colons(*query);
    if (std::ranges::find(methods, "dns/txt") == methods.end())
      return fail(Kind::malformed, "q= does not name dns/txt");
  }
  PH_TRY(out.body_octets, number_of(tags, "l", "l= is no number"));
  PH_TRY(out.expires, number_of(tags, "x", "x= is no number"));
  if (out.signed_at && out.expires && *out.expires <= *out.signed_at)
    return fail(Kind::malformed, "x= is not behind t=");
  if (const auto copied = tags.find("z")) read_copied(*copied, out);
  return out;
}

std::string without_signature(std::string_view raw) {
  // The field's name has no ";" and no "="; so the first "b" tag is found as the tag-list has it.
  std::string out;
  std::size_t at = std::min(raw.find(':') + 1, raw.size());
  out += raw.substr(0, at);
  while (at < raw.size()) {
    const auto end = std::min(raw.find(';', at), raw.size());
    const auto one = raw.substr(at, end - at);
    const auto equals = one.find('=');
    const bool is_b =
        equals != std::string_view::npos && without_space(one.substr(0, equals)) == "b";
    if (is_b) {
      out += one.substr(0, equals + 1);
      // The last tag: what ends the field's last line is no part of the value.
      if (end == raw.size()) {
        auto tail = one;
        if (tail.ends_with("\n")) out += tail.ends_with("\r\n") ? "\r\n" : "\n";
      }
    } else {
      out += one;
    }
    if (end < raw.size()) out += ';';
    at = end + 1;
  }
  return out;
}

std::string decode_dkim_quoted(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace ph::mailauth
