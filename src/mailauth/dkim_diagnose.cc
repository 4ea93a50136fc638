#include "mailauth/dkim_diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"

namespace ph::mailauth {
namespace {

std::string digest_of(std::string_view body, Canonical form, const DkimSignature& signature,
                      std::optional<std::uint64_t> limit) {
  BodyDigest digest(form, signature.digest, limit);
  digest.update(body);
  return digest.finish();
}

/// The whole canonical form is made once; each end costs what follows it to the digest alone.
/// A body that was signed ends with exactly one line end in it (RFC 6376 §3.4.3), so it is a prefix
/// of ours up to one of our line ends.
std::optional<std::size_t> signed_lines(std::string_view body, const DkimSignature& signature) {
  std::vector<std::size_t> ends;  // behind each line end
  for (auto at = body.find("\r\n"); at != std::string_view::npos; at = body.find("\r\n", at + 2))
    ends.push_back(at + 2);
  const std::size_t first = ends.size() > kDiagnosedEndsMax ? ends.size() - kDiagnosedEndsMax : 0;
  // A canonical line at a time: relaxed changes octets inside of lines only, and empty lines count
  // once something follows them.
  crypto::Digest digest(signature.digest);
  std::size_t from = 0, empty = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    std::string line(body.substr(from, ends[i] - from - 2));
    from = ends[i];
    if (signature.body_form == Canonical::relaxed) {
      std::string squeezed;
      for (const char c : line) {
        const bool blank = c == ' ' || c == '\t';
        if (!blank) {
          squeezed += c;
        } else if (!squeezed.ends_with(' ')) {
          squeezed += ' ';
        }
      }
      if (squeezed.ends_with(' ')) squeezed.pop_back();
      line = std::move(squeezed);
    }
    if (line.empty()) {
      ++empty;
      continue;
    }
    for (; empty > 0; --empty) digest.update("\r\n");
    digest.update(line);
    digest.update("\r\n");
    if (i >= first && digest.peek("") == signature.body_hash) return i + 1;
  }
  return std::nullopt;
}

/// Whether the relaxed form takes more from it than blanks at ends of lines, which are what servers
/// add and take.
bool has_blanks_to_squeeze(std::string_view body) {
  while (!body.empty()) {
    auto line = body.substr(0, body.find("\r\n"));
    body.remove_prefix(std::min(line.size() + 2, body.size()));
    line = line.substr(0, line.find_last_not_of(" \t") + 1);
    for (std::size_t i = 0; i < line.size(); ++i)
      if (line[i] == '\t' || (line[i] == ' ' && i + 1 < line.size() && line[i + 1] == ' '))
        return true;
  }
  return false;
}

/// Of a signature that says simple and fits in the relaxed form. Which of the two ways led there
/// the digest does not tell; but nobody puts blanks between words.
DkimChange change_of_blanks(std::string_view body) {
  if (has_blanks_to_squeeze(body))
    return {
        "body_form",
        "the body was signed in the relaxed form, and the signature says simple; or white space "
        "inside of its lines was changed on the way"};
  return {"body_spaced",
          "only white space at ends of lines was changed in the body on the way: signed with "
          "c=relaxed it would have passed"};
}

void diagnose_body(std::string_view body, const DkimSignature& signature,
                   std::vector<DkimChange>& out) {
  if (body.size() > kDiagnosedBodyOctetsMax) return;
  if (digest_of(body, signature.body_form, signature, signature.body_octets) == signature.body_hash)
    return;
  if (signature.body_form == Canonical::simple &&
      digest_of(body, Canonical::relaxed, signature, signature.body_octets) ==
          signature.body_hash) {
    out.push_back(change_of_blanks(body));
    return;
  }
  if (signature.body_octets) return;
  if (const auto lines = signed_lines(body, signature)) {
    const auto rest = static_cast<std::size_t>(std::ranges::count(body, '\n')) - *lines;
    out.push_back(
        {"body_added", fmt::format("body altered after line {}: {} lines were added behind it, as "
                                   "mailing lists and virus scanners do",
                                   *lines, rest)});
    return;
  }
  if (digest_of("", signature.body_form, signature, std::nullopt) == signature.body_hash)
    out.push_back({"body_added", "the signed body was empty: all of it was added"});
}

/// "[list] Subject" of "Subject".
bool is_tagged(std::string_view now, std::string_view before) {
  return now.size() > before.size() && now.ends_with(before) && now.find('[') < now.find(']') &&
         now.find(']') != std::string_view::npos;
}

/// z= has the values as they were: RFC 6376 §3.5 has it for just this.
void diagnose_copies(const message::Header& header, const DkimSignature& signature,
                     std::vector<DkimChange>& out) {
  for (const auto& [name, value] : signature.copied) {
    if (name.empty()) continue;  // "|||:=ZZ" names nothing
    const auto fields = header.all(ascii_lower(name));
    if (fields.empty()) {
      out.push_back({"field_missing", fmt::format("{} was removed", name)});
      continue;
    }
    const std::string before = on_one_line(value);
    const auto same = std::ranges::find_if(
        fields, [&](const message::Field* field) { return on_one_line(field->value) == before; });
    if (same != fields.end()) {
      // z= has folds as spaces or not at all, so that only runs and ends of them can be compared.
      if (signature.header_form == Canonical::simple &&
          message::unfold((*same)->value) != message::unfold(value))
        out.push_back({"field_spaced",
                       fmt::format("of {} only the white space was changed: signed with c=relaxed "
                                   "it would have passed",
                                   name)});
      continue;
    }
    const std::string now = on_one_line(fields.back()->value);
    out.push_back({"field_rewritten",
                   is_tagged(now, before)
                       ? fmt::format("{} rewritten: a tag was put before \"{}\"", name, before)
                       : fmt::format("{} rewritten: it was \"{}\"", name, before)});
  }
}

}  // namespace

std::string on_one_line(std::string_view value) {
  std::string out;
  for (const char c : message::unfold(value)) {
    if (c != ' ' && c != '\t') {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return std::string(trimmed(out));
}

std::vector<DkimChange> diagnose_dkim(const message::Header& header, std::string_view body,
                                      const DkimSignature& signature) {
  std::vector<DkimChange> out;
  diagnose_body(body, signature, out);
  diagnose_copies(header, signature, out);
  return out;
}

}  // namespace ph::mailauth
