// Maildrops: exclusive sessions on an INBOX, and reading messages from blocks and blobs.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "mailbox/writer.h"

namespace ph::mailbox {

/// One locked maildrop. What it lists does not change while it is held.
struct Session {
  std::string account;
  InboxView view;
  std::mutex mutex;
  MessageRow last;  // the message read last: a long one is read in many pieces
};

/// Which accounts are locked, and by whom. Thread-safe.
class Sessions {
 public:
  /// conflict: the account is locked.
  Result<Done> lock(const std::string& account);
  void unlock_account(const std::string& account);
  void add(std::string token, std::shared_ptr<Session> session);
  /// not_found: no such session, or it has ended.
  Result<std::shared_ptr<Session>> find(const std::string& token);
  void end(std::string_view token);

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> locked_;
  // Shared with the calls under way, which may outlast an unlock().
  std::unordered_map<std::string, std::shared_ptr<Session>> sessions_;
};

/// All messages of the view, ascending, at most kMaildropMessagesMax. Damaged blocks are logged and
/// left out. Deliveries and folding may go on meanwhile.
Task<Result<std::vector<MessageInfo>>> list_messages(Services services, InboxView view,
                                                     store::Opt opt);

/// not_found: the message is gone.
Task<Result<MessageRow>> read_row(Services services, std::string partition, Uid uid,
                                  store::Opt opt);

/// Octets of prefix + blob (see Mailboxes::read).
Task<Result<std::string>> read_message(Services services, std::shared_ptr<Session> session, Uid uid,
                                       std::uint64_t offset, std::size_t octets, store::Opt opt);

}  // namespace ph::mailbox
