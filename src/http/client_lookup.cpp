// SPDX-License-Identifier: BSL-1.0
#include "http/client_lookup.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

using addresses = std::vector<ip_address>;

// Names looked up at once: threads that a dead name server can hold up.
constexpr std::size_t most_lookups = 64;

std::optional<ip_address> address_of(const sockaddr* from) noexcept {
  if (from->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof v4);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, sizeof bytes);
    return ip_address(bytes);
  }
  if (from->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, from, sizeof v6);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, sizeof bytes);
  return ip_address(bytes);
}

result<addresses> ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (failed != 0) {
    return error(errc::unavailable, ::gai_strerror(failed), {"getaddrinfo", failed});
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, &::freeaddrinfo);
  addresses out;
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
    if (const auto address = address_of(a->ai_addr)) out.push_back(*address);
  }
  return out;
}

result<addresses> ask(const resolver_fn& resolver, const std::string& host) noexcept {
  try {
    return resolver ? resolver(host) : ask_system(host);
  } catch (const std::exception& e) {
    return error(errc::internal, std::string("the resolver threw: ") + e.what());
  } catch (...) {
    return error(errc::internal, "the resolver threw");
  }
}

/// The first family first, then in turn (RFC 8305 section 4).
addresses in_turn(const addresses& given) {
  const auto of_first = [&](const ip_address& a) { return a.is_v4() == given.front().is_v4(); };
  addresses first;
  addresses second;
  std::ranges::partition_copy(
      given, std::back_inserter(first), std::back_inserter(second), of_first
  );
  addresses out;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

}  // namespace

struct lookups::shared {
  struct lookup {
    std::optional<result<addresses>> found;
  };

  resolver_fn resolver;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::map<std::string, std::shared_ptr<lookup>> under_way;
};

lookups::lookups(resolver_fn resolver) : shared_(std::make_shared<shared>()) {
  shared_->resolver = std::move(resolver);
}

result<addresses> lookups::find(const std::string& host, const call& c) {
  if (const auto address = ip_address::parse(host)) return addresses{*address};
  std::unique_lock lock(shared_->mutex);
  auto at = shared_->under_way.find(host);
  if (at == shared_->under_way.end()) {
    if (shared_->under_way.size() >= most_lookups) {
      return c.failed(errc::unavailable, "too many names are being looked up at once");
    }
    at = shared_->under_way.emplace(host, std::make_shared<shared::lookup>()).first;
    try {
      std::thread([s = shared_, l = at->second, host] {
        auto found = ask(s->resolver, host);
        const std::lock_guard done(s->mutex);
        l->found.emplace(std::move(found));
        s->under_way.erase(host);
        s->changed.notify_all();
      }).detach();
    } catch (const std::system_error& e) {
      shared_->under_way.erase(at);
      return c.failed(errc::unavailable, std::string("no thread to look a name up: ") + e.what());
    }
  }
  const auto mine = at->second;
  const auto left = c.step_end() - c.time().steady_now();
  shared_->changed.wait_for(lock, c.stop(), left, [&] { return mine->found.has_value(); });
  if (!mine->found) {
    if (c.stop().stop_requested()) return c.stopped();
    return c.failed(errc::timed_out, c.too_long("looking up the name"));
  }
  const result<addresses>& found = *mine->found;
  if (!found) {
    const error& why = found.error();
    return c.failed(why.code(), "the name cannot be looked up: " + why.message(), why.cause());
  }
  if (found->empty()) return c.failed(errc::unavailable, "the name has no address");
  return in_turn(*found);
}

}  // namespace scalekit::inline v0::http
