#include "rt/os/event_loops.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace ph::rt::os {

struct EventLoops::Loop {
  boost::asio::io_context context{1};  // one thread runs it; others may post
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running{
      context.get_executor()};
  std::thread thread;
};

EventLoops::EventLoops(unsigned threads) {
  for (unsigned i = 0; i < std::clamp(threads, 1U, kEventLoopsMax); ++i)
    loops_.push_back(std::make_unique<Loop>());
}

EventLoops::~EventLoops() {
  stop();
  join();
}

std::vector<Executor> EventLoops::executors() const {
  std::vector<Executor> out;
  for (const auto& loop : loops_) out.emplace_back(loop->context.get_executor());
  return out;
}

void EventLoops::run() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    Loop& loop = *loops_[i];
    loop.thread = std::thread([&loop, name = fmt::format("loop-{}", i)] {
      ::pthread_setname_np(::pthread_self(), name.c_str());
      loop.context.run();
    });
  }
}

void EventLoops::stop() {
  for (const auto& loop : loops_) loop->context.stop();
}

void EventLoops::join() {
  for (const auto& loop : loops_)
    if (loop->thread.joinable()) loop->thread.join();
}

}  // namespace ph::rt::os
