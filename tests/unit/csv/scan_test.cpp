// SPDX-License-Identifier: BSL-1.0
#include "csv/scan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace scan = scalekit::csv::scan;

namespace {

constexpr std::size_t slack = scan::block_size;
const scan::special_characters special(',', '"');

/// Random text in which every byte value occurs and `special_share` of 256 are special.
std::string random_text(std::mt19937& random, std::size_t n, unsigned special_share) {
  constexpr std::string_view specials = ",\"\n\r";
  std::string text(n, '\0');
  for (char& c : text) {
    const auto r = random();
    c = (r & 255U) < special_share ? specials[(r >> 8) % specials.size()]
                                   : static_cast<char>(r >> 16);
  }
  return text;
}

bool model_find(std::string_view text) {
  return text.find_first_of(",\"\n\r") != std::string_view::npos;
}

std::string model_double(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out;
}

/// Both passes of one implementation against the model.
template <class Implementation>
bool agrees(std::string_view text) {
  std::string copy(text.size() + slack, '#');
  if (Implementation::copy_and_find(copy.data(), text, special) != model_find(text)) return false;
  if (std::string_view(copy).substr(0, text.size()) != text) return false;
  std::string doubled(2 * text.size() + slack, '#');
  const char* const end = Implementation::copy_doubling(doubled.data(), text, '"');
  return std::string_view(doubled.data(), static_cast<std::size_t>(end - doubled.data())) ==
         model_double(text);
}

/// Memory whose first and last byte have an unreadable page beside them.
class guarded_pages {
 public:
  guarded_pages() : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    void* const all = ::mmap(nullptr, 3 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(all != MAP_FAILED);
    begin_ = static_cast<char*>(all) + page_;
    REQUIRE(::mprotect(begin_, page_, PROT_READ | PROT_WRITE) == 0);
  }
  guarded_pages(const guarded_pages&) = delete;
  guarded_pages& operator=(const guarded_pages&) = delete;
  ~guarded_pages() { ::munmap(begin_ - page_, 3 * page_); }

  [[nodiscard]] char* begin() const { return begin_; }
  [[nodiscard]] char* end() const { return begin_ + page_; }

 private:
  std::size_t page_;
  char* begin_;
};

}  // namespace

TEST_CASE_TEMPLATE("every length at every alignment", T, scan::scalar, scan::native) {
  std::mt19937 random(7);
  bool all_agree = true;
  for (std::size_t n = 0; n <= 200; ++n) {
    for (std::size_t shift = 0; shift < scan::block_size; ++shift) {
      for (const unsigned share : {0U, 2U, 40U, 256U}) {
        const std::string text = random_text(random, shift + n, share);
        all_agree = all_agree && agrees<T>(std::string_view(text).substr(shift));
      }
    }
  }
  CHECK(all_agree);
}

TEST_CASE_TEMPLATE("one special character at every place is found", T, scan::scalar, scan::native) {
  for (std::size_t n = 1; n <= 200; ++n) {
    for (std::size_t at = 0; at < n; ++at) {
      for (const char c : {',', '"', '\n', '\r'}) {
        std::string text(n, 'a');
        text[at] = c;
        REQUIRE(agrees<T>(text));
      }
    }
  }
}

TEST_CASE_TEMPLATE("every single byte value", T, scan::scalar, scan::native) {
  for (int value = 0; value < 256; ++value) {
    for (const std::size_t n : {1U, 2U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 33U}) {
      REQUIRE(agrees<T>(std::string(n, static_cast<char>(value))));
    }
  }
}

TEST_CASE_TEMPLATE("nothing outside the text is read", T, scan::scalar, scan::native) {
  const guarded_pages pages;
  std::mt19937 random(11);
  for (std::size_t n = 0; n <= 200; ++n) {
    const std::string text = random_text(random, n, 20);
    std::copy(text.begin(), text.end(), pages.begin());
    REQUIRE(agrees<T>({pages.begin(), n}));
    std::copy(text.begin(), text.end(), pages.end() - n);
    REQUIRE(agrees<T>({pages.end() - n, n}));
  }
}

TEST_CASE_TEMPLATE(
    "no more than a block beyond the end is written", T, scan::scalar, scan::native
) {
  std::mt19937 random(13);
  for (std::size_t n = 0; n <= 100; ++n) {
    const std::string text = random_text(random, n, 60);
    std::string copy(n + 64, '#');
    static_cast<void>(T::copy_and_find(copy.data(), text, special));
    CHECK(copy.substr(n + slack - 1).find_first_not_of('#') == std::string::npos);
    std::string doubled(2 * n + 64, '#');
    const char* const end = T::copy_doubling(doubled.data(), text, '"');
    const auto written = static_cast<std::size_t>(end - doubled.data());
    CHECK(doubled.substr(written + slack - 1).find_first_not_of('#') == std::string::npos);
  }
}

TEST_CASE("long random texts are the same to every implementation") {
  std::mt19937 random(17);
  for (int i = 0; i < 200; ++i) {
    const std::string text = random_text(random, random() % 20'000, static_cast<unsigned>(i % 30));
    REQUIRE(agrees<scan::scalar>(text));
    REQUIRE(agrees<scan::native>(text));
  }
}
