#include "app/cli/auth_signer.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli/input.h"
#include "base/ascii.h"
#include "base/ip_text.h"
#include "codec/idna.h"
#include "codec/utf8.h"
#include "mailauth/dkim.h"

namespace ph::cli {
namespace {

/// Octets of a private key's file; one of 8,192 bits has some 6,400.
constexpr std::size_t kKeyFileOctetsMax = 64 << 10;

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
