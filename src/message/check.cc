#include "message/check.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

#include "base/ascii.h"
#include "codec/charset.h"
#include "message/check_texts.h"
#include "message/content.h"

namespace ph::message {
namespace {

constexpr std::size_t kLineOctets = 998;  // without CRLF; RFC 5322 §2.1.1

/// Fields of which a message has one at most. RFC 5322 §3.6, RFC 2045 §3.
constexpr auto kSingletons = std::to_array<std::string_view>(
    {"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To",
     "References", "Subject", "MIME-Version", "Content-ID", "Content-Description"});

class Checker {
 public:
  explicit Checker(const MimeTree& tree) : tree_(tree) {}

  CheckResult check() {
    check_header();
    for (const MimeFinding& finding : tree_.findings())
      note(kMimeTexts[static_cast<std::size_t>(finding.what)], finding.part, finding.offset, 1);
    check_lines();
    for (std::uint32_t i = 0; i < tree_.parts().size(); ++i)
      if (tree_.parts()[i].children == 0 || tree_.parts()[i].is_encoded_message()) check_body(i);
    std::ranges::sort(out_.findings, {}, [this](const CheckFinding& f) {
      return std::tuple(tree_.parts()[f.part].source, f.offset, f.part, f.id);
    });
    return std::move(out_);
  }

 private:
  struct Place {
    std::uint64_t offset = 0, count = 0;
    void add(std::uint64_t at) {
      if (count++ == 0) offset = at;
    }
  };

  void note(const CheckText& text, std::uint32_t part, std::uint64_t offset, std::uint64_t count) {
    if (count == 0) return;
    if (out_.findings.size() >= kCheckFindingsMax) {
      ++out_.left_out;
      return;
    }
    out_.findings.push_back({text.id, text.rfc, text.what, text.effect, offset, count, part});
  }
  void note(Check what, std::uint32_t part, std::uint64_t offset, std::uint64_t count = 1) {
    note(kCheckTexts[static_cast<std::size_t>(what)], part, offset, count);
  }

  void check_header() {
    const Header& header = tree_.header();
    for (const HeaderFinding& finding : header.findings())
      note(kHeaderTexts[static_cast<std::size_t>(finding.what)], 0, finding.offset, finding.count);
    if (header.first("Date") == nullptr) note(Check::no_date, 0, 0);
    if (header.first("From") == nullptr) note(Check::no_from, 0, 0);
    if (header.first("Message-ID") == nullptr) note(Check::no_message_id, 0, 0);
    const Field* type = header.first("Content-Type");
    if (type == nullptr) type = header.first("Content-Transfer-Encoding");
    if (type != nullptr && header.first("MIME-Version") == nullptr)
      note(Check::no_mime_version, 0, type->offset);
    for (const std::string_view name : kSingletons)
      if (const auto all = header.all(name); all.size() > 1)
        note(Check::field_twice, 0, all[1]->offset, all.size() - 1);
  }

  /// Line ends of the body, and the length of every line.
  void check_lines() {
    const std::string_view octets = tree_.octets();
    const std::uint64_t body = tree_.root().body;
    Place bare_lf, bare_cr, nul, longer;
    for (std::size_t at = 0; at < octets.size();) {
      const std::size_t lf = std::min(octets.find('\n', at), octets.size());
      const bool is_ended = lf < octets.size();
      const std::string_view line = octets.substr(at, lf - at);
      const bool has_cr = line.ends_with('\r');
      if (is_ended && !has_cr && at >= body) bare_lf.add(lf);
      const std::size_t text = line.size() - (is_ended && has_cr ? 1 : 0);
      if (text > kLineOctets) longer.add(at);
      if (at >= body) look_for(line.substr(0, text), at, '\r', bare_cr);
      if (at >= body) look_for(line, at, '\0', nul);
      at = lf + 1;
    }
    note(Check::bare_lf, 0, bare_lf.offset, bare_lf.count);
    note(Check::bare_cr, 0, bare_cr.offset, bare_cr.count);
    note(Check::nul, 0, nul.offset, nul.count);
    note(Check::long_line, 0, longer.offset, longer.count);
  }

  static void look_for(std::string_view line, std::size_t offset, char c, Place& place) {
    for (std::size_t i = line.find(c); i != line.npos; i = line.find(c, i + 1))
      place.add(offset + i);
  }

  void check_body(std::uint32_t index) {
    const MimePart& part = tree_.parts()[index];
    const std::string_view body = tree_.body_of(part);
    const auto high = std::ranges::find_if(body, [](char c) { return c < 0; });
    if (high != body.end() && part.encoding == TransferEncoding::seven_bit)
      note(Check::undeclared_8bit, index,
           part.body + static_cast<std::uint64_t>(high - body.begin()));
    BodyReader reader(tree_, part);
    const bool is_text = part.type == "text";
    codec::CharsetDecoder charset(is_text ? part.charset : "");
    std::string text;
    bool is_high = false;
    for (std::string piece; reader.next(piece); piece.clear()) {
      is_high = is_high || std::ranges::any_of(piece, [](char c) { return c < 0; });
      if (is_text) charset.feed(piece, text);
      text.clear();
    }
    charset.finish(text);
    note_faults(reader.faults(), index);
    if (is_text && is_high) check_charset(charset, index);
  }

  void note_faults(const codec::Faults& faults, std::uint32_t index) {
    if (faults.count() == 0) return;
    const MimePart& part = tree_.parts()[index];
    const Check what = part.encoding == TransferEncoding::base64 ? Check::base64_broken
                       : part.encoding == TransferEncoding::uuencode
                           ? Check::uuencode_broken
                           : Check::quoted_printable_broken;
    note(what, index, part.body + faults.kept().front().offset, faults.count());
  }

  void check_charset(const codec::CharsetDecoder& charset, std::uint32_t index) {
    const MimePart& part = tree_.parts()[index];
    const bool is_known = !codec::canonical_charset(part.charset).empty();
    if (part.charset.empty()) return note(Check::no_charset, index, part.header);
    if (!is_known) return note(Check::charset_unknown, index, part.header);
    if (charset.faults().count() > 0)
      note(Check::charset_broken, index, part.body, charset.faults().count());
  }

  const MimeTree& tree_;
  CheckResult out_;
};

}  // namespace

CheckResult check_message(const MimeTree& tree) { return Checker(tree).check(); }

std::string_view id_of(MimeOddity oddity) {
  return kMimeTexts[static_cast<std::size_t>(oddity)].id;
}
std::string_view id_of(HeaderOddity oddity) {
  return kHeaderTexts[static_cast<std::size_t>(oddity)].id;
}

}  // namespace ph::message
