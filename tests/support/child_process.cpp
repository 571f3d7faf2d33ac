// SPDX-License-Identifier: BSL-1.0
#include "child_process.hpp"

#include "temp_folder.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace scalekit_tests {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Runs in the child, where only what is safe after a fork of a threaded program may be called.
[[noreturn]] void become(
    char* const* argv,
    char* const* environment,
    int output,
    const child_options& options,
    gid_t group
) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.user &&
      (::setgroups(0, nullptr) != 0 || ::setgid(group) != 0 || ::setuid(*options.user) != 0)) {
    ::_exit(126);
  }
  // Changing user has dropped it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

child_process::child_process(const std::vector<std::string>& argv, const child_options& options) {
  std::vector<std::string> words = argv;
  if (const std::string found = find_program(words.at(0)); !found.empty()) words[0] = found;
  std::vector<std::string> variables = options.environment;
  for (char** v = environ; *v != nullptr; ++v) variables.emplace_back(*v);
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  gid_t group = 0;
  if (options.user) {
    if (const passwd* entry = ::getpwuid(*options.user)) group = entry->pw_gid;
  }
  const std::string log = options.log.empty() ? "/dev/null" : options.log;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) fail(log);
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), environment.data(), output, options, group);
  ::close(output);
  if (pid_ < 0) fail(words[0]);
}

child_process::child_process(child_process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

child_process& child_process::operator=(child_process&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    status_ = other.status_;
  }
  return *this;
}

child_process::~child_process() { kill(); }

bool child_process::is_running() {
  if (pid_ < 0) return false;
  if (::waitpid(pid_, &status_, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void child_process::send(int signal_number) const {
  if (pid_ > 0) ::kill(pid_, signal_number);
}

int child_process::wait() {
  if (pid_ > 0) {
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

void child_process::kill() {
  if (pid_ <= 0) return;
  send(SIGKILL);
  wait();
}

void run(const std::vector<std::string>& argv, const child_options& options) {
  const temp_folder folder;
  child_options logged = options;
  if (logged.log.empty()) logged.log = folder / "output";
  if (const int code = child_process(argv, logged).wait(); code != 0) {
    std::ostringstream text;
    text << std::ifstream(logged.log).rdbuf();
    throw std::runtime_error(argv[0] + " ended with " + std::to_string(code) + ": " + text.str());
  }
}

std::string find_program(const std::string& name, const std::vector<std::string>& folders) {
  const auto usable = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) return usable(name) ? name : "";
  std::vector<std::string> all = folders;
  const char* path = std::getenv("PATH");
  std::istringstream list(path != nullptr ? path : "");
  for (std::string folder; std::getline(list, folder, ':');) all.push_back(folder);
  // Where Debian puts servers, which is not on everybody's path.
  all.emplace_back("/usr/sbin");
  for (const std::string& folder : all) {
    if (std::string full = folder + "/" + name; usable(full)) return full;
  }
  return "";
}

// Below the range that outgoing connections take theirs from, or one of those might have it by the
// time a server is set up; and by process, for tests run side by side.
int free_port() {
  static std::atomic<int> calls{0};
  for (int tries = 0; tries < 100; ++tries) {
    const int port = 20'000 + (::getpid() * 31 + calls++ * 977) % 12'000;
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    ::close(fd);
    if (free) return port;
  }
  fail("a free port");
}

std::optional<uid_t> unprivileged_user() {
  if (::geteuid() != 0) return std::nullopt;
  const passwd* nobody = ::getpwnam("nobody");
  if (nobody == nullptr) throw std::runtime_error("there is no user nobody to run servers as");
  return nobody->pw_uid;
}

bool wait_until(const std::function<bool()>& ready, int seconds) {
  for (int i = 0; i < seconds * 100; ++i) {
    if (ready()) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

}  // namespace scalekit_tests
