#include "rt/task.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace ph::rt {

void spawn(Executor executor, Task<void> task) {
  boost::asio::co_spawn(std::move(executor), std::move(task), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace ph::rt
