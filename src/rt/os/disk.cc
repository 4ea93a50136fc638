#include "rt/os/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "rt/os/descriptor.h"
#include "rt/os/world.h"

namespace ph::rt::os {
namespace {

std::unexpected<Error> failed(Literal what, const std::string& path, int error) {
  const std::string detail = path + ": " + errno_text(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR: return fail(Kind::not_found, what, detail);
    case EACCES:
    case EPERM:
    case EROFS: return fail(Kind::refused, what, detail);
    default: return fail(Kind::unavailable, what, detail);
  }
}

Result<Done> write_all(const Fd& fd, std::string_view octets, const std::string& path) {
  while (!octets.empty()) {
    const ssize_t put = ::write(fd.get(), octets.data(), octets.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("cannot write a file", path, errno);
    octets.remove_prefix(static_cast<std::size_t>(put));
  }
  return Done{};
}

Result<Done> sync_folder(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return failed("cannot sync a folder", folder, errno);
  return Done{};
}

/// Makes a folder and those above it that are missing, for the owner alone.
Result<Done> make_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) {
    const auto above = folder.parent_path();
    return sync_folder(above.empty() ? "." : above.string());
  }
  if (errno == EEXIST) return Done{};
  if (errno != ENOENT || !folder.has_relative_path())
    return failed("cannot make a folder", folder.string(), errno);
  PH_TRY([[maybe_unused]] const Done above, make_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("cannot make a folder", folder.string(), errno);
  return sync_folder(folder.parent_path().string());
}

}  // namespace

Result<std::string> OsDisk::read(std::string_view file) {
  const std::string path(file);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failed("cannot open a file", path, errno);
  std::string out;
  std::array<char, 16 << 10> buffer;
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read a file", path, errno);
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > kFileOctetsMax)
      return fail(Kind::over_limit, "the file is too large", path);
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<Done> OsDisk::replace(std::string_view file, std::string_view octets, unsigned mode) {
  const std::string path(file);
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  PH_TRY([[maybe_unused]] const Done made, make_folder(folder));
  std::string draft = path + ".XXXXXX";  // mkostemp makes it 0600, under a name that is free
  Fd fd(::mkostemp(draft.data(), O_CLOEXEC));
  if (fd.get() < 0) return failed("cannot make a file", draft, errno);
  auto written = write_all(fd, octets, draft);
  if (written && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0))
    written = failed("cannot sync a file", draft, errno);
  if (written && std::rename(draft.c_str(), path.c_str()) != 0)
    written = failed("cannot put a file in its place", path, errno);
  if (!written) {
    ::unlink(draft.c_str());
    return written;
  }
  return sync_folder(folder.string());
}

Result<std::uint64_t> OsDisk::free_octets(std::string_view folder) {
  const std::string path(folder);
  struct statvfs found{};
  if (::statvfs(path.c_str(), &found) != 0) return failed("cannot ask for free space", path, errno);
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

}  // namespace ph::rt::os
