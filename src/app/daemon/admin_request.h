// What the commands of administration share: reading a request, making a reply. Only admin*.cc
// include this.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/daemon/admin.h"
#include "app/daemon/facts.h"

namespace ph::daemon {

/// The request's members, each read by its name and type.
struct AdminRequest {
  boost::json::object body;

  Result<std::string> text(std::string_view name) const {
    const auto* value = body.if_contains(name);
    if (value && value->is_string()) return std::string(value->get_string());
    return fail(Kind::malformed, "the request lacks a text", std::string(name));
  }
  /// A text of which nothing stays in the request.
  Result<std::string> secret(std::string_view name) {
    auto found = text(name);
    if (found) {
      for (char& c : body[name].get_string()) *const_cast<volatile char*>(&c) = 0;
    }
    return found;
  }
  Result<std::string> optional_text(std::string_view name) const {
    const auto* value = body.if_contains(name);
    return value && !value->is_null() ? text(name) : std::string();
  }
  bool flag(std::string_view name) const {
    const auto* value = body.if_contains(name);
    return value && value->is_bool() && value->get_bool();
  }
  /// nullopt: null or not there.
  Result<std::optional<std::uint64_t>> number(std::string_view name) const {
    const auto* value = body.if_contains(name);
    if (!value || value->is_null()) return std::optional<std::uint64_t>();
    if (value->is_int64() && value->get_int64() >= 0) {
      return std::optional(static_cast<std::uint64_t>(value->get_int64()));
    }
    if (value->is_uint64()) return std::optional(value->get_uint64());
    return fail(Kind::malformed, "the request has something that is no number", std::string(name));
  }
};

using AdminReply = Result<boost::json::object>;
using AdminRun = Task<AdminReply> (*)(AdminRequest request, AdminRooms rooms);

inline rt::Instant deadline_of(const AdminRooms& rooms) {
  return rooms.world.clock.now() + kAdminDeadline;
}

/// A list as a reply, as much of it as a reply may hold.
template <class T>
boost::json::object listed(std::string_view name, const std::vector<T>& all) {
  boost::json::array items;
  std::size_t octets = 0;
  bool complete = true;
  for (const auto& item : all) {
    boost::json::object one = facts(item);
    octets += boost::json::serialize(one).size() + 1;
    if (octets > kAdminReplyOctetsMax - 4096) {
      complete = false;
      break;
    }
    items.push_back(std::move(one));
  }
  return {{name, std::move(items)}, {"complete", complete}};
}

// admin_domain.cc
Task<AdminReply> domain_add(AdminRequest request, AdminRooms rooms);
Task<AdminReply> domain_list(AdminRequest request, AdminRooms rooms);
Task<AdminReply> domain_show(AdminRequest request, AdminRooms rooms);
Task<AdminReply> domain_rotate_key(AdminRequest request, AdminRooms rooms);
Task<AdminReply> domain_remove_key(AdminRequest request, AdminRooms rooms);
Task<AdminReply> domain_reports(AdminRequest request, AdminRooms rooms);
Task<AdminReply> domain_send_reports(AdminRequest request, AdminRooms rooms);

// admin_queue.cc
Task<AdminReply> queue_list(AdminRequest request, AdminRooms rooms);
Task<AdminReply> queue_show(AdminRequest request, AdminRooms rooms);
Task<AdminReply> queue_stats(AdminRequest request, AdminRooms rooms);
Task<AdminReply> queue_hold(AdminRequest request, AdminRooms rooms);
Task<AdminReply> queue_release(AdminRequest request, AdminRooms rooms);
Task<AdminReply> queue_retry(AdminRequest request, AdminRooms rooms);
Task<AdminReply> queue_delete(AdminRequest request, AdminRooms rooms);

}  // namespace ph::daemon
