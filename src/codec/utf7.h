// UTF-7, and the form of it that IMAP has for names of mailboxes. RFC 2152; RFC 3501 §5.1.3 and
// RFC 9051 §A.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/stream.h"
#include "codec/utf8.h"

namespace ph::codec {

enum class Utf7 : std::uint8_t {
  text,     // shifted by "+"; RFC 2152
  mailbox,  // shifted by "&", "," for "/", one form for each name; RFC 3501 §5.1.3
};

/// UTF-7 as UTF-8.
///
///   out     what does not fit is left out or, where characters are missing, U+FFFD
///   faults  octets above 127 and control characters (but, in text, tab, CR and LF); surrogates
///           without their other half; bits left over; a shift with nothing in it. In a mailbox's
///           name also all that would make a second form of it: printable ASCII inside base64, two
///           shifts where one would do, base64 that does not end with "-". In text also "~" and "\"
///           outside base64. So a mailbox's name without faults is what Utf7Encoder writes
class Utf7Decoder : public Stream {
 public:
  explicit Utf7Decoder(Utf7 flavour) : flavour_(flavour) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void take_direct(char c, std::string& out);
  void take_shifted(char c, std::string& out);
  void take_unit(char16_t unit, std::string& out);
  void end_base64(std::string& out);
  void fault(Literal what) { faults_.add(offset_, what); }

  Utf7 flavour_;
  bool ended_ = false;
  bool shifted_ = false;
  bool is_empty_ = true;       // nothing since the shift
  bool after_base64_ = false;  // the last octet was the "-" of base64 with something in it
  std::uint32_t bits_ = 0, bit_count_ = 0;
  char16_t high_ = 0;  // the first half of a surrogate pair
  std::uint64_t offset_ = 0;
  Faults faults_;
};

/// UTF-8 as UTF-7.
///
///   out     text: letters, digits, '(),-./:? and white space stay (RFC 2152, set D), all else is
///           base64 that "-" ends. A mailbox's name: printable ASCII stays but for "&"
///   faults  octets that are no UTF-8: U+FFFD
class Utf7Encoder : public Stream {
 public:
  explicit Utf7Encoder(Utf7 flavour) : flavour_(flavour) {}
  void feed(std::string_view octets, std::string& out) override;
  void finish(std::string& out) override;
  const Faults& faults() const override { return faults_; }

 private:
  void put(char32_t point, std::uint64_t offset, std::string& out);
  void put_unit(std::uint32_t unit, std::string& out);
  void end_base64(std::string& out);

  Utf7 flavour_;
  bool ended_ = false;
  bool shifted_ = false;
  std::uint32_t bits_ = 0, bit_count_ = 0;
  Utf8Reader reader_;
  Faults faults_;
};

/// A mailbox's name as it stands in IMAP. `name` is UTF-8; what is none becomes U+FFFD.
std::string encode_mailbox_name(std::string_view name);
/// The inverse. malformed: any fault of Utf7Decoder.
Result<std::string> decode_mailbox_name(std::string_view name);

}  // namespace ph::codec
