// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_TEMP_FOLDER_HPP
#define SCALEKIT_TESTS_SUPPORT_TEMP_FOLDER_HPP

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace scalekit_tests {

/// A folder of its own for one test, gone with it.
class temp_folder {
 public:
  temp_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "scalekit-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;
  ~temp_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace scalekit_tests

#endif
