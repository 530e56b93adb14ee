// What Swift needs of OpenSSL's libcrypto beyond its headers. No logic lives here.
#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

// A macro made of other macros, which Swift does not import.
static inline int copenssl_pkey_public_key(void) { return EVP_PKEY_PUBLIC_KEY; }

// OSSL_PARAM keeps the pointer to its name. Swift imports these macros as String, whose C pointer is gone after
// the call; a C string literal stays.
static inline const char *copenssl_param_rsa_n(void) { return OSSL_PKEY_PARAM_RSA_N; }
static inline const char *copenssl_param_rsa_e(void) { return OSSL_PKEY_PARAM_RSA_E; }
static inline const char *copenssl_param_mac_digest(void) { return OSSL_MAC_PARAM_DIGEST; }

#endif
