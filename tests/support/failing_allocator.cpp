// SPDX-License-Identifier: BSL-1.0
#include "failing_allocator.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace scalekit_tests {
std::atomic<bool> memory_is_left{true};
}  // namespace scalekit_tests

void* operator new(std::size_t size) {
  if (!scalekit_tests::memory_is_left) throw std::bad_alloc();
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

// What Asio allocates by.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
  void* p = nullptr;
  const std::size_t least = std::max(alignment, sizeof(void*));
  if (!scalekit_tests::memory_is_left || ::posix_memalign(&p, least, size) != 0) return nullptr;
  return p;
}
