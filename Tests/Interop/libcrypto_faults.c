/* Stands between the server and libcrypto (LD_PRELOAD) and makes HMAC behave as FAULT says:
 *
 *   stale-state   EVP_MAC_init with a null key does nothing, as in OpenSSL 3.0.0 to 3.0.2 (openssl/openssl, issue 17811)
 *   wrong-code    EVP_MAC_final changes the last byte of every second code
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *fault) {
    const char *wanted = getenv("FAULT");
    return wanted != NULL && strcmp(wanted, fault) == 0;
}

int EVP_MAC_init(void *context, const unsigned char *key, size_t length, const void *parameters) {
    int (*real)(void *, const unsigned char *, size_t, const void *) = dlsym(RTLD_NEXT, "EVP_MAC_init");
    return key == NULL && is("stale-state") ? 1 : real(context, key, length, parameters);
}

int EVP_MAC_final(void *context, unsigned char *code, size_t *written, size_t size) {
    static int count;
    int (*real)(void *, unsigned char *, size_t *, size_t) = dlsym(RTLD_NEXT, "EVP_MAC_final");
    int result = real(context, code, written, size);
    if (is("wrong-code") && ++count % 2 == 0) code[*written - 1] ^= 1;
    return result;
}
