// Messages for the builder: tests/conformance/message/built/NAME.eml is what it writes of them.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "message/builder.h"

namespace ph::message::testing {

struct BuiltSample {
  std::string name;
  BuildMessage message;
  Carry carry = Carry::seven_bit;
};

inline BuildMessage letter(std::string subject, BuildPart body) {
  BuildMessage out;
  out.date = wall_of(1795287445000);
  out.zone = std::chrono::hours(1);
  out.from = {Mailbox{.name = "Alice Example", .local = "alice", .domain = "example.test"}};
  out.to = {Mailbox{.name = "", .local = "bob", .domain = "example.net"}};
  out.message_id = "20261121.1@example.test";
  out.subject = std::move(subject);
  out.body = std::move(body);
  out.boundary = "b0undary";
  return out;
}

inline std::vector<BuiltSample> built_samples() {
  std::vector<BuiltSample> out;
  out.push_back({"plain", letter("Hello", text_part("Hello Bob,\n\nall is well.\n"))});

  BuildMessage names =
      letter("Grüße aus Köln – 你好，世界, und noch etwas, das länger ist als eine Zeile",
             text_part("Grüße\n"));
  names.from = {Mailbox{.name = "Jürgen Müller", .local = "jm", .domain = "example.test"}};
  names.to = {Mailbox{.name = "Doe, John \"Jack\"", .local = "john doe", .domain = "example.net"},
              Mailbox{.name = "李小龍", .local = "lee", .domain = "example.net"},
              Mailbox{.name = "A rather long name of somebody who has many given names and titles",
                      .local = "long",
                      .domain = "example.net"},
              Mailbox{.name = "=?utf-8?q?not?= a word", .local = "odd", .domain = "example.net"}};
  names.cc = {Mailbox{.name = "", .local = "carol", .domain = "[192.0.2.1]"}};
  names.reply_to = names.cc;
  names.in_reply_to = {"1@example.net"};
  names.references = {"0@example.net", "1@example.net"};
  names.fields = {{"X-Note", "injected\r\nBcc: victim@example.net"}, {"Keywords", "a, b"}};
  out.push_back({"names", std::move(names)});

  out.push_back({"fragile", letter("Lines that relays change",
                                   text_part("From here on\n.\n..\ntrailing \t\n" +
                                             std::string(1200, 'x') + "\nbare\rcr\nlast"))});
  out.push_back({"dense", letter("Not Latin", text_part("你好，世界。这是一封信。\n再见\n"))});
  out.push_back({"eight-bit", letter("8bit", text_part("Grüße aus Köln\n")), Carry::eight_bit});

  const std::string octets("\x00\x01\r\n--=_0_b0undary\r\n\xff.\r\n", 24);
  BuildPart image = inline_part("image/png", "logo@example.test", octets);
  out.push_back(
      {"tree",
       letter(
           "Everything",
           mixed({alternative({text_part("plain\n--=_0_b0undary\n"),
                               related({html_part("<img src=\"cid:logo@example.test\">\n"),
                                        std::move(image)})}),
                  attachment("application/pdf", "Rechnung für März, «final».pdf", octets),
                  attachment("application/octet-stream", std::string(180, 'n') + ".bin", "")}))});
  BuildPart inner{.type = "message/rfc822",
                  .content = "From: a@x.test\r\nSubject: inside\r\n\r\nbody\r\n"};
  out.push_back({"message-inside",
                 letter("Fwd: inside", mixed({text_part("see below\n"), std::move(inner)}))});
  return out;
}

}  // namespace ph::message::testing
