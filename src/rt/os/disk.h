// Small files, read and replaced as a whole.
#pragma once

#include "rt/world.h"

namespace ph::rt::os {

class OsDisk final : public Disk {
 public:
  /// not_found, refused (rights), over_limit, unavailable.
  Result<std::string> read(std::string_view file) override;
  /// After a failure the file is as it was.
  Result<Done> replace(std::string_view file, std::string_view octets, unsigned mode) override;
  Result<std::uint64_t> free_octets(std::string_view folder) override;
};

}  // namespace ph::rt::os
