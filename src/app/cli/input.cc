#include "app/cli/input.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "app/cli/output.h"

namespace ph::cli {

Result<Input> Input::open(const std::string& file) {
  if (file.empty() || file == "-") return Input(stdin, "standard input");
  std::FILE* opened = std::fopen(file.c_str(), "rbe");
  if (opened == nullptr) {
    return fail(Kind::unavailable, "cannot open",
                fmt::format("{}: {}", file, std::strerror(errno)));
  }
  return Input(opened, file);
}

Result<std::string_view> Input::next() {
  const auto got = std::fread(piece_->data(), 1, piece_->size(), file_.get());
  if (got == 0 && std::ferror(file_.get()) != 0) {
    return fail(Kind::unavailable, "cannot read",
                fmt::format("{}: {}", name_, std::strerror(errno)));
  }
  return std::string_view(piece_->data(), got);
}

Result<std::string_view> Input::next_of_line() {
  std::size_t got = 0;
  while (got < piece_->size()) {
    const int c = getc_unlocked(file_.get());
    if (c == EOF) break;
    (*piece_)[got++] = static_cast<char>(c);
    if (c == '\n') break;
  }
  if (got == 0 && std::ferror(file_.get()) != 0) {
    return fail(Kind::unavailable, "cannot read",
                fmt::format("{}: {}", name_, std::strerror(errno)));
  }
  return std::string_view(piece_->data(), got);
}

Result<std::string> read_all(const std::string& file, std::size_t octets_max) {
  PH_TRY(Input input, Input::open(file));
  std::string out;
  for (;;) {
    PH_TRY(const std::string_view piece, input.next());
    if (piece.empty()) return out;
    if (piece.size() > octets_max - out.size()) {
      return fail(Kind::over_limit, "too big",
                  fmt::format("{} has more than {} octets", input.name(), octets_max));
    }
    out += piece;
  }
}

std::optional<std::string> read_input(const std::string& file, std::size_t octets_max) {
  auto read = read_all(file, octets_max);
  if (read) return *std::move(read);
  complain(read.error(), read.error().kind == Kind::over_limit
                             ? std::string_view()
                             : "name a file that you may read, or - for standard input");
  return std::nullopt;
}

bool write_output(std::string_view octets) {
  if (std::fwrite(octets.data(), 1, octets.size(), stdout) == octets.size()) return true;
  complain(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
  return false;
}

}  // namespace ph::cli
