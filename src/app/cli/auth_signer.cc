#include "app/cli/auth_signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "app/cli/input.h"
#include "app/daemon/units.h"
#include "base/ascii.h"
#include "base/ip_text.h"
#include "codec/idna.h"
#include "codec/utf8.h"

namespace ph::cli {
namespace {

/// Octets of a private key's file; one of 8,192 bits has some 6,400.
constexpr std::size_t kKeyFileOctetsMax = 64 << 10;
/// What stands before the "@" of an address, RFC 5321 §4.5.3.1.1.
constexpr std::size_t kLocalPartOctetsMax = 64;
/// So that a line of h= holds it.
constexpr std::size_t kFieldNameOctetsMax = 72;

bool is_let_dig(char c) { return is_alpha(c) || is_digit(c); }

bool is_label(std::string_view label, Underscores underscores) {
  const bool also = underscores == Underscores::taken;
  const auto is_inner = [&](char c) { return is_let_dig(c) || c == '-' || (also && c == '_'); };
  const auto is_outer = [&](char c) { return is_let_dig(c) || (also && c == '_'); };
  return !label.empty() && is_outer(label.front()) && is_outer(label.back()) &&
         std::ranges::all_of(label, is_inner);
}

bool are_labels(std::string_view name, Underscores underscores) {
  for (;;) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot), underscores)) return false;
    if (dot == name.npos) return true;
    name.remove_prefix(dot + 1);
  }
}

/// "" where it cannot be a name; `why` then says what to_ascii_typed_domain() has against it.
std::string name_of(std::string_view typed, Underscores underscores, std::string& why) {
  if (typed.size() > 1 && typed.ends_with('.')) typed.remove_suffix(1);
  // What UTS #46 refuses in ASCII, such as two hyphens in a row, names have that are in use.
  const auto name =
      codec::is_ascii(typed) ? codec::to_ascii_domain(typed) : codec::to_ascii_typed_domain(typed);
  if (!name) {
    why = fmt::format(": {}", name.error().what);
    return {};
  }
  return are_labels(*name, underscores) ? *name : std::string();
}

/// Errors of a key name its file.
Result<crypto::PrivateKey> key_of(const std::string& file) {
  if (file.empty()) return fail(Kind::malformed, "which key? name its file with --key (\"key\")");
  PH_TRY(const std::string pem, read_all(file, kKeyFileOctetsMax));
  auto key = crypto::PrivateKey::from_pem(pem);
  if (!key) {
    Error error = std::move(key).error();
    error.detail = error.detail.empty() ? file : fmt::format("{}: {}", file, error.detail);
    return std::unexpected(std::move(error));
  }
  if (key->kind() == crypto::KeyKind::rsa && key->bits() < mailauth::kDkimRsaBitsMin) {
    return fail(Kind::malformed,
                "the key is too short: RSA keys below 1024 bits prove nothing (RFC 8301 §3.2). "
                "Make one of 2048 (openssl genrsa 2048), and publish it under a new selector",
                fmt::format("{} has {} bits", file, key->bits()));
  }
  return key;
}

Result<mailauth::Canonical> form_of(std::string_view text) {
  if (text == "relaxed") return mailauth::Canonical::relaxed;
  if (text == "simple") return mailauth::Canonical::simple;
  return fail(Kind::malformed,
              "--canonical has a form of the header and one of the body, each "
              "relaxed or simple: write relaxed/simple",
              std::string(text));
}

/// "relaxed/simple"; of one alone the body is simple, as in c=.
Result<Done> put_forms(std::string_view text, mailauth::DkimSigning& how) {
  const auto slash = text.find('/');
  PH_TRY(how.header_form, form_of(text.substr(0, slash)));
  how.body_form = mailauth::Canonical::simple;
  if (slash != text.npos) {
    PH_TRY(how.body_form, form_of(text.substr(slash + 1)));
  }
  return Done{};
}

