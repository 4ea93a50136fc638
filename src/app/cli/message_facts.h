// What `message` tells, as JSON.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "message/check.h"
#include "message/content.h"
#include "message/mime_tree.h"

namespace ph::cli {

/// {"parts": [{"id", "type", "charset", "encoding", "octets", "decoded_octets", "lines", "name",
/// "disposition", "content_id", "depth", "header_offset", "body_offset", "end_offset", "inside",
/// "files"}], "findings": [...]}
boost::json::object tree_facts(const message::MimeTree& tree);
/// {"headers": [{"name", "value", "text", "offset"}]}; of fields with addresses also "addresses",
/// of dates "date"
boost::json::object header_facts(const message::Header& header);
/// {"from", "to", "cc", "subject", "date", "message_id", "text", "html_only", "attachments",
/// "files"}
boost::json::object readable_facts(const message::MimeTree& tree);
/// {"findings": [{"id", "rfc", "what", "effect", "offset", "count", "part"}], "left_out"}
boost::json::object check_facts(const message::MimeTree& tree);

/// The name that IMAP has for a part: "1.2"; a message without parts is "1".
std::string part_id(const message::MimeTree& tree, std::uint32_t index);
std::string_view encoding_name(message::TransferEncoding encoding);
/// All that a person reads of a message, as text: text parts, else HTML as text. Files inside the
/// text are not in it: what files_facts() says of them is added to `files`.
std::string readable_text_of(const message::MimeTree& tree, bool& html_only,
                             boost::json::array& files);

}  // namespace ph::cli
