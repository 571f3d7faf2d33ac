// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/tls.hpp"

#include <algorithm>

namespace scalekit::inline v0::redis {

result<tls_session> tls_session::make(SSL_CTX* context, int fd, const std::string& name) {
  auto made = tls::make_session(context, fd, name);
  if (!made) return made.error();
  return tls_session(*std::move(made));
}

progress tls_session::outcome(int returned) {
  if (returned > 0) return returned;
  const int code = SSL_get_error(ssl_.get(), returned);
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return 0;
  failure_ = tls::failure(ssl_.get(), returned);
  return -1;
}

progress tls_session::handshake(bool& wants_write) {
  ERR_clear_error();
  const progress done = outcome(SSL_do_handshake(ssl_.get()));
  wants_write = SSL_want_write(ssl_.get());
  return done;
}

progress tls_session::read(char* out, std::size_t size) {
  ERR_clear_error();
  return outcome(SSL_read(ssl_.get(), out, static_cast<int>(size)));
}

progress tls_session::write(std::string_view data) {
  ERR_clear_error();
  constexpr std::size_t most = std::size_t{1} << 20U;
  return outcome(SSL_write(ssl_.get(), data.data(), static_cast<int>(std::min(data.size(), most))));
}

void tls_session::close() noexcept {
  if (ssl_ == nullptr) return;  // moved from
  if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string tls_session::failure() const { return failure_; }

}  // namespace scalekit::inline v0::redis
