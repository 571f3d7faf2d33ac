// SPDX-License-Identifier: BSL-1.0
// Files of many blocks, scanned by several threads.
#include "splitter_support.hpp"
#include "worker_pool.hpp"

#include <scalekit/csv/splitter.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace scalekit;
using csv::memory_file;
using csv::split_options;
using csv_test::check_split;
using csv_test::read_whole;
using task = std::function<void()>;

namespace {

constexpr std::size_t block = std::size_t{256} * 1024;

/// Keeps what it is given: a digest that hides nothing.
class collecting_digest final : public digest {
 public:
  [[nodiscard]] std::string_view algorithm() const noexcept override { return "none"; }
  void update(bytes_view data) noexcept override { all_.append(as_text(data)); }
  [[nodiscard]] bytes value() const override { return {}; }
  [[nodiscard]] std::string save() const override { return all_; }
  [[nodiscard]] result<void> restore(std::string_view state) override {
    all_ = state;
    return {};
  }

 private:
  std::string all_;
};

/// Its bytes can only be had in order, and a few at a time.
class stream_file final : public csv::input_file {
 public:
  explicit stream_file(std::string_view text) : text_(text) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "stream"; }
  [[nodiscard]] bool seekable() const noexcept override { return false; }
  result<std::unique_ptr<csv::byte_source>> open(std::uint64_t offset) override {
    return std::unique_ptr<csv::byte_source>(new source(text_.substr(offset)));
  }

 private:
  class source final : public csv::byte_source {
   public:
    explicit source(std::string_view text) : inner_(text) {}
    result<std::size_t> read(std::span<char> into) override {
      return inner_.read(into.first(std::min<std::size_t>(into.size(), 5000)));
    }

   private:
    csv::memory_source inner_;
  };
  std::string_view text_;
};

std::string large_file(unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < 4 * block + 1000) text += csv_test::random_rfc(random, 2000) + "\n";
  return text;
}

}  // namespace

TEST_CASE("several threads find what one finds") {
  const std::string text = large_file(1);
  memory_file file(text);
  scalekit_tests::worker_pool pool(3);
  for (const split_options& how :
       {split_options{.every_records = 1000},
        split_options{.every_bytes = 100'000},
        split_options{.every_bytes = block},
        split_options{}}) {
    const csv::split_plan alone = csv::split(file, {}, how).value();
    CHECK(alone.regular);
    for (const std::size_t in_flight : {1U, 2U, 8U}) {
      split_options parallel = how;
      parallel.executor = pool.executor();
      parallel.max_in_flight = in_flight;
      const csv::split_plan together = csv::split(file, {}, parallel).value();
      CHECK(together.points == alone.points);
      CHECK(together.end == alone.end);
      CHECK(together.content_hash == alone.content_hash);
    }
  }
  CHECK(
      check_split(file, {}, {.every_bytes = 100'000, .executor = pool.executor()}).points.size() > 5
  );
}

TEST_CASE("records longer than blocks, and blocks that begin in quotes") {
  std::string text = "id,note\n";
  for (const std::size_t size : {block - 20, block, 2 * block + 5, std::size_t{10}, 3 * block}) {
    text += "1,\"" + std::string(size, '\n') + "\"\n2,b\n\n\n";
  }
  memory_file file(text);
  scalekit_tests::worker_pool pool(2);
  for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{4}}) {
    check_split(file, {}, {.every_records = n, .executor = pool.executor()});
    check_split(file, {}, {.every_bytes = n * block, .executor = pool.executor()});
  }
}

TEST_CASE("what is beside the edge of a block is not overlooked") {
  // Each text once with its middle at every place around the edge between two blocks.
  for (const std::string_view middle :
       {"a\"b",
        "\"x\"y,",
        "\"x\"\"y\"",
        "\"\"\"\"",
        "x\r\ny",
        "x\ry",
        "x\r\n\r\ny",
        "\n\n\n",
        "\",\"",
        "\"\r\n\"\n",
        "\"\n\""}) {
    for (std::size_t before = 0; before <= middle.size(); ++before) {
      CAPTURE(middle);
      CAPTURE(before);
      std::string text = "id,note\n";
      while (text.size() + 100 < block - before) text += "1,a line of some sort\n";
      text.append(block - before - 1 - text.size(), 'x');
      text += '\n';
      text.append(middle).append("\n2,b\n3,c\n");
      memory_file file(text);
      check_split(file, {}, {.every_records = before % 2 == 0 ? 1U : 5000U});
    }
  }
}

TEST_CASE("a stray quote is seen in a block that begins in quotes") {
  for (const std::string_view stray : {"a\"b\nc\"\n", "\"x\"y\n\"z\"\n", "x\ry\n"}) {
    CAPTURE(stray);
    std::string text = "id,note\n1,\"" + std::string(block, 'x') + "\"\n";
    text.append(stray).append("2,b\n");
    memory_file file(text);
    CHECK_FALSE(check_split(file, {}, {.every_records = 1}).regular);
  }
}

TEST_CASE("an irregular place far in the file has it read, and nothing lost") {
  std::string text = large_file(2);
  text.insert(3 * block + 17, "x\"y\n");
  memory_file file(text);
  scalekit_tests::worker_pool pool(2);
  CHECK_FALSE(check_split(file, {}, {.every_records = 500, .executor = pool.executor()}).regular);
}

TEST_CASE("executors that are late, or drop tasks, cost time only") {
  const std::string text = large_file(3);
  memory_file file(text);
  const csv::split_plan plan = csv::split(file, {}, {.every_records = 777}).value();
  std::vector<task> late;
  for (const bool drop : {true, false}) {
    split_options how{.every_records = 777, .max_in_flight = 2};
    how.executor = [&](task t) {
      if (!drop) late.push_back(std::move(t));
    };
    CHECK(csv::split(file, {}, how).value().points == plan.points);
  }
  for (const task& t : late) t();
}

TEST_CASE("a digest gets every byte once, in order, and so from a stream") {
  scalekit_tests::worker_pool pool(2);
  for (const bool regular : {true, false}) {
    const std::string text = large_file(4) + (regular ? "" : "a\"b\n");
    memory_file file(text);
    stream_file stream(text);
    std::vector<csv::split_plan> plans;
    for (csv::input_file* from :
         {static_cast<csv::input_file*>(&file), static_cast<csv::input_file*>(&stream)}) {
      collecting_digest seen;
      plans.push_back(
          csv::split(
              *from, {}, {.every_records = 100, .executor = pool.executor(), .digest = &seen}
          )
              .value()
      );
      CHECK(seen.save() == text);
    }
    CHECK(plans[0].points == plans[1].points);
    CHECK(plans[0].content_hash == plans[1].content_hash);
    CHECK(plans[0].regular == regular);
  }
}
