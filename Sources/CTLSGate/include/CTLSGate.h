#pragma once
#include <sys/types.h>

/* Keeps the HTTP server's own reader away from a TLS session that has become a WebSocket's. */
void martlet_tls_take(void *session);
