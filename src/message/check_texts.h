// How each breach is told: one row of text a kind.
#pragma once

#include <array>
#include <string_view>

namespace ph::message {

struct CheckText {
  std::string_view id, rfc, what, effect;
};

/// In the order of HeaderOddity.
inline constexpr auto kHeaderTexts = std::to_array<CheckText>({
    {"mbox-from", "RFC 5322 §2.2", "a \"From \" line stands on top",
     "a mailbox file's divider was left in; some readers take it for the end of the header"},
    {"begins-folded", "RFC 5322 §2.2.3", "the header begins with a continuation line",
     "it belongs to no field and is passed over"},
    {"no-colon", "RFC 5322 §2.2", "a line in the header is no field",
     "the header ends there: the fields behind it are text"},
    {"no-empty-line", "RFC 5322 §2.1", "the message ends inside its header", "there is no body"},
    {"header-bare-cr", "RFC 5322 §2.2", "CR without LF in the header",
     "some servers end a line there, so fields can be hidden or made up"},
    {"header-bare-lf", "RFC 5322 §2.2", "LF without CR in the header",
     "servers refuse it, or repair it, which breaks signatures"},
    {"header-nul", "RFC 5322 §2.2", "NUL in the header",
     "many programs end the field, or the message, there"},
    {"header-8bit", "RFC 6532 §3.2", "octets above 127 in the header",
     "servers without SMTPUTF8 refuse it or change it; readers guess the charset"},
    {"too-many-fields", "RFC 5322 §3.6", "more fields than are looked at",
     "the rest is passed over"},
    {"header-too-long", "RFC 5322 §2.1", "a larger header than is looked at",
     "the rest is passed over; most servers refuse it"},
});

/// In the order of MimeOddity.
inline constexpr auto kMimeTexts = std::to_array<CheckText>({
    {"no-boundary", "RFC 2046 §5.1.1", "a multipart without a boundary",
     "its parts cannot be told apart: it is read as one body"},
    {"boundary-unused", "RFC 2046 §5.1.1", "a multipart whose boundary never comes",
     "it has no parts; all of it is text that readers do not show"},
    {"no-final-boundary", "RFC 2046 §5.1.1", "a multipart without its final boundary",
     "the message was cut off, or what follows is read as part of the last part"},
    {"behind-final", "RFC 2046 §5.1.1", "a boundary behind the final one",
     "most readers do not show what follows, scanners may not look at it"},
    {"boundary-twice", "RFC 2046 §5.1.2", "a multipart with the boundary of one around it",
     "readers differ on where it ends"},
    {"encoded-multipart", "RFC 2045 §6.4", "a multipart with base64 or quoted-printable",
     "it is read as if it were not encoded; some readers decode it, and see something else"},
    {"encoded-message", "RFC 2046 §5.2.1", "a message with base64 or quoted-printable",
     "some readers look inside, others show a file or what is encoded"},
    {"type-unreadable", "RFC 2045 §5.2", "a Content-Type that makes no sense",
     "the part is read as plain text"},
    {"type-twice", "RFC 5322 §3.6", "more than one Content-Type", "readers differ on which counts"},
    {"encoding-unknown", "RFC 2045 §6.4", "a Content-Transfer-Encoding that nobody knows",
     "the body is octets of an unknown kind"},
    {"encoding-twice", "RFC 5322 §3.6", "more than one Content-Transfer-Encoding",
     "readers differ on which counts"},
    {"header-without-end", "RFC 2046 §5.1", "a part's header ends without an empty line",
     "readers differ on where its body begins"},
    {"too-deep", "RFC 2046 §5.1.2", "more parts inside each other than are looked into",
     "what lies deeper is read as one body"},
    {"too-many-parts", "RFC 2046 §5.1", "more parts than are listed", "the rest is passed over"},
});

enum class Check : unsigned char {
  no_date,
  no_from,
  no_message_id,
  no_mime_version,
  field_twice,
  bare_cr,
  bare_lf,
  nul,
  long_line,
  undeclared_8bit,
  no_charset,
  charset_unknown,
  charset_broken,
  base64_broken,
  quoted_printable_broken,
  uuencode_broken,
};

/// In the order of Check.
inline constexpr auto kCheckTexts = std::to_array<CheckText>({
    {"no-date", "RFC 5322 §3.6.1", "no Date", "readers sort it by when it came, spam filters mind"},
    {"no-from", "RFC 5322 §3.6.2", "no From", "it has no author; DMARC fails, many refuse it"},
    {"no-message-id", "RFC 5322 §3.6.4", "no Message-ID",
     "answers cannot refer to it; the same message twice looks like two"},
    {"no-mime-version", "RFC 2045 §4", "MIME fields without MIME-Version",
     "a strict reader shows the body as plain text"},
    {"field-twice", "RFC 5322 §3.6", "a field that may stand once stands more often",
     "readers and signatures differ on which counts"},
    {"bare-cr", "RFC 5322 §2.3", "CR without LF in the body",
     "servers refuse it or change it, which breaks signatures"},
    {"bare-lf", "RFC 5322 §2.3", "LF without CR in the body",
     "servers refuse it, or repair it, which breaks signatures"},
    {"nul", "RFC 5322 §2.3", "NUL in the body", "some programs end the message there"},
    {"long-line", "RFC 5322 §2.1.1", "a line of more than 998 octets",
     "servers refuse it or break it, which breaks signatures"},
    {"undeclared-8bit", "RFC 2045 §6.2", "octets above 127 in a body declared as 7-bit",
     "relays may lose the eighth bit, or convert it wrongly"},
    {"no-charset", "RFC 2045 §5.2", "octets above 127 in a text that names no charset",
     "readers guess what it says"},
    {"charset-unknown", "RFC 2046 §4.1.2", "a charset that nobody knows",
     "readers guess what it says"},
    {"charset-broken", "RFC 2046 §4.1.2", "text that is not in its charset",
     "some characters are lost, or the charset is the wrong one"},
    {"base64-broken", "RFC 2045 §6.8", "base64 with what is none in it",
     "the decoded body may be damaged or cut off"},
    {"quoted-printable-broken", "RFC 2045 §6.7", "quoted-printable with what is none in it",
     "\"=\" and what follows it shows as it stands"},
    {"uuencode-broken", "RFC 2045 §6.3", "uuencoded octets with what is none in them",
     "the decoded body may be damaged or cut off"},
});

}  // namespace ph::message
