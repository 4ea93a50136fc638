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

std::vector<std::string> fields_to_name(const message::Header& header, const DkimSigning& how) {
  std::vector<std::string> wanted;
  for (const auto& name : how.fields) wanted.push_back(ascii_lower(name));
  if (wanted.empty()) wanted.assign(kRecommended.begin(), kRecommended.end());
  if (std::ranges::find(wanted, "from") == wanted.end()) wanted.insert(wanted.begin(), "from");
  std::vector<std::string> out;
  for (const std::string& name : wanted) {
    const auto there = header.count(name);
    const bool over = how.oversign && std::ranges::find(kOversigned, name) != kOversigned.end();
    for (std::size_t i = 0; i < there + (over ? 1 : 0); ++i) {
      if (out.size() < kDkimSignedFieldsMax) out.push_back(name);
    }
  }
  if (std::ranges::find(out, "from") == out.end()) out.insert(out.begin(), "from");
  return out;
}

/// Appends to a field what fits into lines of 76 octets; it may be folded anywhere.
void put_folded(std::string_view text, std::size_t& column, std::string& out) {
  constexpr std::size_t kColumnsMax = 76;
  while (!text.empty()) {
    if (column >= kColumnsMax) {
      out += "\r\n\t";
      column = 1;
    }
    const auto part = text.substr(0, kColumnsMax - column);
    out += part;
    column += part.size();
    text.remove_prefix(part.size());
  }
}

/// Appends a tag that is never broken inside, "; " before it.
void put_tag(std::string_view tag, std::size_t& column, std::string& out) {
  constexpr std::size_t kColumnsMax = 76;
  out += ';';
  if (column + 2 + tag.size() > kColumnsMax) {
    out += "\r\n\t";
    column = 1;
  } else {
    out += ' ';
    column += 2;
  }
  out += tag;
  column += tag.size();
}

}  // namespace

DkimSigner::DkimSigner(const message::Header& header, DkimSigning how)
    : header_(header),
      how_(std::move(how)),
      body_(how_.body_form, crypto::DigestKind::sha256, std::nullopt) {}

Result<std::string> DkimSigner::finish(const crypto::PrivateKey& key,
                                       std::string_view body_hash) const {
  const auto fields = fields_to_name(header_, how_);
  std::string out = "DKIM-Signature: v=1";
  std::size_t column = out.size();
  const auto put = [&](const std::string& tag) { put_tag(tag, column, out); };
  put(fmt::format("a={}-sha256", key.kind() == crypto::KeyKind::rsa ? "rsa" : "ed25519"));
  put(fmt::format("c={}/{}", to_string(how_.header_form), to_string(how_.body_form)));
  put("d=" + how_.domain);
  put("s=" + how_.selector);
  if (!how_.identity.empty()) put("i=" + how_.identity);
  if (how_.signed_at) put(fmt::format("t={}", *how_.signed_at));
  if (how_.expires) put(fmt::format("x={}", *how_.expires));
  put("h=" + fields.front());
  for (std::size_t i = 1; i < fields.size(); ++i) {
    out += ':';
    ++column;
    if (column + fields[i].size() > 75) {
      out += "\r\n\t";
      column = 1;
    }
    out += fields[i];
    column += fields[i].size();
  }
  put("bh=" + codec::encode_base64(body_hash));
  put("b=");
  const std::string input = signed_header(header_, fields, how_.header_form, out);
  crypto::Digest digest(crypto::DigestKind::sha256);
  digest.update(input);
  PH_TRY(const std::string signature, key.sign(digest.finish()));
  put_folded(codec::encode_base64(signature), column, out);
  return out + "\r\n";
}

}  // namespace ph::mailauth
