// SPDX-License-Identifier: BSL-1.0
#include <scalekit/digest.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/log.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/random.hpp>
#include <scalekit/sql/fragment.hpp>
#include <scalekit/sql/transaction.hpp>
#include <scalekit/timestamp.hpp>

int main() {
  std::string sql;
  scalekit::sql::fragment("id = ").param(7).render(sql, scalekit::sql::dialect::postgres, 1);
  return sql == "id = $1" ? 0 : 1;
}
