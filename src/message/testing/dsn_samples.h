// Notifications of every kind, as values: their texts stand in tests/conformance/message/dsn.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "message/dsn.h"

namespace ph::message::testing {

inline Wall sample_time(int minutes) {
  return wall_of(1'795'287'445'000) + std::chrono::minutes(minutes);
}

inline DsnRecipient sample_recipient() {
  return {.final = {"bob", "example.net"},
          .action = DsnAction::failed,
          .status = "5.1.1",
          .remote_mta = "mx1.example.net",
          .diagnostic =
              "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown in "
              "virtual mailbox table",
          .last_attempt = sample_time(-1)};
}

inline Dsn sample_dsn() {
  return {.reporting_mta = "mail.example.org",
          .to = {"alice", "example.org"},
          .from_address = "MAILER-DAEMON@mail.example.org",
          .message_id = "0f3kq.dsn@mail.example.org",
          .date = sample_time(0),
          .boundary = "dsn-7f3a9c",
          .queue_id = "0f3kq1",
          .arrival = sample_time(-2),
          .recipients = {sample_recipient()},
          .original =
              "Received: from laptop ([192.0.2.7])\r\n\tby mail.example.org\r\nFrom: "
              "Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: Lunch on "
              "Friday\r\nMessage-ID: <lunch@laptop>\r\n",
          .original_message_id = "lunch@laptop"};
}

inline Dsn delayed_sample() {
  Dsn dsn = sample_dsn();
  dsn.kind = DsnAction::delayed;
  dsn.recipients = {{.final = {"bob", "example.net"},
                     .action = DsnAction::delayed,
                     .status = "4.4.1",
                     .why = "none of the 2 servers of example.net could be reached: connection "
                            "timed out",
                     .last_attempt = sample_time(-1),
                     .retry_until = sample_time(5 * 24 * 60)}};
  return dsn;
}

inline Dsn mixed_sample() {
  Dsn dsn = sample_dsn();
  dsn.envelope_id = "QQ314159";
  dsn.recipients.push_back({.final = {"carol", "example.com"},
                            .original = "rfc822;Carol@Example.COM",
                            .action = DsnAction::failed,
                            .status = "5.7.1",
                            .remote_mta = "mx.example.com",
                            .diagnostic = "550-5.7.1 We do not like\r\n550-5.7.1 your kind of "
                                          "message.\r\n550 5.7.1 See https://example.com/why?ip="
                                          "192.0.2.1&id=1234567890123456789012345678901234567890",
                            .last_attempt = sample_time(-1)});
  dsn.recipients.push_back({.final = {"dave", "gone.example"},
                            .action = DsnAction::failed,
                            .status = "5.1.2",
                            .why = "the domain gone.example does not exist"});
  dsn.recipients.push_back({.final = {"erin", "example.org"},
                            .action = DsnAction::delivered,
                            .status = "2.1.5",
                            .last_attempt = sample_time(-2)});
  return dsn;
}

inline Dsn success_sample() {
  Dsn dsn = sample_dsn();
  dsn.kind = DsnAction::delivered;
  dsn.recipients = {
      {.final = {"erin", "example.org"}, .action = DsnAction::delivered, .status = "2.1.5"},
      {.final = {"frank", "example.com"},
       .action = DsnAction::relayed,
       .status = "2.1.9",
       .remote_mta = "mx.example.com",
       .diagnostic = "250 2.0.0 OK queued as 4711"},
      {.final = {"team", "example.org"}, .action = DsnAction::expanded, .status = "2.1.5"}};
  return dsn;
}

/// Sender in ASCII, recipient not: the notification stays in 7 bits.
inline Dsn global_sample() {
  Dsn dsn = sample_dsn();
  dsn.recipients.front().final = {"jos\xc3\xa9", "ex\xc3\xa4mple.net"};
  dsn.recipients.front().original = "utf-8;jos\xc3\xa9@ex\xc3\xa4mple.net";
  dsn.recipients.front().diagnostic = "550 5.1.1 <jos\xc3\xa9@ex\xc3\xa4mple.net> ung\xc3\xbcltig";
  dsn.original += "X-Name: Jos\xc3\xa9\r\n";
  return dsn;
}

inline Dsn global_sender_sample() {
  Dsn dsn = global_sample();
  dsn.to = {"alic\xc3\xa9", "example.org"};
  return dsn;
}

/// RET=FULL, with a body in 8 bits.
inline Dsn whole_sample() {
  Dsn dsn = sample_dsn();
  dsn.whole_message = true;
  dsn.original +=
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f dich, Bob!\r\n"
      "Ess' mer am Freidag?\r\n";
  return dsn;
}

/// A whole message with UTF-8 in its header.
inline Dsn whole_global_sample() {
  Dsn dsn = sample_dsn();
  dsn.whole_message = true;
  dsn.original = "From: Alic\xc3\xa9 <alice@example.org>\r\n\r\nbody\r\n";
  return dsn;
}

/// Whatever a peer may put into its answer, and a sender into a message.
inline Dsn hostile_sample() {
  Dsn dsn = sample_dsn();
  DsnRecipient& one = dsn.recipients.front();
  one.diagnostic = std::string("550 no\r\nSubject: injected\r\n\r\n--dsn-7f3a9c\r\n\r\nhi\rthere") +
                   '\0' + "\xe4\xc3\xa4\x1b[31m\n" + std::string(3000, 'x') + "\r\n" +
                   std::string(64 << 10, 'y');
  one.remote_mta = "evil.example\r\nStatus: 2.0.0";
  one.original = "rfc822;x\r\nAction: delivered";
  one.status = "5.1.1\r\nX: y";
  one.why = "because\r\nAction: delivered";
  dsn.queue_id = "a\r\nb";
  dsn.envelope_id = "e\r\n--dsn-7f3a9c";
  dsn.original_message_id = "x\r\nBcc: all@example.org";
  dsn.original = "Subject: --dsn-7f3a9c_000000000\r\nX-A: dsn-7f3a9c_000000002\r\nX-B: \xff" +
                 std::string(2000, 'z') + "\r\nX-C: dsn-7f3a9c_000000001\r\n";
  return dsn;
}

inline std::vector<std::pair<std::string, Dsn>> dsn_samples() {
  return {{"failed", sample_dsn()},     {"delayed", delayed_sample()},
          {"mixed", mixed_sample()},    {"success", success_sample()},
          {"global", global_sample()},  {"global-sender", global_sender_sample()},
          {"whole", whole_sample()},    {"whole-global", whole_global_sample()},
          {"hostile", hostile_sample()}};
}

}  // namespace ph::message::testing
