#include "CTLSGate.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <sys/socket.h>

static __thread int gate_is_open;

static ssize_t pull(gnutls_transport_ptr_t socket, void *bytes, size_t count)
{
    if (!gate_is_open) {
        errno = EAGAIN;
        return -1;
    }
    return recv((int)(intptr_t)socket, bytes, count, 0);
}

void martlet_tls_take(void *session)
{
    gnutls_transport_set_pull_function((gnutls_session_t)session, pull);
}
