// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_STATEMENT_WRITER_HPP
#define SCALEKIT_SRC_KEYSET_STATEMENT_WRITER_HPP

#include "keyset/plan.hpp"
#include "keyset/segments.hpp"

#include <scalekit/keyset/compiler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// Spells one statement, giving each value one parameter where the dialect can name it twice.
class statement_writer {
 public:
  enum class names : unsigned char { as_they_are, numbered };

  statement_writer(const plan& p, const key_range& range) : plan_(&p), range_(&range) {}

  void select(const piece& s, names n);
  /// One SELECT over all pieces, each limited, merged in order.
  void select_union(const std::vector<piece>& pieces);
  /// The same, and the rows of another range (marked by a last column) in front of them.
  void select_page(
      const std::vector<piece>& pieces,
      const plan& back,
      const key_range& in_front,
      const std::vector<piece>& pieces_in_front
  );

  [[nodiscard]] statement take() && { return std::move(out_); }

 private:
  enum class origin : unsigned char { fixed, filter, from, after, up_to, limit };

  void select_segment(const segment& s);
  void select_by_row_value();
  void select_list(names n);
  void outer_select_list();
  void members(const std::vector<piece>& pieces);
  void from();
  void fixed();
  void filters();
  void where();
  void pinned(const segment& s);
  void free_column(const segment& s);
  void at_most_up_to(std::size_t from);
  void order_by(std::size_t first, std::size_t free);
  void order_column(const std::string& text, const plan_column& c, bool values_only);
  void outer_order_by();
  void limit(std::int64_t rows);
  void row_value(std::string_view op, origin o, std::span<const sql::value> key);
  void bind(origin o, std::size_t index, const sql::value& v);
  void bind_fragment(origin o, std::size_t index, const sql::fragment& f);
  [[nodiscard]] const std::size_t* number_of(origin o, std::size_t index) const;

  struct bound {
    origin from;
    std::size_t index;
    std::size_t number;
  };

  const plan* plan_;
  const key_range* range_;
  statement out_;
  std::vector<bound> bound_;
  std::string_view marker_ = {};  // an expression selected behind all others
  bool has_where_ = false;
};

}  // namespace scalekit::inline v0::keyset::detail

#endif
