// Signs bearer tokens as WorkOS does (RS256, 2048 bits), with a key of our own.
//
//   sign --key KEY.pem --jwks JWKS.json --issuer URL --lifetime SECONDS < pairs > requests
//
// A line "user TAB meeting" comes back as "user TAB meeting TAB token", in the same order; no two tokens are alike. The
// key is made when there is none, and its public half written to JWKS.json. Works on all cores.
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEY_ID "sso_oidc_key_pair_01KQJZ5BENCH0000000000000"
#define MAXIMUM_THREADS 64

static const char *key_file, *jwks_file, *issuer;
static long lifetime = 3600;
static long now;
static EVP_PKEY *key;
static char header[256];

static char **lines; // without their line ends
static char **tokens;
static size_t line_count;
static size_t thread_count;

static void die(const char *what) {
    fprintf(stderr, "sign: %s\n", what);
    exit(1);
}

static size_t base64url(const unsigned char *bytes, size_t length, char *text) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *at = text;
    for (size_t index = 0; index < length; index += 3) {
        unsigned group = (unsigned)bytes[index] << 16;
        if (index + 1 < length) group |= (unsigned)bytes[index + 1] << 8;
        if (index + 2 < length) group |= bytes[index + 2];
        *at++ = alphabet[group >> 18];
        *at++ = alphabet[group >> 12 & 63];
        if (index + 1 < length) *at++ = alphabet[group >> 6 & 63];
        if (index + 2 < length) *at++ = alphabet[group & 63];
    }
    *at = 0;
    return (size_t)(at - text);
}

// 26 characters like a ULID's: what WorkOS's ids end in.
static void write_id(char *text) {
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned char random[26];
    if (RAND_bytes(random, sizeof random) != 1) die("no random bytes");
    for (size_t index = 0; index < sizeof random; index++) text[index] = alphabet[random[index] & 31];
    memcpy(text, "01K", 3);
    text[sizeof random] = 0;
}

// --- The key

static void write_member(FILE *file, const char *name, const char *parameter) {
    BIGNUM *number = NULL;
    unsigned char bytes[512];
    char text[700];
    if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) die("the key is not an RSA key");
    base64url(bytes, (size_t)BN_bn2bin(number, bytes), text);
    fprintf(file, ",\"%s\":\"%s\"", name, text);
    BN_free(number);
}

static void read_or_make_key(void) {
    FILE *file = fopen(key_file, "r");
    if (file) {
        key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        if (!key) die("the key file holds no key");
        fclose(file);
    } else {
        key = EVP_RSA_gen(2048);
        int fd = open(key_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
        file = fd < 0 ? NULL : fdopen(fd, "w");
        if (!key || !file || PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 || fclose(file) != 0) {
            die("the key cannot be made");
        }
    }
    file = fopen(jwks_file, "w");
    if (!file) die("the key set cannot be written");
    fprintf(file, "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"" KEY_ID "\"");
    write_member(file, "n", OSSL_PKEY_PARAM_RSA_N);
    write_member(file, "e", OSSL_PKEY_PARAM_RSA_E);
    fprintf(file, "}]}\n");
    if (fclose(file) != 0) die("the key set cannot be written");
}

// --- Tokens

static char *sign(const char *user, size_t user_length, EVP_MD_CTX *context) {
    char session[27], id[27], payload[1024], token[2048];
    write_id(session);
    write_id(id);
    int length = snprintf(
        payload, sizeof payload,
        "{\"iss\":\"%s\",\"sub\":\"%.*s\",\"sid\":\"session_%s\",\"jti\":\"%s\","
        "\"org_id\":\"org_01KQJZ5BENCH0000000000000\",\"role\":\"member\","
        "\"permissions\":[\"meetings:read\",\"meetings:join\"],\"entitlements\":[\"video\"],"
        "\"iat\":%ld,\"exp\":%ld}",
        issuer, (int)user_length, user, session, id, now, now + lifetime);
    if (length >= (int)sizeof payload) die("a user's id is too long");

    size_t end = strlen(header);
    memcpy(token, header, end);
    token[end++] = '.';
    end += base64url((unsigned char *)payload, (size_t)length, token + end);
    unsigned char signature[512];
    size_t signature_length = sizeof signature;
    EVP_MD_CTX_reset(context);
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &signature_length, (unsigned char *)token, end) != 1) {
        die("cannot sign");
    }
    token[end++] = '.';
    base64url(signature, signature_length, token + end);
    return strdup(token);
}

// Every thread takes each line whose number leaves its remainder.
static void *work(void *remainder) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    for (size_t index = (size_t)remainder; index < line_count; index += thread_count) {
        tokens[index] = sign(lines[index], strcspn(lines[index], "\t"), context);
    }
    EVP_MD_CTX_free(context);
    return NULL;
}

static void read_lines(void) {
    size_t capacity = 0, line_capacity = 0;
    char *line = NULL;
    for (ssize_t length; (length = getline(&line, &line_capacity, stdin)) > 0; line_count++) {
        if (line_count == capacity) {
            capacity = capacity ? 2 * capacity : 65536;
            lines = realloc(lines, capacity * sizeof *lines);
            if (!lines) die("no memory");
        }
        line[strcspn(line, "\n")] = 0;
        lines[line_count] = strdup(line);
    }
    free(line);
}

int main(int count, char **arguments) {
    static const struct option known[] = {
        {"key", required_argument, NULL, 'k'},
        {"jwks", required_argument, NULL, 'j'},
        {"issuer", required_argument, NULL, 'i'},
        {"lifetime", required_argument, NULL, 'l'},
        {0},
    };
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (option) {
        case 'k': key_file = optarg; break;
        case 'j': jwks_file = optarg; break;
        case 'i': issuer = optarg; break;
        case 'l': lifetime = atol(optarg); break;
        default: exit(64);
        }
    }
    if (!key_file || !jwks_file || !issuer || lifetime <= 0) {
        fprintf(stderr, "usage: sign --key FILE --jwks FILE --issuer URL --lifetime SECONDS < pairs > requests\n");
        exit(64);
    }
    read_or_make_key();
    const char *claims = "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"" KEY_ID "\"}";
    base64url((const unsigned char *)claims, strlen(claims), header);
    now = (long)time(NULL);
    read_lines();
    tokens = calloc(line_count, sizeof *tokens);

    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    thread_count = cores < 1 ? 1 : cores > MAXIMUM_THREADS ? MAXIMUM_THREADS : (size_t)cores;
    pthread_t threads[MAXIMUM_THREADS];
    for (size_t index = 0; index < thread_count; index++) {
        if (pthread_create(&threads[index], NULL, work, (void *)index) != 0) die("no thread");
    }
    for (size_t index = 0; index < thread_count; index++) pthread_join(threads[index], NULL);
    for (size_t index = 0; index < line_count; index++) printf("%s\t%s\n", lines[index], tokens[index]);
    return fflush(stdout) == 0 ? 0 : 1;
}
