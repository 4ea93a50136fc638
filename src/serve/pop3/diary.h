// What a POP3 session tells the journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/port.h"
#include "mailbox/port.h"

namespace ph::serve {

/// Turns what happened in one session into events. The password and the user name as typed never
/// come in here.
class Diary {
 public:
  Diary(journal::Journal& journal, rt::Clock& clock, std::string peer_ip, std::string listener);

  void secured(std::string tls_version) { tls_version_ = std::move(tls_version); }
  void logged_in(std::string address, std::string_view mechanism);
  void not_logged_in(Outcome outcome, std::string why);
  /// Message numbers do not matter here; uids must ascend.
  void maildrop(const std::vector<mailbox::MessageInfo>& messages);
  void maildrop_refused(std::string why);
  void retrieved(std::uint32_t uid);
  void unreadable(std::uint32_t uid, const Error& error);
  void deleted(const std::vector<std::uint32_t>& uids);
  void not_deleted(const std::vector<std::uint32_t>& uids, const Error& error);
  /// `how`: "ended", "timed out", "lost".
  void end(std::string_view how);

 private:
  void note(Stage stage, Outcome outcome, std::string why, std::string queue_id = {});
  std::string queue_id(std::uint32_t uid) const;

  journal::Journal& journal_;
  rt::Clock& clock_;
  std::string peer_ip_, listener_, tls_version_;
  std::string address_;  // of the account; empty before the login
  rt::Instant began_;
  std::vector<std::pair<std::uint32_t, std::string>> queue_ids_;  // by uid
  std::size_t retrieved_ = 0, deleted_ = 0;
};

}  // namespace ph::serve
