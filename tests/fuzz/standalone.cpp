// SPDX-License-Identifier: BSL-1.0
// Stands in for libFuzzer with any compiler: replays every file of the folders given, then seeded
// mutations of them. The same run every time.
//   fuzz_<target> [--mutations n] [--seed n] file-or-folder...

#include "fuzz.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct options {
  std::uint64_t mutations = 0;
  std::uint64_t seed = 20240506;
  std::vector<fs::path> inputs;
};

bool parse(int count, char** arguments, options& to) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name != "--mutations" && name != "--seed") {
      to.inputs.emplace_back(name);
      continue;
    }
    if (++i == count) return false;
    const std::string_view digits = arguments[i];
    std::uint64_t& value = name == "--seed" ? to.seed : to.mutations;
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (bad != std::errc{} || end != digits.data() + digits.size()) return false;
  }
  return !to.inputs.empty();
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// In the order of their names, for a directory has none. A folder that is not there has no files.
std::vector<fs::path> files_of(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    if (fs::is_regular_file(input)) files.push_back(input);
    if (!fs::is_directory(input)) continue;
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    for (const auto& entry : fs::recursive_directory_iterator(input)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin() + first, files.end());
  }
  return files;
}

/// On the heap at its exact size, so that a sanitizer sees a read of one byte too many.
void run(const std::string& input) {
  std::vector<std::uint8_t> exact(input.size());
  if (!input.empty()) std::memcpy(exact.data(), input.data(), input.size());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void mutate(std::string& text, const std::vector<std::string>& corpus, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  const std::size_t at = below(text.size() + 1);
  const std::size_t length = below(std::min<std::size_t>(text.size() - at, 16) + 1);
  switch (random() % 7) {
    case 0:
      text.insert(at, 1, static_cast<char>(random()));
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(below(text.size() + 1), text.substr(at, length));
      break;
    case 3:
      text.resize(at);
      break;
    case 4: {
      const std::string& other = corpus[below(corpus.size())];
      text.replace(at, std::string::npos, other, below(other.size() + 1));
      break;
    }
    default:
      if (at == text.size()) break;
      text[at] = (random() & 1U) != 0 ? static_cast<char>(random())
                                      : static_cast<char>(text[at] ^ (1 << below(8)));
  }
}

volatile std::uint64_t current_seed = 0;

extern "C" void tell_seed(int) {
  // Not async-signal-safe, which is no matter to a program about to die of abort().
  std::fprintf(
      stderr,
      "to see this again: --mutations 1 --seed %llu\n",
      static_cast<unsigned long long>(current_seed)
  );
}

}  // namespace

int main(int count, char** arguments) {
  options chosen;
  if (!parse(count, arguments, chosen)) {
    std::fprintf(stderr, "usage: %s [--mutations n] [--seed n] file-or-folder...\n", arguments[0]);
    return 2;
  }
  std::vector<std::string> corpus;
  for (const fs::path& file : files_of(chosen.inputs)) {
    // Named before it runs: if it crashes, this line tells which it was.
    std::printf("%s\n", file.filename().string().c_str());
    std::fflush(stdout);
    run(corpus.emplace_back(content_of(file)));
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no input file in any of the folders given\n", arguments[0]);
    return 2;
  }
  run({});
  std::signal(SIGABRT, tell_seed);
  for (std::uint64_t i = 0; i < chosen.mutations; ++i) {
    // One generator for each, so that a failing one can be run again by its seed alone.
    std::mt19937_64 random(chosen.seed + i);
    std::string text = corpus[random() % corpus.size()];
    for (std::uint64_t n = 1 + random() % 4; n > 0; --n) mutate(text, corpus, random);
    current_seed = chosen.seed + i;
    run(text);
  }
  std::printf(
      "%zu files and %llu mutations from seed %llu\n",
      corpus.size(),
      static_cast<unsigned long long>(chosen.mutations),
      static_cast<unsigned long long>(chosen.seed)
  );
  return 0;
}
