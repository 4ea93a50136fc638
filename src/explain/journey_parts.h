// Steps of trace(), each in a file of its own. Not for other rooms.
#pragma once

#include "explain/journey.h"

namespace ph::explain {

/// Corrected times, delays, the slow hop; findings about clocks and impossible times.
void judge_clocks(Journey& journey, const JourneyQuestion& question);
/// Which lines the receiving side wrote.
void judge_trust(Journey& journey, const JourneyQuestion& question);
/// Lines that contradict each other or themselves.
///   values  of the Received fields, in order of the hops
void judge_lines(Journey& journey, std::span<const std::string_view> values);

void add_finding(Journey& journey, Severity severity, std::string_view code, std::string text,
                 std::optional<std::size_t> hop = {});

/// The best name of the client of a hop: its reverse name, what it called itself, its IP.
std::string client_name(const message::ReceivedLine& line);
/// "3 h 12 min", "45 s", "1.5 s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace ph::explain
