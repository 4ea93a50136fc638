// Lines made of words, breaks and lists: what is left of a page when it is text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/html_text.h"

namespace ph::message {

/// Text that is put together as HTML's blocks demand: breaks and blanks are held back until
/// something follows that they divide from what was before.
class HtmlLayout {
 public:
  void text(std::string_view text);      // decoded; white space counts as one blank
  void verbatim(std::string_view text);  // white space stays
  void line_break() { ++forced_; }       // <br>
  void block() { breaks_ = breaks_ < 1 ? 1 : breaks_; }
  void paragraph() { breaks_ = 2; }
  void cell() { cell_ = !at_line_start(); }
  void open_list(bool is_numbered);
  void close_list();
  void entry();
  void open_quote() { ++quotes_; }
  void close_quote() { quotes_ -= quotes_ > 0 ? 1 : 0; }

  std::size_t octets() const { return out_.size(); }
  std::string_view from(std::size_t octets) const {
    return std::string_view(out_).substr(octets < out_.size() ? octets : out_.size());
  }
  std::string take();

 private:
  struct List {
    bool is_numbered;
    std::uint32_t entries;
  };
  bool at_line_start() const { return out_.empty() || breaks_ + forced_ > 0; }
  void begin();       // puts what was held back: something follows
  void begin_line();  // quotation and list marks

  std::string out_;
  std::size_t breaks_ = 0, forced_ = 0;
  bool blank_ = false, cell_ = false;
  std::size_t quotes_ = 0;
  std::size_t line_quotes_ = 0;  // when the last line began
  std::vector<List> lists_;
  std::size_t deeper_lists_ = 0;
  std::string mark_;  // of an entry that has nothing in it yet
};

}  // namespace ph::message
