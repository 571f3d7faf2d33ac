// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_CHILD_PROCESS_HPP
#define SCALEKIT_TESTS_SUPPORT_CHILD_PROCESS_HPP

#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace scalekit_tests {

struct child_options {
  std::string log;                       ///< file that takes its output, appended; empty: nowhere
  std::optional<uid_t> user;             ///< run as this user (with its group)
  std::vector<std::string> environment;  ///< NAME=VALUE, on top of ours
};

/// A program we started, killed by its pid (never by name) when this goes; the kernel kills it too
/// if we die without a word.
class child_process {
 public:
  child_process() = default;
  /// Throws std::system_error if it cannot be started.
  explicit child_process(const std::vector<std::string>& argv, const child_options& options = {});
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  ~child_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool is_running();
  void send(int signal_number) const;
  /// Waits for its end; the exit code, or 128 + the signal that ended it.
  int wait();
  /// SIGKILL and wait; nothing if it has ended.
  void kill();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
};

/// Runs a program to its end; throws std::runtime_error with its output if it fails.
void run(const std::vector<std::string>& argv, const child_options& options = {});

/// Where a program is: in `folders`, else on PATH; empty if nowhere.
[[nodiscard]] std::string find_program(
    const std::string& name, const std::vector<std::string>& folders = {}
);

/// A loopback port nobody listens on just now.
[[nodiscard]] int free_port();

/// The user servers that refuse root run as (`nobody`), if we are root.
[[nodiscard]] std::optional<uid_t> unprivileged_user();

/// Asks `ready` every few milliseconds; false if it does not hold within `seconds`.
[[nodiscard]] bool wait_until(const std::function<bool()>& ready, int seconds);

}  // namespace scalekit_tests

#endif
