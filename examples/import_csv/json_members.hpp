// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_JSON_MEMBERS_HPP
#define IMPORT_CSV_JSON_MEMBERS_HPP

#include <boost/json/value.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace import_csv {

using problems = std::vector<std::string>;

/// Takes the members of one JSON object, and notes each that is of the wrong kind, or unknown, with
/// its path. A member that is absent, or wrong, leaves what it is read into as it is.
class json_members {
 public:
  json_members(const boost::json::value& v, std::string path, problems& noted);
  json_members(const json_members&) = delete;
  json_members& operator=(const json_members&) = delete;

  [[nodiscard]] const boost::json::value* find(std::string_view name);
  [[nodiscard]] std::string path_of(std::string_view name) const;
  void complain(std::string_view name, std::string_view what);
  [[nodiscard]] problems& noted() noexcept { return noted_; }

  void read(std::string_view name, std::string& out);
  void read(std::string_view name, bool& out);
  void read(std::string_view name, double& out);
  void read(std::string_view name, char& out);
  void read(std::string_view name, std::optional<char>& out);  ///< null: none
  void read(std::string_view name, std::vector<std::string>& out);
  /// A number as text, or a whole one as a number: any other JSON number may have been rounded.
  void read_decimal(std::string_view name, std::string& out);
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  void read(std::string_view name, Number& out) {
    if (const auto n = whole_number(name)) {
      if (std::in_range<Number>(*n)) {
        out = static_cast<Number>(*n);
      } else {
        complain(name, "is below 0");
      }
    }
  }
  template <class Enum>
  void read(
      std::string_view name,
      Enum& out,
      std::initializer_list<std::pair<std::string_view, Enum>> words
  ) {
    std::vector<std::string_view> spellings;
    for (const auto& w : words) spellings.push_back(w.first);
    if (const auto i = word(name, spellings)) out = words.begin()[*i].second;
  }

  /// Complains about members nobody has asked for. `where`: `" in a column of type text"`.
  void finish(std::string_view where = {});

 private:
  [[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view name);
  [[nodiscard]] std::optional<std::size_t> word(
      std::string_view name, const std::vector<std::string_view>& spellings
  );

  const boost::json::object* object_;
  std::string path_;
  problems& noted_;
  std::vector<std::string_view> asked_;
};

/// `; did you mean "scale"?`, or `; there are ...` if nothing is near.
[[nodiscard]] std::string suggestion(
    std::string_view word, const std::vector<std::string_view>& candidates
);

}  // namespace import_csv

#endif
