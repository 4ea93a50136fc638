// What an enhanced status code says of the reason, where the reply's words say nothing. Not for
// other rooms.
#pragma once

#include <array>
#include <string_view>

#include "message/bounce_reason.h"

namespace ph::message {

/// Where no phrase says more: by the subject and detail of the status. RFC 3463 §3.
struct StatusMeaning {
  std::string_view detail;  // "1.1": behind the class
  BounceReason reason;
};

inline constexpr auto kStatusMeanings = std::to_array<StatusMeaning>({
    {"1.0", BounceReason::mailbox_unknown},
    {"1.1", BounceReason::mailbox_unknown},
    {"1.2", BounceReason::host_unknown},
    {"1.3", BounceReason::mailbox_unknown},
    {"1.4", BounceReason::mailbox_unknown},
    {"1.6", BounceReason::mailbox_moved},
    {"1.7", BounceReason::sender_refused},
    {"1.8", BounceReason::sender_refused},
    {"1.9", BounceReason::server_fault},
    {"1.10", BounceReason::host_takes_no_mail},
    {"2.0", BounceReason::recipient_refused},
    {"2.1", BounceReason::mailbox_disabled},
    {"2.2", BounceReason::mailbox_full},
    {"2.3", BounceReason::too_large_for_mailbox},
    {"2.4", BounceReason::recipient_refused},
    {"3.0", BounceReason::server_fault},
    {"3.1", BounceReason::server_fault},
    {"3.2", BounceReason::host_takes_no_mail},
    {"3.3", BounceReason::server_fault},
    {"3.4", BounceReason::too_large},
    {"3.5", BounceReason::server_fault},
    {"4.0", BounceReason::network},
    {"4.1", BounceReason::network},
    {"4.2", BounceReason::network},
    {"4.3", BounceReason::network},
    {"4.4", BounceReason::host_unknown},
    {"4.5", BounceReason::server_fault},
    {"4.6", BounceReason::network},
    {"4.7", BounceReason::expired},
    {"4.8", BounceReason::network},
    {"5.1", BounceReason::syntax},
    {"5.2", BounceReason::syntax},
    {"5.3", BounceReason::too_many},
    {"5.4", BounceReason::syntax},
    {"6.0", BounceReason::content},
    {"6.1", BounceReason::content},
    {"6.2", BounceReason::content},
    {"6.3", BounceReason::content},
    {"6.6", BounceReason::content},
    {"6.7", BounceReason::content},
    {"6.9", BounceReason::content},
    {"7.0", BounceReason::policy},
    {"7.1", BounceReason::policy},
    {"7.2", BounceReason::policy},
    {"7.8", BounceReason::security},
    {"7.9", BounceReason::security},
    {"7.17", BounceReason::mailbox_moved},
    {"7.20", BounceReason::not_authenticated},
    {"7.21", BounceReason::not_authenticated},
    {"7.22", BounceReason::not_authenticated},
    {"7.23", BounceReason::not_authenticated},
    {"7.24", BounceReason::not_authenticated},
    {"7.25", BounceReason::no_reverse_name},
    {"7.26", BounceReason::not_authenticated},
    {"7.27", BounceReason::sender_refused},
    {"7.28", BounceReason::too_many},
    {"7.509", BounceReason::not_authenticated},
});

}  // namespace ph::message
