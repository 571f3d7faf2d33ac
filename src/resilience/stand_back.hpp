// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_STAND_BACK_HPP
#define SCALEKIT_SRC_RESILIENCE_STAND_BACK_HPP

namespace scalekit::inline v0::resilience {

/// \brief Waits for a few hundred cycles after a compare-and-swap that failed.
///
/// The thread that won has the word in its cache and gets through its next calls meanwhile, instead
/// of losing the word with each of them (constant backoff: Dice, Hendler and Mirsky, "Lightweight
/// Contention Management for Efficient Compare-and-Swap Operations", 2013). `bench/limiter.cpp` shows
/// two threads at one bucket beside a bare loop of compare-and-swap.
inline void stand_back() noexcept {
  for (int i = 0; i < 16; ++i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
}

}  // namespace scalekit::inline v0::resilience

#endif
