#include "message/content.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "message/check.h"
#include "message/embedded.h"
#include "message/html_charset.h"

namespace ph::message {
namespace {

std::string first_text(std::string_view octets) {
  const MimeTree tree = parse_mime(octets);
  return decoded_text(tree, tree.root()).text;
}

TEST(Content, DecodesTextOfEveryEncodingAndCharset) {
  EXPECT_EQ(first_text("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8="), "hello");
  EXPECT_EQ(first_text("Content-Type: text/plain; charset=iso-8859-1\r\n"
                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4=\r\nb"),
            "\xc3\xa4"
            "b");
  EXPECT_EQ(first_text("Content-Type: text/plain; charset=koi8-r\r\n\r\n\xd0\xcf"),
            "\xd0\xbf\xd0\xbe");
  EXPECT_EQ(first_text("\r\n\xc3\xa4"), "\xc3\xa4");
  EXPECT_EQ(first_text("\r\n\xe4 x"), "\xc3\xa4 x");
  EXPECT_EQ(first_text("Content-Transfer-Encoding: x-unknown\r\n\r\na=20b"), "a=20b");
}

std::string html_read_as(std::string_view type, const std::string& html) {
  return first_text("Content-Type: " + std::string(type) + "\r\n\r\n" + html);
}

TEST(Content, ReadsTheCharsetThatHtmlNamesWhereItsFieldNamesNone) {
  const std::string koi8 = "\xd0\xcf";  // "по"
  const std::string read = "\xd0\xbf\xd0\xbe";
  for (const std::string meta :
       {"<meta charset=koi8-r>", "<html><head><META CHARSET = 'KOI8-R' />",
        "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\">",
        "<meta content='text/html;charset = \"koi8-r\"' HTTP-EQUIV=content-type>",
        "<!-- <meta charset=big5> --><!doctype html><meta name=a content=charset=big5>"
        "<title>a>b</title><meta title=\"<meta charset=big5>\"><meta charset=koi8-r>"})
    EXPECT_EQ(html_read_as("text/html", meta + koi8), meta + read);
  const std::string meta = "<meta charset=koi8-r>";
  EXPECT_EQ(html_read_as("text/html; charset=x-unknown", meta + koi8), meta + read);
  EXPECT_EQ(html_read_as("text/html; charset=nobody-knows-it", meta + koi8), meta + read);
  // What the field says counts; and text that is no HTML says nothing of itself.
  EXPECT_EQ(html_read_as("text/html; charset=windows-1251", meta + koi8),
            meta + "\xd0\xa0\xd0\x9f");
  EXPECT_EQ(html_read_as("text/plain", meta + koi8), meta + "\xc3\x90\xc3\x8f");
}

TEST(Content, PassesOverCharsetsThatHtmlCannotMean) {
  const std::string latin = "\xe4 x", read = "\xc3\xa4 x";
  for (const std::string html :
       {"<meta charset=utf-16>", "<meta charset=utf-8>", "<meta charset=\"\">", "<meta charset>",
        "<meta charset=nobody-knows-it>", "<metadata charset=koi8-r>", "<!-- <meta charset=koi8-r>",
        "<meta charset=koi8-r", "<meta title='<meta charset=koi8-r>"})
    EXPECT_EQ(html_read_as("text/html", html + latin), html + read);
  const std::string late = std::string(kHtmlCharsetOctetsMax, ' ') + "<meta charset=koi8-r>";
  EXPECT_EQ(html_read_as("text/html", late + latin), late + read);
}

TEST(Content, ReadsTheCharsetThatHtmlNamesBehindItsEncoding) {
  EXPECT_EQ(first_text("Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n"
                       "\r\n<meta char=\r\nset=3Dkoi8-r>=D0=CF"),
            "<meta charset=koi8-r>\xd0\xbf\xd0\xbe");
}

TEST(Content, ReadsUtf16ByItsMark) {
  using std::string_literals::operator""s;
  EXPECT_EQ(html_read_as("text/plain", "\xff\xfe\xe4\0x\0"s), "\xc3\xa4x");
  EXPECT_EQ(html_read_as("text/html", "\xfe\xff\0\xe4\0x"s), "\xc3\xa4x");
  EXPECT_EQ(html_read_as("text/plain; charset=iso-8859-1", "\xff\xfe"s), "\xc3\xbf\xc3\xbe");
}

TEST(Content, JoinsFlowedLinesWhereThatIsWanted) {
  const std::string_view octets =
      "Content-Type: text/plain; format=flowed\r\n\r\none \r\nparagraph\r\n";
  const MimeTree tree = parse_mime(octets);
  EXPECT_EQ(decoded_text(tree, tree.root()).text, "one \r\nparagraph\r\n");
  EXPECT_EQ(decoded_text(tree, tree.root(), TextLines::joined).text, "one paragraph\r\n");
}

TEST(Content, FindsFilesInPlainText) {
  const std::string_view text =
      "hello\nbegin 644 a.txt\n#0V%T\n`\nend\nmore\nbegin 644 b\n#0V%T\n`\nend\n";
  const auto files = find_embedded(text);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "a.txt");
  EXPECT_TRUE(files[1].whole);
  std::string out;
  const auto decoder = embedded_decoder(files[0].coding);
  decoder->feed(text.substr(files[0].begin, files[0].end - files[0].begin), out);
  decoder->finish(out);
  EXPECT_EQ(out, "Cat");
}

TEST(Content, GivesALargeBodyInPiecesThatMakeTheWhole) {
  std::string body;
  for (int i = 0; body.size() < 300'000; ++i) body += "line=20" + std::to_string(i) + "=\r\n";
  const std::string octets = "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body;
  const MimeTree tree = parse_mime(octets);
  BodyReader reader(tree, tree.root());
  std::string joined, piece;
  std::size_t pieces = 0;
  for (; reader.next(piece); piece.clear(), ++pieces) joined += piece;
  EXPECT_EQ(joined, decoded_body(tree, tree.root()));
  EXPECT_GT(pieces, 3U);
  EXPECT_EQ(reader.faults().count(), 0U);
}

std::string name_of(std::string_view header) {
  const std::string octets = std::string(header) + "\r\n\r\n";
  const MimeTree tree = parse_mime(octets);
  return part_name(tree.root());
}

TEST(Content, FindsTheNameOfAnAttachment) {
  EXPECT_EQ(name_of("Content-Disposition: attachment; filename=\"a b.pdf\""), "a b.pdf");
  EXPECT_EQ(name_of("Content-Disposition: attachment; filename=a b.pdf; size=1"), "a b.pdf");
  EXPECT_EQ(name_of("Content-Disposition: attachment\r\nContent-Type: a/b; name=x.pdf"), "x.pdf");
  EXPECT_EQ(name_of("Content-Disposition: attachment; filename=y\r\nContent-Type: a/b; name=x"),
            "y");
  EXPECT_EQ(name_of("Content-Disposition: attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac"),
            "\xe2\x82\xac");
  EXPECT_EQ(name_of("Content-Type: a/b; name=\"=?utf-8?B?4oKs?=.pdf\""), "\xe2\x82\xac.pdf");
  EXPECT_EQ(name_of("Content-Type: a/b"), "");
}

TEST(Content, MakesNamesSafe) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a.pdf", "a.pdf"},
      {"../../etc/passwd", "passwd"},
      {"C:\\Windows\\x.exe", "x.exe"},
      {"dir/", "dir"},
      {"..", ""},
      {".bashrc", "_bashrc"},
      {"a.txt. .", "a.txt"},
      {"CON.txt", "_CON.txt"},
      {"com1", "_com1"},
      {"common", "common"},
      {"a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"},
      {"a\r\nb\x01\x7f", "ab"},
      {"x\xe2\x80\xaegpj.exe", "xgpj.exe"},
      {"\xc3\xa4\xff.txt", "\xc3\xa4_.txt"},
      {"", ""}};
  for (const auto& [name, safe] : cases) EXPECT_EQ(safe_file_name(name), safe) << name;
  const std::string longer = safe_file_name(std::string(500, 'x') + ".tar.gz");
  EXPECT_EQ(longer.size(), kSafeNameOctetsMax);
  EXPECT_TRUE(longer.ends_with(".gz"));
}

std::string part(std::string_view type, std::string_view disposition = {}) {
  std::string out = "Content-Type: " + std::string(type) + "\r\n";
  if (!disposition.empty()) out += "Content-Disposition: " + std::string(disposition) + "\r\n";
  return out + "\r\nx\r\n";
}

std::string multipart(std::string_view subtype, std::string_view boundary,
                      const std::vector<std::string>& parts) {
  std::string out = "Content-Type: multipart/" + std::string(subtype) +
                    "; boundary=" + std::string(boundary) + "\r\n\r\n";
  for (const std::string& one : parts) out += "--" + std::string(boundary) + "\r\n" + one;
  return out + "--" + std::string(boundary) + "--\r\n";
}

using Indices = std::vector<std::uint32_t>;

// The example of RFC 8621 §4.1.4: parts A to K.
TEST(Content, FindsWhatIsToBeReadAsJmapDoes) {
  const std::string octets = multipart(
      "mixed", "m0",
      {part("text/plain", "inline"),
       multipart(
           "mixed", "m1",
           {multipart("alternative", "m2",
                      {multipart("mixed", "m3",
                                 {part("text/plain", "inline"), part("image/jpeg", "inline"),
                                  part("text/plain", "inline")}),
                       multipart("related", "m4", {part("text/html"), part("image/jpeg")})}),
            part("image/jpeg", "attachment"), part("application/x-excel"), part("message/rfc822")}),
       part("text/plain", "inline")});
  const MimeTree tree = parse_mime(octets);
  const ReadableParts readable = readable_parts(tree);
  //   1 A, 5 B, 6 C, 7 D, 9 E, 10 F, 11 G, 12 H, 13 J (14 is in it), 15 K
  EXPECT_EQ(readable.text, (Indices{1, 5, 6, 7, 15}));
  EXPECT_EQ(readable.html, (Indices{1, 9, 15}));
  EXPECT_EQ(readable.attachments, (Indices{6, 10, 11, 12, 13}));
}

TEST(Content, ReadsAnAlternativeOfOneKindInBothLists) {
  const std::string octets = multipart("alternative", "b", {part("text/html")});
  const ReadableParts readable = readable_parts(parse_mime(octets));
  EXPECT_EQ(readable.text, (Indices{1}));
  EXPECT_EQ(readable.html, (Indices{1}));
}

std::vector<std::string> breaches(std::string_view octets) {
  const MimeTree tree = parse_mime(octets);
  std::vector<std::string> out;
  for (const CheckFinding& finding : check_message(tree).findings) out.emplace_back(finding.id);
  return out;
}

TEST(Check, FindsNothingInAMessageThatIsRight) {
  EXPECT_EQ(breaches("Date: x\r\nFrom: a@b\r\nMessage-ID: <1@b>\r\n\r\nhello\r\n"),
            std::vector<std::string>{});
}

TEST(Check, SaysWhatBreaksAStandard) {
  const std::string head = "Date: x\r\nFrom: a@b\r\nMessage-ID: <1@b>\r\nMIME-Version: 1.0\r\n";
  using V = std::vector<std::string>;
  EXPECT_EQ(breaches("\r\nx"), (V{"no-date", "no-from", "no-message-id"}));
  EXPECT_EQ(breaches(head + "From: c@d\r\n\r\nx"), V{"field-twice"});
  EXPECT_EQ(breaches(head + "\r\na\nb\rc\r\n"), (V{"bare-lf", "bare-cr"}));
  EXPECT_EQ(breaches(head + "\r\n" + std::string(999, 'x') + "\r\n"), V{"long-line"});
  EXPECT_EQ(breaches(head + "\r\n" + std::string(998, 'x') + "\r\n"), V{});
  EXPECT_EQ(breaches(head + "\r\n\xe4\r\n"), (V{"no-charset", "undeclared-8bit"}));
  EXPECT_EQ(breaches(head + "Content-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: 8bit\r\n\r\n\xe4x\r\n"),
            V{"charset-broken"});
  EXPECT_EQ(breaches(head + "Content-Type: text/plain; charset=x-nobody\r\n"
                            "Content-Transfer-Encoding: 8bit\r\n\r\n\xe4x\r\n"),
            V{"charset-unknown"});
  EXPECT_EQ(breaches(head + "Content-Transfer-Encoding: base64\r\n\r\naGVs*bG8=\r\n"),
            V{"base64-broken"});
  EXPECT_EQ(breaches(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx"),
            V{"no-final-boundary"});
  EXPECT_EQ(breaches("Date: x\r\nFrom: a@b\r\nMessage-ID: <1@b>\r\nContent-Type: a/b\r\n\r\nx"),
            V{"no-mime-version"});
}

}  // namespace
}  // namespace ph::message
