// A journey told to people: for a terminal, for a file, as a page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "explain/journey.h"

namespace ph::explain {

struct TextStyle {
  bool colour = false;        // ANSI sequences, and block characters for the bars; else plain ASCII
  std::size_t columns = 100;  // at least 60 are used
};

/// Lines that end with LF, with a bar for each hop on a time axis. What strangers wrote has no
/// control characters and no marks that turn the direction of writing (they are "?").
std::string journey_text(const Journey& journey, TextStyle style);

/// One self-contained HTML page, the timeline as SVG in it. Everything is escaped; there is no
/// script and nothing is loaded from anywhere (a content security policy says so too).
std::string journey_html(const Journey& journey);

/// "2026-11-21 18:57:25", in UTC.
std::string utc_text(Wall at);

/// `text` without what acts on a terminal: control characters (C1 too) and bidirectional marks.
std::string harmless(std::string_view text);

}  // namespace ph::explain
