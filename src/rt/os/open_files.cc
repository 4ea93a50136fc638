#include "rt/os/open_files.h"

#include <sys/resource.h>

namespace ph::rt::os {

std::size_t raise_open_files_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  if (files.rlim_cur < files.rlim_max) {
    rlimit most = files;
    most.rlim_cur = most.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &most) == 0) files = most;
  }
  return files.rlim_cur;
}

}  // namespace ph::rt::os
