// SPDX-License-Identifier: BSL-1.0
// What an export answers, and with which headers: the part of export_job that reads the request.
#include "http/export_job.hpp"
#include "ports/http_text.hpp"

#include <scalekit/encoding.hpp>

#include <utility>

namespace scalekit::inline v0::http {

namespace {

// RFC 8673 section 2.2: the last position of a range whose end nobody knows yet.
constexpr std::uint64_t unknown_last = 9007199254740991;

void put(fields& f, std::string_view name, std::string_view value) {
  static_cast<void>(f.set(name, value));  // every caller's value is made here, of safe parts
}

export_head whole(response r) {
  return {.status = r.status, .headers = std::move(r.headers), .body = std::move(r.body)};
}

export_head unsatisfiable(std::optional<std::uint64_t> total) {
  auto r = problem(416, "the export ends before the range asked for");
  if (total) put(r.headers, "Content-Range", "bytes */" + std::to_string(*total));
  return whole(std::move(r));
}

/// The target with `export=id` in place of any it had: where exactly this export is.
std::string location_of(const request& r, std::string_view id) {
  std::string out = r.parsed.path + "?";
  auto [path, query] = cut(r.target, '?');
  while (!query.empty()) {
    const auto [pair, rest] = cut(query, '&');
    query = rest;
    const auto key = percent_decode(cut(pair, '=').first, plus::blank);
    if (!pair.empty() && (!key || *key != "export")) out.append(pair).push_back('&');
  }
  return out.append("export=").append(id);
}

std::string content_range(std::uint64_t first, std::uint64_t last, std::string_view total) {
  return "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::string(total);
}

}  // namespace

bool export_job::resumable() const noexcept {
  return endpoint_->options.store != nullptr &&
         std::holds_alternative<bulk::export_options>(definition_->what);
}

const std::string& export_job::name() const noexcept {
  const auto* custom = std::get_if<custom_export>(&definition_->what);
  return custom != nullptr ? custom->name
                           : std::get_if<bulk::export_options>(&definition_->what)->name;
}

export_job::wish export_job::read_wish() const {
  wish w;
  if (!resumable()) return w;
  const auto named = request_.query("export").value_or(std::string_view());
  const auto if_range = request_.headers.find("If-Range");
  // No id is empty, so neither is a tag that can match.
  const std::string_view tag =
      if_range ? strong_tag(*if_range).value_or(std::string_view()) : std::string_view();
  if (request_.headers.count("Range") == 1) {
    w.range = parse_range(*request_.headers.find("Range"));
  }
  if (!named.empty()) {
    w.id = named;
    w.id_is_named = true;
    if (if_range && tag != named) w.range.reset();
  } else if (w.range && !tag.empty()) {
    w.id = tag;
  } else {
    w.range.reset();  // of a new export nobody can have a part
  }
  return w;
}

export_job::answer export_job::choose_coding(wish& w) {
  const bool sent = request_.headers.contains("Accept-Encoding");
  const auto joined = request_.headers.joined("Accept-Encoding");
  auto accepted = accept_encoding(sent ? std::optional<std::string_view>(joined) : std::nullopt);
  if (endpoint_->options.compress == export_endpoint_options::compression::off) {
    accepted.gzip = accepted.prefers_gzip = false;
  }
  if (!accepted.identity && !accepted.gzip) {
    return whole(problem(406, "this export comes as identity or gzip; accept one of them"));
  }
  const bool keep_range = w.range && accepted.identity;
  const bool gzip = !keep_range && accepted.gzip && (accepted.prefers_gzip || !accepted.identity);
  if (gzip) {
    coding_ = content_coding::gzip;
    w.range.reset();
  }
  if (!w.range && !w.id_is_named) w.id.clear();
  return std::nullopt;
}

/// An export that cannot go on: for a client that insists, an error; else a new one instead.
export_job::answer export_job::refuse(wish& w, errc why) const {
  if (why == errc::invalid_argument) return unsatisfiable(std::nullopt);
  if (w.id_is_named && !request_.headers.contains("If-Range")) {
    if (why == errc::conflict) {
      return whole(problem(409, "the export's rows or definition have changed; start a new one"));
    }
    return whole(problem(410, "no such export, or it has expired; start a new one"));
  }
  w = {};
  return std::nullopt;
}

export_job::answer export_job::look_up(wish& w) {
  if (w.id.empty()) return std::nullopt;
  auto found = endpoint_->options.store->find(w.id, endpoint_->time().system_now());
  if (!found) return fail(found.error());
  if (!*found || (*found)->name != name()) return refuse(w, errc::not_found);
  w.totals = (*found)->totals;
  return resolve_range(w);
}

export_job::answer export_job::resolve_range(wish& w) const {
  if (!w.range) return std::nullopt;
  const auto [first, last] = *w.range;
  if (!w.totals) {
    // Without the length, neither the last 500 bytes nor a bounded range can be promised.
    if (!first || (last && *last < unknown_last)) {
      w.range.reset();
    } else {
      w.first = *first;
    }
    return std::nullopt;
  }
  const std::uint64_t total = w.totals->bytes;
  w.first = first ? *first : total - std::min(total, *last);
  if (w.first >= total) return unsatisfiable(total);
  w.last = first && last ? std::min(*last, total - 1) : total - 1;
  return std::nullopt;
}

void export_job::describe(fields& out) const {
  const bool gzip = coding_ == content_coding::gzip;
  const bool ranges = resumable() && !gzip;
  put(out, "Content-Type", definition_->content_type);
  put(out, "Content-Disposition", attachment(definition_->file_name));
  put(out, "Cache-Control", "no-store");
  put(out, "X-Content-Type-Options", "nosniff");
  put(out, "X-Accel-Buffering", "no");
  put(out, "Vary", "Accept-Encoding");
  put(out, "Accept-Ranges", ranges ? "bytes" : "none");
  if (gzip) put(out, "Content-Encoding", "gzip");
}

export_head export_job::head_only(const wish& w) const {
  export_head head{.status = w.whole() ? 200 : 206};
  describe(head.headers);
  if (w.id.empty()) return head;
  const bool gzip = coding_ == content_coding::gzip;
  put(head.headers, "ETag", "\"" + w.id + (gzip ? "-gzip\"" : "\""));
  put(head.headers, "X-Export-Id", w.id);
  if (w.totals && !gzip) {
    const auto last = std::min(w.last, w.totals->bytes - 1);
    put(head.headers, "Content-Length", std::to_string(last + 1 - w.first));
    head.length_known = true;
    if (!w.whole()) {
      put(head.headers,
          "Content-Range",
          content_range(w.first, last, std::to_string(w.totals->bytes)));
    }
  } else if (!w.whole()) {
    put(head.headers, "Content-Range", content_range(w.first, unknown_last, "*"));
  }
  return head;
}

export_head export_job::begin(const wish& w, const export_chunk& first) {
  const std::uint64_t size = first.view().size();
  if (!w.whole() && ended_ && size == 0) return unsatisfiable(w.first);
  export_head head{.status = w.whole() ? 200 : 206, .streams = true};
  describe(head.headers);
  const std::string id = status().id;
  put(head.headers, "X-Export-Id", id);
  if (session_ != nullptr) {
    put(head.headers, "ETag", "\"" + id + (gzip_ ? "-gzip\"" : "\""));
    put(head.headers, "Content-Location", location_of(request_, id));
  }
  std::optional<std::uint64_t> length;
  if (ended_) {
    length = size;
  } else if (promised_) {
    length = *promised_ + size;
  }
  if (!w.whole()) {
    const auto total = session_->totals();
    put(head.headers,
        "Content-Range",
        content_range(
            w.first,
            length ? w.first + *length - 1 : unknown_last,
            total ? std::to_string(total->bytes) : "*"
        ));
  }
  head.length_known = length.has_value();
  if (length) {
    put(head.headers, "Content-Length", std::to_string(*length));
    for (const auto& f : trailers()) put(head.headers, f.name, f.value);
  } else {
    put(head.headers, "Transfer-Encoding", "chunked");
    put(head.headers, "Trailer", "Repr-Digest, X-Export-Rows");
  }
  return head;
}

export_head export_job::fail(const error& e) const {
  endpoint_->log(log_level::error, e.describe());
  const bool passes =
      e.retryable() || e.code() == errc::limit_exceeded || e.code() == errc::cancelled;
  auto outward = error(passes ? errc::unavailable : errc::internal);
  if (const auto wait = e.retry_after()) outward = std::move(outward).with_retry_after(*wait);
  return whole(problem(outward));
}

}  // namespace scalekit::inline v0::http
