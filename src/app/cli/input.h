// What commands read: a file, or standard input where its name is "-" or not given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::cli {

/// A file that is read from its beginning to its end, once.
class Input {
 public:
  /// not readable: unavailable, with the file's name and the system's reason.
  static Result<Input> open(const std::string& file);

  /// The next octets, valid until the next call; empty at the end.
  Result<std::string_view> next();
  /// The same, but never beyond the end of a line, and without waiting for more than that line:
  /// for who asks, and waits for the answer.
  Result<std::string_view> next_of_line();
  /// As it is spoken of in messages: "standard input", or the file's name.
  const std::string& name() const { return name_; }

 private:
  static constexpr std::size_t kPieceOctets = 64 << 10;
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  Input(std::FILE* file, std::string name)
      : file_(file), name_(std::move(name)), piece_(std::make_unique<Piece>()) {}

  using Piece = std::array<char, kPieceOctets>;
  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
  std::unique_ptr<Piece> piece_;
};

/// All of a file. over_limit: more than `octets_max`.
Result<std::string> read_all(const std::string& file, std::size_t octets_max);

/// The same; nullopt: complained about.
std::optional<std::string> read_input(const std::string& file, std::size_t octets_max);

/// Writes octets to standard output as they are. false: complained about.
bool write_output(std::string_view octets);

}  // namespace ph::cli
