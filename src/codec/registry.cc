#include "codec/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "codec/base64.h"
#include "codec/binhex.h"
#include "codec/charset.h"
#include "codec/encoded_word.h"
#include "codec/flowed.h"
#include "codec/hex_escape.h"
#include "codec/idna.h"
#include "codec/parameter.h"
#include "codec/quoted_printable.h"
#include "codec/run_stream.h"
#include "codec/utf7.h"
#include "codec/utf8.h"
#include "codec/uuencode.h"
#include "codec/yenc.h"

namespace ph::codec {
namespace {

using Options = CodingOptions;
using Made = std::unique_ptr<Stream>;

constexpr std::string_view kCharsetPrefix = "charset:";

/// A coding of texts that are seen as a whole. A line end behind the text is not part of it.
class WholeText final : public RunStream {
 public:
  using Work = Result<std::string> (*)(std::string_view text, const Options& options);
  WholeText(Work work, Options options) : work_(work), options_(std::move(options)) {}

 private:
  void start() override { held_.clear(); }
  void take(std::string_view octets, std::string&) override {
    held_ += octets.substr(0, kHeldInputOctetsMax - std::min(held_.size(), kHeldInputOctetsMax));
  }
  void end(std::string& out) override {
    if (offset() > kHeldInputOctetsMax) {
      fault(kHeldInputOctetsMax, "the text is longer than this coding takes");
      return;
    }
    std::string_view text = held_;
    std::string_view line_end;
    if (text.ends_with('\n')) {
      line_end = text.substr(text.size() - (text.ends_with("\r\n") ? 2 : 1));
      text.remove_suffix(line_end.size());
    }
    auto made = work_(text, options_);
    if (made) {
      out += *made;
    } else {
      out += text;
      fault_list().add(Fault{0, made.error().what});
    }
    out += line_end;
  }

  Work work_;
  Options options_;
  std::string held_;
};

template <WholeText::Work work>
Made whole(const Options& options) {
  return std::make_unique<WholeText>(work, options);
}

Result<std::string> to_ascii(std::string_view text, const Options&) {
  return to_ascii_typed_domain(text);
}
Result<std::string> to_unicode(std::string_view text, const Options&) {
  return to_unicode_typed_domain(text);
}
Result<std::string> to_punycode(std::string_view text, const Options&) {
  std::u32string points;
  while (!text.empty()) {
    const Utf8Head head = utf8_head(text);
    if (head.is != Utf8Head::Is::character) return fail(Kind::malformed, "the text is no UTF-8");
    points += head.point;
    text.remove_prefix(head.octets);
  }
  return encode_punycode(points);
}
Result<std::string> from_punycode(std::string_view text, const Options&) {
  PH_TRY(const std::u32string points, decode_punycode(text));
  std::string out;
  for (const char32_t point : points) append_utf8(point, out);
  return out;
}
/// RFC 2045 §5.1, without what RFC 2231 §7 takes away.
bool is_parameter_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("()<>@,;:\\\"/[]?=*'%").contains(c);
  });
}

Result<std::string> to_parameter(std::string_view text, const Options& options) {
  if (!is_parameter_name(options.name))
    return fail(Kind::malformed, "no parameter can have this name");
  std::string out;
  for (const auto& piece :
       encode_parameter(options.name.empty() ? "filename" : std::string_view(options.name), text))
    out += (out.empty() ? "" : ";\r\n ") + piece;
  return out;
}
/// Octets before the next ";" that is not in quotes.
std::size_t parameter_octets(std::string_view text) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_quoted = !is_quoted;
    if (text[i] == ';' && !is_quoted) return i;
    if (text[i] == '\\' && is_quoted) ++i;
  }
  return text.size();
}

/// What a quoted string says. RFC 5322 §3.2.4.
std::string without_quotes(std::string_view quoted) {
  std::string out;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 2 < quoted.size()) ++i;
    out += quoted[i];
  }
  return out;
}

