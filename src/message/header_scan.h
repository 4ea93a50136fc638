// What must be known of a message's header while its octets pass by on their way to the disk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ph::message {

/// Octets of a Message-ID that are kept; RFC 5322 §2.1.1 lets a line have 998. The rest is dropped.
inline constexpr std::size_t kMessageIdOctetsMax = 512;

/// Delivered-To fields that are kept: a loop shows long before there are so many.
inline constexpr std::size_t kDeliveredToMax = 50;

/// Reads a message's header once, in any split, and keeps only the facts below.
///
///   feed    the message's octets in order, borrowed for the call; after complete() they are
///           ignored
///   finish  no octets follow: a header without an empty line ends here
///   cost    O(octets of the header); memory: the Message-ID
///
/// Tolerant: LF ends a line as CRLF does; white space may stand before the colon; the header ends
/// at an empty line, or before the first line that is neither a field nor a continuation (so a
/// message without a header has one of 0 octets). Continuations of no field, on top of all, are
/// passed over, as parse_header() does. RFC 5322 §2.2, §4.5.
class HeaderScan {
 public:
  void feed(std::string_view chunk);
  void finish();

  bool complete() const { return at_ == At::complete; }
  /// With the empty line that ends it, if there is one. Final once complete().
  std::uint64_t header_octets() const { return header_octets_; }
  /// The first line begins with a blank: what is put above it would have it as a continuation.
  bool begins_folded() const { return begins_folded_; }
  std::size_t received_count() const { return received_count_; }
  bool has_date() const { return has_date_; }
  bool has_from() const { return has_from_; }
  bool has_message_id() const { return has_message_id_; }
  bool has_return_path() const { return has_return_path_; }
  /// Of the first Message-ID field: what stands in <>, or the first word where there are none;
  /// without white space and control characters. "" when absent.
  std::string_view message_id() const { return message_id_; }
  /// The addresses of the Delivered-To fields as directory keys (address.h), each once, the first
  /// kDeliveredToMax. What is no address is left out.
  const std::vector<std::string>& delivered_to() const { return delivered_to_; }

 private:
  enum class At : std::uint8_t { line_start, line_start_cr, name, name_end, value, complete };
  enum class Capture : std::uint8_t { off, before, word, angle };

  /// What can be taken at once: how many octets were, 0 where step() must look at each.
  std::size_t skim(std::string_view chunk);
  void step(char c);
  void begin_field(std::string_view name);
  std::size_t capture_line(std::string_view line);
  void capture(char c);
  void end_delivered_to() {
    if (in_delivered_to_) put_delivered_to();
  }
  void put_delivered_to();
  void end_before_line();

  At at_ = At::line_start;
  Capture capture_ = Capture::off;
  bool has_field_ = false, begins_folded_ = false;
  bool has_date_ = false, has_from_ = false, has_message_id_ = false, has_return_path_ = false;
  std::array<char, 16> name_{};  // of the field under way; longer names are none of ours
  std::size_t name_octets_ = 0;
  std::size_t received_count_ = 0;
  std::uint64_t octets_ = 0, line_offset_ = 0, header_octets_ = 0;
  std::string message_id_;
  bool in_delivered_to_ = false;
  std::string value_;  // of the Delivered-To field under way
  std::vector<std::string> delivered_to_;
};

}  // namespace ph::message
