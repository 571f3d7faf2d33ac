// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_CERTIFICATE_HPP
#define SCALEKIT_TESTS_HTTP_CERTIFICATE_HPP

#include "temp_folder.hpp"

#include <scalekit/http/server.hpp>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace scalekit::test {

/// A certificate that signs itself, and so is an authority for itself alone.
struct certificate {
  http::tls_files files;
};

struct certificate_wish {
  std::string names = {};  ///< alternative names, e.g. `DNS:localhost,IP:127.0.0.1`; empty: none
  std::string common_name = "test";
  long from = 0;  ///< seconds from now
  long until = 3600;
};

namespace detail {
struct free_openssl {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(std::FILE* p) const { static_cast<void>(std::fclose(p)); }
};
template <class T>
using owned = std::unique_ptr<T, free_openssl>;
}  // namespace detail

inline certificate make_certificate(
    const scalekit_tests::temp_folder& folder, const std::string& name, const certificate_wish& wish
) {
  using detail::owned;
  const certificate out{{folder / (name + ".pem"), folder / (name + ".key")}};
  const owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const owned<X509> x(X509_new());
  X509_set_version(x.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), wish.until);
  X509_set_pubkey(x.get(), key.get());
  const auto* text = reinterpret_cast<const unsigned char*>(wish.common_name.c_str());
  X509_NAME* subject = X509_get_subject_name(x.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(x.get(), subject);
  if (!wish.names.empty()) {
    const owned<X509_EXTENSION> san(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, wish.names.c_str())
    );
    REQUIRE(san != nullptr);
    X509_add_ext(x.get(), san.get(), -1);
  }
  REQUIRE(X509_sign(x.get(), key.get(), EVP_sha256()) > 0);
  const owned<std::FILE> chain(std::fopen(out.files.certificate_chain.c_str(), "w"));
  const owned<std::FILE> secret(std::fopen(out.files.private_key.c_str(), "w"));
  REQUIRE(PEM_write_X509(chain.get(), x.get()) == 1);
  REQUIRE(
      PEM_write_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1
  );
  return out;
}

}  // namespace scalekit::test

#endif
