#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "codec/base64.h"
#include "mailauth/dkim.h"

namespace ph::mailauth {
namespace {

/// RFC 6376 §5.4.1, and what came since that says what a message is.
constexpr std::array<std::string_view, 20> kRecommended{"from",
                                                        "reply-to",
                                                        "subject",
                                                        "date",
                                                        "to",
                                                        "cc",
                                                        "message-id",
                                                        "in-reply-to",
                                                        "references",
                                                        "mime-version",
                                                        "content-type",
                                                        "content-transfer-encoding",
                                                        "resent-from",
                                                        "resent-to",
                                                        "resent-cc",
                                                        "resent-date",
                                                        "list-id",
                                                        "list-unsubscribe",
                                                        "list-unsubscribe-post",
                                                        "list-post"};
/// Of these none may be added behind our back; others, such as Resent-From, are added by right.
constexpr std::array<std::string_view, 11> kOversigned{
    "from",       "reply-to",    "subject",    "date",         "to",          "cc",
    "message-id", "in-reply-to", "references", "mime-version", "content-type"};

constexpr std::size_t kColumnsMax = 76;

/// What would end the tag, or the field, stands in no name. Stricter is who takes names from
/// people.
bool is_plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

std::vector<std::string> fields_to_sign(const message::Header& header, const DkimSigning& how) {
  std::vector<std::string> wanted;
  for (const auto& each : how.fields) {
    std::string name = ascii_lower(each);
    if (std::ranges::find(wanted, name) == wanted.end()) wanted.push_back(std::move(name));
  }
  const bool chosen = !wanted.empty();
  if (wanted.empty()) wanted.assign(kRecommended.begin(), kRecommended.end());
  if (std::ranges::find(wanted, "from") == wanted.end()) wanted.insert(wanted.begin(), "from");
  std::vector<std::string> out;
  for (const std::string& name : wanted) {
    const auto there = header.count(name);
    // Those that nobody chose may have been left out for who adds them on the way, as lists do.
    const bool over =
        how.oversign && (chosen || std::ranges::find(kOversigned, name) != kOversigned.end());
    for (std::size_t i = 0; i < there + (over ? 1 : 0); ++i) {
      if (out.size() < kDkimSignedFieldsMax) out.push_back(name);
    }
  }
  if (std::ranges::find(out, "from") == out.end()) out.insert(out.begin(), "from");
  return out;
}

void SignatureField::tag(std::string_view tag) {
  if (has_tag_) text_ += ';';
  has_tag_ = true;
  if (column_ + 2 + tag.size() > kColumnsMax) {
    text_ += "\r\n\t";
    column_ = 1;
  } else {
    text_ += ' ';
    column_ += 2;
  }
  text_ += tag;
  column_ += tag.size();
}

void SignatureField::names(const std::vector<std::string>& names) {
  tag("h=" + names.front());
  for (std::size_t i = 1; i < names.size(); ++i) {
    text_ += ':';
    ++column_;
    if (column_ + names[i].size() >= kColumnsMax) {
      text_ += "\r\n\t";
      column_ = 1;
    }
    text_ += names[i];
    column_ += names[i].size();
  }
}

void SignatureField::folded(std::string_view text) {
  while (!text.empty()) {
    if (column_ >= kColumnsMax) {
      text_ += "\r\n\t";
      column_ = 1;
    }
    const auto part = text.substr(0, kColumnsMax - column_);
    text_ += part;
    column_ += part.size();
    text.remove_prefix(part.size());
  }
}

Result<std::string> sign_dkim(const message::Header& header, const DkimSigning& how,
                              const crypto::PrivateKey& key, std::string_view body_hash) {
  if (!is_plain_name(how.domain)) return fail(Kind::malformed, "d= would be no domain", how.domain);
  if (!is_plain_name(how.selector))
    return fail(Kind::malformed, "s= would be no selector", how.selector);
  const auto fields = fields_to_sign(header, how);
  SignatureField out("DKIM-Signature:");
  out.tag("v=1");
  out.tag(fmt::format("a={}-sha256", key.kind() == crypto::KeyKind::rsa ? "rsa" : "ed25519"));
  out.tag(fmt::format("c={}/{}", to_string(how.header_form), to_string(how.body_form)));
  out.tag("d=" + how.domain);
  out.tag("s=" + how.selector);
  if (!how.identity.empty()) out.tag("i=" + how.identity);
  if (how.signed_at) out.tag(fmt::format("t={}", *how.signed_at));
  if (how.expires) out.tag(fmt::format("x={}", *how.expires));
  out.names(fields);
  out.tag("bh=" + codec::encode_base64(body_hash));
  out.tag("b=");
  crypto::Digest digest(crypto::DigestKind::sha256);
  digest.update(signed_header(header, fields, how.header_form, out.text()));
  PH_TRY(const std::string signature, key.sign(digest.finish()));
  out.folded(codec::encode_base64(signature));
  return out.text() + "\r\n";
}

}  // namespace ph::mailauth
