// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_EXPORT_FIXTURE_HPP
#define SCALEKIT_TESTS_HTTP_EXPORT_FIXTURE_HPP

#include "fakes.hpp"
#include "raw_client.hpp"

#include <scalekit/crypto/sha256.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/http/export_endpoint.hpp>
#include <scalekit/http/fields.hpp>
#include <scalekit/http/server.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

namespace scalekit::test {

inline std::string sha256_field(std::string_view text) {
  crypto::sha256 hash;
  hash.update(as_bytes(text));
  const auto raw = hash.value();
  return http::digest_field("sha-256", as_text(raw));
}

/// A server with one endpoint at `/export` that plays `plan`.
struct export_fixture {
  explicit export_fixture(
      http::export_endpoint_options o = {}, http::server_options web_options = {}
  )
      : endpoint(pool, complete(std::move(o))), web(std::move(web_options)) {
    REQUIRE(web.route("/export", endpoint));
    REQUIRE(web.route("GET", "/other", [](const http::request&) {
      return http::response::text(200, "other");
    }));
    REQUIRE(web.start());
  }

  http::export_endpoint_options complete(http::export_endpoint_options o) {
    o.metrics = &metrics;
    o.log = [this](log_level, std::string_view) { logged.add(); };
    if (!o.define) {
      o.define = [this](const http::request& r) -> result<http::export_definition> {
        if (r.query("deny")) return error(errc::not_found, "no such report");
        const auto open = [this](sql::connection&) {
          return result<std::unique_ptr<bulk::chunk_source>>(play(plan));
        };
        return http::export_definition{
            .what = http::custom_export{"fake", open}, .file_name = file_name};
      };
    }
    return o;
  }

  [[nodiscard]] raw_client client(int receive_buffer = 0) const {
    return raw_client(web.port(), receive_buffer);
  }
  /// Everything has been given back.
  [[nodiscard]] bool settles() {
    return metrics["scalekit_http_export_active"].becomes(0) && pool.out.becomes(0) &&
           plan->alive.becomes(0) && endpoint.stats().running.empty();
  }

  std::shared_ptr<script> plan = std::make_shared<script>();
  std::string file_name = "export.csv";
  watched_metrics metrics;
  tally logged;
  fake_pool pool;
  http::export_endpoint endpoint;
  http::server web;
};

}  // namespace scalekit::test

#endif
