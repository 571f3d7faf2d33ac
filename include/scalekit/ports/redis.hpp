// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_PORTS_REDIS_HPP
#define SCALEKIT_PORTS_REDIS_HPP

/// \file
/// The Redis port: what every module needs of a Redis, and no more. A host that already has a
/// client implements \ref scalekit::redis::commander::command, and every module works on it;
/// `testing/redis_conformance.hpp` proves the implementation.
///
/// \code
/// auto count = r.command({"INCRBY", "visits:{42}", "10"});
/// if (!count) return count.error();
/// use(count->as_integer());
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace scalekit::inline v0::redis {

/// \brief The words of one command, borrowed for the call: its name first, binary-safe. Converts
/// from a braced list, a vector, an array or a span of `string_view`.
class arguments : public std::span<const std::string_view> {
 public:
  using std::span<const std::string_view>::span;
  arguments() = default;
  arguments(std::span<const std::string_view> s) noexcept : span(s) {}
  arguments(std::initializer_list<std::string_view> list) noexcept
      : span(list.begin(), list.size()) {}
};

/// \brief What a server answered: one value of RESP2, with RESP3's further types folded in (a map
/// is an array of keys and values in turn, a set an array, a boolean 0 or 1, a double its text).
///
/// The typed accessors are strict: an answer of another kind is `data_corrupted` with a message
/// that names both kinds, for it means that the key holds what the caller did not expect.
///
/// \par Thread-safety  A value: distinct objects are independent.
class SCALEKIT_EXPORT reply {
 public:
  /// In the order of the alternatives held.
  enum class kind {
    null,     ///< no such key, or a condition did not hold
    integer,  ///< 64 bits, signed
    text,     ///< a bulk or status string; any bytes
    array,    ///< of replies, which may be null or errors themselves
    error     ///< of one command of a pipeline, or inside an array
  };

  reply() = default;  ///< null
  explicit reply(std::int64_t value) : value_(value) {}
  explicit reply(std::string value) : value_(std::move(value)) {}
  explicit reply(std::vector<reply> values) : value_(std::move(values)) {}
  explicit reply(scalekit::error failure) : value_(std::move(failure)) {}

  [[nodiscard]] reply::kind kind() const noexcept { return static_cast<enum kind>(value_.index()); }
  [[nodiscard]] bool is_null() const noexcept { return kind() == kind::null; }
  [[nodiscard]] bool is_error() const noexcept { return kind() == kind::error; }

  /// \par Errors `data_corrupted` if it is of another kind; what the server said if it is an error.
  [[nodiscard]] result<std::int64_t> as_integer() const;
  [[nodiscard]] result<std::string_view> as_text() const;
  [[nodiscard]] result<std::span<const reply>> as_array() const;
  /// \brief Whether it is the status `OK`.
  [[nodiscard]] bool is_ok() const noexcept;
  /// \brief The failure it holds. \pre `is_error()`
  [[nodiscard]] const scalekit::error& failure() const noexcept {
    return *std::get_if<scalekit::error>(&value_);
  }

 private:
  std::variant<std::monostate, std::int64_t, std::string, std::vector<reply>, scalekit::error>
      value_;
};

/// \brief The spelling of a kind, e.g. `"integer"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(enum reply::kind k) noexcept;

class commander;

/// \brief A Lua script, sent by its digest once the server has it.
///
/// Make one object per script, typically a function-local static, and use it from everywhere. The
/// digest is learnt from the server (`SCRIPT LOAD`), once for the life of the object; a server that
/// has lost its scripts (restart, failover, `SCRIPT FLUSH`) answers NOSCRIPT, which is met with
/// `EVAL` at the cost of one more round trip.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT script {
 public:
  /// `source` is copied.
  explicit script(std::string source) : source_(std::move(source)) {}
  script(const script&) = delete;
  script& operator=(const script&) = delete;

  /// \brief Runs it; atomic on the server.
  ///
  /// All keys must be in one cluster slot (share their hash tag, see \ref hash_slot), whether or
  /// not the server is a cluster: what works in the small must not break in the large.
  /// The views may be the caller's temporaries; nothing of them is kept.
  /// \par Errors
  /// - `invalid_argument`: keys in different slots (both named)
  /// - `unavailable`: its digest could not be learnt (`SCRIPT LOAD` got no answer); it was not sent
  /// - `outcome_unknown`: it was sent and no answer came; never sent a second time by itself
  /// - what \ref commander::command gives, or the script raised
  [[nodiscard]] result<reply> run(commander& on, arguments keys, arguments args = {});

  [[nodiscard]] const std::string& source() const noexcept { return source_; }

 private:
  [[nodiscard]] result<std::string_view> digest(commander& on);

  std::string source_;
  std::mutex mutex_;
  std::atomic<bool> known_{false};  // digest_ is written, and will not change any more
  std::string digest_;
};

/// \brief Runs commands on a Redis 6.2 or newer, or what speaks as one (Valkey, KeyDB).
///
/// \par Thread-safety  Safe for concurrent calls.
/// \par Errors  Of every call:
/// - `invalid_argument`: the server refused the command (`ERR`, `WRONGTYPE`, what a script raised)
/// - `not_found`, `conflict`: `NOSCRIPT`, `NOGROUP`; `BUSYGROUP`, `BUSYKEY`
/// - `unauthenticated`: wrong or no credentials, or no permission (`NOAUTH`, `WRONGPASS`, `NOPERM`)
/// - `limit_exceeded`: out of memory (`OOM`)
/// - `busy`: a script is blocking the server (`BUSY`), `TRYAGAIN`
/// - `unavailable`: not reachable, loading, read-only replica, cluster down; nothing took effect
/// - `not_supported`: the key lives on another cluster node (`MOVED`, `ASK`): connect through a
///   proxy or implement this port over a cluster client
/// - `outcome_unknown`: the command was sent and no answer came
/// The cause is `{"redis", 0}`; the message begins with the server's own word, e.g. `WRONGTYPE`.
class SCALEKIT_EXPORT commander {
 public:
  commander() = default;
  commander(const commander&) = delete;
  commander& operator=(const commander&) = delete;
  virtual ~commander();

  /// \brief One command; an error the server answers comes back as the result's error.
  [[nodiscard]] virtual result<reply> command(arguments words) = 0;

  /// \brief Several commands in one round trip, on one connection, in order; not atomic unless they
  /// are wrapped in MULTI and EXEC.
  ///
  /// The replies are as many as the commands; one that failed is a reply of kind error, and the
  /// rest have run. If the connection breaks no replies come at all: `outcome_unknown`.
  /// The default sends one after another, for clients that have no pipeline; MULTI is
  /// `not_supported` there, for nothing keeps other callers' commands out.
  [[nodiscard]] virtual result<std::vector<reply>> pipeline(std::span<const arguments> commands);
};

/// \brief What an error answer of a server (`"WRONGTYPE Operation against..."`) means to a caller;
/// for implementations of \ref commander.
[[nodiscard]] SCALEKIT_EXPORT error to_error(std::string_view answer);

/// \brief The cluster slot of a key, 0 to 16383: CRC16 (XMODEM) of the key, or of what is between
/// its first `{` and the next `}` if that is not empty (Redis cluster specification).
[[nodiscard]] SCALEKIT_EXPORT std::uint16_t hash_slot(std::string_view key) noexcept;

}  // namespace scalekit::inline v0::redis

#endif
