#pragma once
#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
/* Not part of Swift's Glibc module. */
#include <sys/eventfd.h>

/* Swift does not see these, which are macros. A write may go on from another address than it began at. */
static inline void martlet_tls_settings(SSL_CTX *context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/* The name or the address that the certificate must have; 1 when that is set. Names are also said to the server. */
static inline int martlet_tls_expect(SSL *session, const char *host) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1) return 1;
    ERR_clear_error();
    return SSL_set_tlsext_host_name(session, host) == 1 && SSL_set1_host(session, host) == 1;
}