/// As it stands in i=: what would end the tag is coded. RFC 6376 §2.11.
Result<std::string> identity_of(std::string_view typed, const std::string& domain) {
  const auto at = typed.rfind('@');
  if (at == typed.npos || at > kLocalPartOctetsMax)
    return fail(Kind::malformed,
                "--identity is an address, or \"@\" and a domain: write "
                "someone@example.org",
                std::string(typed));
  PH_TRY(const std::string its, domain_of(std::string(typed.substr(at + 1)), Underscores::refused));
  if (its != domain && !its.ends_with("." + domain))
    return fail(Kind::malformed,
                "--identity must be in the domain that signs, or below it: else "
                "no verifier takes the signature (RFC 6376 §3.5)",
                fmt::format("{} is not in {}", its, domain));
  std::string out;
  for (const char c : typed.substr(0, at)) {
    if (c > ' ' && c <= '~' && c != ';' && c != '=') {
      out += c;
    } else {
      out += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
  }
  return out + "@" + its;
}

/// "from:to:subject", as h= has it.
Result<std::vector<std::string>> field_names(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    const auto colon = text.find(':');
    const auto name = trimmed(text.substr(0, colon));
    const bool is_name =
        !name.empty() && name.size() <= kFieldNameOctetsMax &&
        std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != ';'; });
    if (!is_name)
      return fail(Kind::malformed,
                  "--fields has names of header fields with colons between them: "
                  "write from:to:subject",
                  std::string(name));
    out.emplace_back(name);
    if (colon == text.npos) break;
    text.remove_prefix(colon + 1);
  }
  if (out.size() > mailauth::kDkimSignedFieldsMax)
    return fail(
        Kind::malformed, "--fields names too many",
        fmt::format("{}, and {} are signed at most", out.size(), mailauth::kDkimSignedFieldsMax));
  return out;
}

}  // namespace

Result<std::string> domain_of(const std::string& typed, Underscores underscores) {
  if (typed.empty())
    return fail(Kind::malformed, "which domain? name it with --domain (\"domain\")");
  if (typed.contains('@'))
    return fail(Kind::malformed, "that is an address; name the domain behind its \"@\" alone",
                typed);
  if (parse_ip_text(typed.ends_with('.') ? typed.substr(0, typed.size() - 1) : typed) ||
      typed.front() == '[')
    return fail(Kind::malformed,
                "that is an IP address, and records stand under names: name the "
                "domain",
                typed);
  std::string why;
  std::string name = name_of(typed, underscores, why);
  if (name.empty())
    return fail(Kind::malformed,
                "that cannot be a domain: a domain has labels of letters, digits and hyphens with "
                "full stops between them",
                typed + why);
  return name;
}

Result<std::string> selector_of(const std::string& typed) {
  if (typed.empty())
    return fail(Kind::malformed, "which selector? name it with --selector (\"selector\")");
  std::string why;
  std::string name = name_of(typed, Underscores::refused, why);
  if (name.empty())
    return fail(Kind::malformed,
                "that cannot be a selector, because the key is looked for in the DNS under it: "
                "write labels of letters, digits and hyphens with full stops between them, such "
                "as s1 or 2026.mail",
                typed + why);
  return name;
}

Result<Signer> signer_of(const AuthRequest& request) {
  PH_TRY(auto domain, domain_of(request.domain, Underscores::refused));
  PH_TRY(auto selector, selector_of(request.selector));
  PH_TRY(auto key, key_of(request.key));
  return Signer{std::move(domain), std::move(selector), std::move(key)};
}

std::uint64_t seconds_of(Wall at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms(at), 0) / 1000);
}

Result<mailauth::DkimSigning> signing_of(const AuthRequest& request, const Signer& signer,
                                         Wall now) {
  mailauth::DkimSigning how{.domain = signer.domain,
                            .selector = signer.selector,
                            .oversign = !request.no_oversign,
                            .signed_at = seconds_of(now)};
  if (!request.expires.empty()) {
    const auto after = daemon::parse_duration(request.expires);
    if (!after || *after < std::chrono::seconds(1))
      return fail(
          Kind::malformed, "--expires is a time of a second or more, such as 7d or 12h",
          after ? request.expires : fmt::format("{}: {}", request.expires, after.error().what));
    how.expires = seconds_of(now + *after);
  }
  if (!request.canonical.empty()) {
    PH_TRY([[maybe_unused]] const auto put, put_forms(request.canonical, how));
  }
  if (!request.identity.empty()) {
    PH_TRY(how.identity, identity_of(request.identity, signer.domain));
  }
  if (!request.fields.empty()) {
    PH_TRY(how.fields, field_names(request.fields));
  }
  return how;
}

std::string with_fields(std::string_view message, const message::Header& header,
                        std::string_view fields) {
  const std::size_t at = header.fields().front().offset;
  std::string out;
  out.reserve(message.size() + fields.size());
  out += message.substr(0, at);
  out += fields;
  out += message.substr(at);
  return out;
}

}  // namespace ph::cli
