// SPDX-License-Identifier: BSL-1.0
#include "bulk/ascii.hpp"
#include "bulk/field_types.hpp"
#include "bulk/near_miss.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

/// A fixed list of words, each standing for a value: enumerations and booleans.
class word_reader final : public field_reader {
 public:
  word_reader(letter_case letters, std::string_view noun) : letters_(letters), noun_(noun) {}

  /// False if the word is there already.
  bool add(const std::string& word, sql::value stands_for) {
    entry made{letters_ == letter_case::fold ? folded(word) : word, std::move(stands_for)};
    const auto at = position_of(made.word);
    if (at != entries_.end() && at->word == made.word) return false;
    longest_ = std::max(longest_, made.word.size());
    entries_.insert(at, std::move(made));
    spellings_.push_back(word);
    return true;
  }

  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const override {
    if (text.size() > longest_) return flaw::shape;
    if (letters_ == letter_case::fold) {
      memory.resize(text.size());
      std::transform(text.begin(), text.end(), memory.begin(), to_lower);
      text = memory;
    }
    const auto at = position_of(text);
    if (at == entries_.end() || at->word != text) return flaw::shape;
    out = at->stands_for.view();
    return flaw::none;
  }

  explanation explain(flaw, std::string_view text) const override {
    constexpr std::size_t shown = 10;
    std::string message = quoted(text) + " is not " + noun_ + ": ";
    for (std::size_t i = 0; i < std::min(shown, spellings_.size()); ++i) {
      message.append(i == 0 ? "" : ", ").append(spellings_[i]);
    }
    if (spellings_.size() > shown) {
      message += " and " + std::to_string(spellings_.size() - shown) + " more";
    }
    const auto near = nearest(text, spellings_);
    return {std::move(message), near ? "write " + quoted(spellings_[*near]) : std::string()};
  }

 private:
  struct entry {
    std::string word;
    sql::value stands_for;
  };

  /// By length first: that decides most comparisons.
  [[nodiscard]] std::vector<entry>::const_iterator position_of(std::string_view word) const {
    return std::lower_bound(
        entries_.begin(),
        entries_.end(),
        word,
        [](const entry& e, std::string_view w) {
          return e.word.size() != w.size() ? e.word.size() < w.size() : e.word < w;
        }
    );
  }

  letter_case letters_;
  std::string noun_;
  std::vector<entry> entries_;
  std::vector<std::string> spellings_;
  std::size_t longest_ = 0;
};

}  // namespace

field_reader_ptr make_enumeration_reader(
    const enumeration_words& words, std::vector<std::string>& problems
) {
  auto made = std::make_unique<word_reader>(words.letters, "one of the words allowed");
  if (words.words.empty()) problems.emplace_back("enumeration: it has no words");
  for (const enum_word& w : words.words) {
    if (w.word.empty()) problems.emplace_back("enumeration: a word is empty");
    if (!made->add(w.word, w.stored ? *w.stored : sql::value(w.word))) {
      problems.push_back("enumeration: the word " + quoted(w.word) + " is there twice");
    }
  }
  return made;
}

field_reader_ptr make_boolean_reader(
    const boolean_words& words, std::vector<std::string>& problems
) {
  auto made = std::make_unique<word_reader>(letter_case::fold, "yes or no");
  if (words.yes.empty() || words.no.empty()) {
    problems.emplace_back("boolean: words for yes and for no are needed");
  }
  const auto add_all = [&](const std::vector<std::string>& list, std::int64_t stands_for) {
    for (const std::string& word : list) {
      if (word.empty()) problems.emplace_back("boolean: a word is empty");
      if (!made->add(word, stands_for)) {
        problems.push_back("boolean: the word " + quoted(word) + " is there twice");
      }
    }
  };
  add_all(words.yes, 1);
  add_all(words.no, 0);
  return made;
}

}  // namespace scalekit::inline v0::bulk