/// "name*0*=utf-8''a%20; name*1=b", with or without a name: "utf-8''a%20b".
Result<std::string> from_parameter(std::string_view text, const Options& options) {
  std::vector<RawParameter> raw;
  std::deque<std::string> unquoted;  // values that had quotes, which `raw` aliases
  const bool named = text.find('=') != std::string_view::npos &&
                     text.find('=') < std::min(text.find('\''), text.size());
  if (!named) raw.push_back({"value*", text});
  while (named && !text.empty()) {
    const auto one = text.substr(0, parameter_octets(text));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    const auto equals = one.find('=');
    if (equals == std::string_view::npos) continue;
    const auto stripped = [](std::string_view word) {
      const auto from = word.find_first_not_of(" \t\r\n");
      if (from == std::string_view::npos) return std::string_view();
      return word.substr(from, word.find_last_not_of(" \t\r\n") - from + 1);
    };
    auto value = stripped(one.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = unquoted.emplace_back(without_quotes(value));
    raw.push_back({stripped(one.substr(0, equals)), value});
  }
  const auto joined = join_parameters(raw);
  if (joined.empty()) return fail(Kind::malformed, "no parameter");
  const auto* found = &joined.front();
  for (const auto& each : joined)
    if (!options.name.empty() && same_ascii(each.name, options.name)) found = &each;
  if (found->is_faulty) return fail(Kind::malformed, "not a parameter of RFC 2231");
  return found->value;
}

constexpr auto kCodings = std::to_array<Coding>({
    {"base64", "base-64 b64", "octets as lines of 76 letters, digits, + and /", "RFC 2045 §6.8",
     [](const Options&) -> Made { return std::make_unique<Base64Encoder>(); },
     [](const Options&) -> Made { return std::make_unique<Base64Decoder>(); }},
    {"binhex", "binhex4 hqx mac-binhex40",
     "a Macintosh file, both its forks, as lines of characters", "RFC 1741 appendix A",
     [](const Options& options) -> Made {
       return std::make_unique<BinHexEncoder>(BinHexFile{.name = options.name});
     },
     [](const Options& options) -> Made {
       return std::make_unique<BinHexDecoder>(options.resource_fork ? BinHexFork::resource
                                                                    : BinHexFork::data);
     }},
    {"flowed", "format=flowed format-flowed", "paragraphs as lines that say where they go on",
     "RFC 3676",
     [](const Options& options) -> Made { return std::make_unique<FlowedEncoder>(options.delsp); },
     [](const Options& options) -> Made { return std::make_unique<FlowedDecoder>(options.delsp); }},
    {"idna", "uts46 domain", "domain names that people type as names that the DNS knows",
     "RFC 5891", whole<to_ascii>, whole<to_unicode>},
    {"percent", "url uri", "octets as %XX", "RFC 3986 §2.1",
     [](const Options&) -> Made { return std::make_unique<HexEscapeEncoder>(HexEscape::percent); },
     [](const Options&) -> Made { return std::make_unique<HexEscapeDecoder>(HexEscape::percent); }},
    {"punycode", "", "one label of a domain name, without its \"xn--\"", "RFC 3492",
     whole<to_punycode>, whole<from_punycode>},
    {"quoted-printable", "qp quotedprintable", "octets as lines of text that stay readable",
     "RFC 2045 §6.7",
     [](const Options&) -> Made {
       return std::make_unique<QuotedPrintableEncoder>(QuotedPrintable::text);
     },
     [](const Options&) -> Made { return std::make_unique<QuotedPrintableDecoder>(); }},
    {"quoted-printable-binary", "qp-binary", "the same, with line ends as octets like others",
     "RFC 2045 §6.7",
     [](const Options&) -> Made {
       return std::make_unique<QuotedPrintableEncoder>(QuotedPrintable::binary);
     },
     [](const Options&) -> Made { return std::make_unique<QuotedPrintableDecoder>(); }},
    {"rfc2047", "encoded-word encoded-words mime-header",
     "text of header fields as =?charset?B?...?=", "RFC 2047",
     [](const Options&) -> Made { return std::make_unique<EncodedWordEncoder>(); },
     [](const Options&) -> Made { return std::make_unique<EncodedWordDecoder>(); }},
    {"rfc2231", "parameter", "a parameter's value, with charset, in pieces that fit lines",
     "RFC 2231", whole<to_parameter>, whole<from_parameter>},
    {"utf7", "utf-7", "Unicode in 7 bits", "RFC 2152",
     [](const Options&) -> Made { return std::make_unique<Utf7Encoder>(Utf7::text); },
     [](const Options&) -> Made { return std::make_unique<Utf7Decoder>(Utf7::text); }},
    {"utf7-imap", "imap-utf7 imap-utf-7 modified-utf7 modified-utf-7 mutf7",
     "names of IMAP mailboxes in 7 bits", "RFC 3501 §5.1.3",
     [](const Options&) -> Made { return std::make_unique<Utf7Encoder>(Utf7::mailbox); },
     [](const Options&) -> Made { return std::make_unique<Utf7Decoder>(Utf7::mailbox); }},
    {"uuencode", "uu x-uuencode uue x-uue", "a file as lines between \"begin\" and \"end\"",
     "POSIX.1-2017",
     [](const Options& options) -> Made {
       return std::make_unique<UuEncoder>(UuFile{.name = options.name});
     },
     [](const Options&) -> Made { return std::make_unique<UuDecoder>(); }},
    {"xtext", "", "text inside SMTP parameters", "RFC 3461 §4",
     [](const Options&) -> Made { return std::make_unique<HexEscapeEncoder>(HexEscape::xtext); },
     [](const Options&) -> Made { return std::make_unique<HexEscapeDecoder>(HexEscape::xtext); }},
    {"yenc", "x-yenc ync", "a file, or a part of one, nearly octet for octet", "yEnc 1.3",
     [](const Options& options) -> Made {
       return std::make_unique<YencEncoder>(YencPart{.name = options.name});
     },
     [](const Options&) -> Made { return std::make_unique<YencDecoder>(); }},
});
static_assert(std::ranges::is_sorted(kCodings, {}, &Coding::name));

bool is_alias(std::string_view aliases, std::string_view name) {
  while (!aliases.empty()) {
    const auto one = aliases.substr(0, aliases.find(' '));
    if (same_ascii(one, name)) return true;
    aliases.remove_prefix(std::min(one.size() + 1, aliases.size()));
  }
  return false;
}

Result<const Coding*> find(std::string_view name) {
  for (const Coding& coding : kCodings)
    if (same_ascii(coding.name, name) || is_alias(coding.aliases, name)) return &coding;
  std::string all;
  for (const Coding& coding : kCodings) all += (all.empty() ? "" : ", ") + std::string(coding.name);
  return fail(Kind::not_found, "no coding has this name",
              fmt::format("{}; there are {}, and charset:NAME", name.substr(0, 64), all));
}

/// "gb18030" of "charset:gb18030", as it stands there: what is written is what the name says, not
/// what it is read as. not_found, where nobody knows it.
Result<std::string_view> charset_of(std::string_view name) {
  const std::string_view charset = name.substr(kCharsetPrefix.size());
  if (!canonical_charset(charset).empty()) return charset;
  return fail(Kind::not_found, "no charset has this name",
              std::string(name.substr(kCharsetPrefix.size(), 64)));
}

bool is_charset(std::string_view name) {
  return same_ascii(name.substr(0, kCharsetPrefix.size()), kCharsetPrefix);
}

}  // namespace

std::span<const Coding> codings() { return kCodings; }

Result<Made> make_encoder(std::string_view name, const Options& options) {
  if (is_charset(name)) {
    PH_TRY(const auto charset, charset_of(name));
    return std::make_unique<CharsetEncoder>(charset);
  }
  PH_TRY(const Coding* coding, find(name));
  return coding->encoder(options);
}

Result<Made> make_decoder(std::string_view name, const Options& options) {
  if (is_charset(name)) {
    PH_TRY(const auto charset, charset_of(name));
    return std::make_unique<CharsetDecoder>(charset);
  }
  PH_TRY(const Coding* coding, find(name));
  return coding->decoder(options);
}

}  // namespace ph::codec
