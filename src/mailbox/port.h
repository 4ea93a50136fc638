// The door to mailboxes: deliveries in, messages out. Values in, values out, every call with a
// deadline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "rt/world.h"

namespace ph::mailbox {

/// RFC 9051 §2.3.1.1: 1..2^32-1, strictly ascending in a mailbox.
struct Uid {
  std::uint32_t value = 0;
  auto operator<=>(const Uid&) const = default;
};

/// One recipient's copy of a message, to be put into the account's INBOX once.
struct Delivery {
  std::string account;  // account id
  std::optional<std::uint64_t> quota_octets;
  std::string once;            // "<queue id>.<recipient number>": a repeat has no effect
  std::uint32_t once_day = 0;  // day of acceptance (base/time.h day_of)
  std::string queue_id;
  std::string blob;  // store::BlobId of the message as received, alive by another holder
  std::uint64_t blob_octets = 0;
  std::string prefix;      // header fields that we add, each with its CRLF: Return-Path,
                           // Delivered-To, Received
  std::string message_id;  // without <>; "" when it has none (for threads, later)
  Wall internal_date{};    // when we accepted it
};

struct Delivered {
  std::string mailbox_id;
  Uid uid;
  std::string email_id;  // RFC 8474 EMAILID
  bool before = false;   // an earlier try had put it there
};

struct MessageInfo {
  Uid uid;
  std::uint64_t octets = 0;  // prefix included; what RETR sends before dot stuffing
  std::string email_id;
  Wall internal_date{};
  std::string queue_id;
};

/// A maildrop held by one POP3 session (RFC 1939 §3: exclusive access).
struct Maildrop {
  std::string token;          // names the lock in the calls below
  std::string unique_prefix;  // mailbox id and UIDVALIDITY in text: UIDL is this + "." + uid
  std::vector<MessageInfo> messages;  // ascending uid
};

struct Usage {
  std::uint64_t messages = 0, octets = 0;
};

class Mailboxes {
 public:
  virtual ~Mailboxes() = default;
  /// Returns when the message is durably in the mailbox.
  ///   over_limit  the quota would be exceeded; nothing done
  ///   unavailable, timed_out  try again later; `once` makes that safe
  virtual Task<Result<Delivered>> deliver(Delivery delivery, rt::Instant deadline) = 0;
  /// Octets in use, for the answer to RCPT.
  virtual Task<Result<Usage>> usage(std::string account, rt::Instant deadline) = 0;
  /// conflict: another session holds it ([IN-USE], RFC 2449 §8.1.1).
  virtual Task<Result<Maildrop>> lock_maildrop(std::string account, rt::Instant deadline) = 0;
  /// Octets [offset, offset + octets) of prefix + message; shorter at the end.
  virtual Task<Result<std::string>> read(std::string token, Uid uid, std::uint64_t offset,
                                         std::size_t octets, rt::Instant deadline) = 0;
  /// Durably removes these messages (POP3 QUIT in UPDATE state). All or nothing per partition.
  virtual Task<Result<Done>> expunge(std::string token, std::vector<Uid> uids,
                                     rt::Instant deadline) = 0;
  /// Never fails; synchronous so that a destructor may call it.
  virtual void unlock(std::string_view token) = 0;
  /// Deletes everything of an account (administration).
  virtual Task<Result<Done>> erase(std::string account, rt::Instant deadline) = 0;
};

}  // namespace ph::mailbox
