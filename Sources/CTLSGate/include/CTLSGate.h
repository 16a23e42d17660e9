#pragma once
#include <stddef.h>
#include <sys/types.h>

/* What a call on a TLS session that is not ready answers instead of a count. */
enum { MARTLET_TLS_AGAIN = -1, MARTLET_TLS_FAILED = -2 };

/* Keeps the HTTP server's own reader away from a TLS session that has become a WebSocket's. */
void martlet_tls_take(void *session);

/* Reads decrypted bytes from a session that was taken: their count, 0 at the end, or one of the above. */
ssize_t martlet_tls_receive(void *session, void *bytes, size_t count);

/* Sends bytes: how many were taken, or one of the above. After MARTLET_TLS_AGAIN, call with (NULL, 0) until it ends. */
ssize_t martlet_tls_send(void *session, const void *bytes, size_t count);

/* Refuses the handshake of a client without a certificate that is trusted and made for clients. */
void martlet_tls_require_certificate(void *session);

/* The common name in the client's certificate, as text with a zero at its end: its length, or 0 without one. */
size_t martlet_tls_client_name(void *session, char *name, size_t size);

/* What is wrong with a certificate and its key, or, with NULL for the key, with the certificates of authorities, as PEM
   texts: a constant text, or NULL when they can be used. */
const char *martlet_tls_fault(const char *text, const char *key);

/* The SHA-1 that RFC 6455 asks for: 20 bytes. */
void martlet_sha1(const void *bytes, size_t count, unsigned char *digest);
