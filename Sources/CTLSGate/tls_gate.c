#include "CTLSGate.h"
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <string.h>
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

static ssize_t outcome(ssize_t result)
{
    if (result >= 0)
        return result;
    return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED ? MARTLET_TLS_AGAIN : MARTLET_TLS_FAILED;
}

void martlet_tls_take(void *session)
{
    gnutls_transport_set_pull_function((gnutls_session_t)session, pull);
}

ssize_t martlet_tls_receive(void *session, void *bytes, size_t count)
{
    gate_is_open = 1;
    ssize_t result = gnutls_record_recv((gnutls_session_t)session, bytes, count);
    gate_is_open = 0;
    return outcome(result);
}

ssize_t martlet_tls_send(void *session, const void *bytes, size_t count)
{
    gate_is_open = 1;
    ssize_t result = gnutls_record_send((gnutls_session_t)session, bytes, count);
    gate_is_open = 0;
    return outcome(result);
}

/* The server library ends a handshake that failed without a word; the alert tells the client why. */
static int refuse(gnutls_session_t session, gnutls_alert_description_t alert, int result)
{
    gnutls_alert_send(session, GNUTLS_AL_FATAL, alert);
    return result;
}

static int check_client(
    gnutls_session_t session, unsigned type, unsigned is_after, unsigned is_incoming, const gnutls_datum_t *message)
{
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, .size = 0};
    unsigned status = 0, count = 0;
    (void)type, (void)is_after, (void)message;
    if (!is_incoming)
        return 0;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return refuse(session, GNUTLS_A_CERTIFICATE_REQUIRED, GNUTLS_E_CERTIFICATE_REQUIRED);
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) != 0 || status != 0)
        return refuse(
            session, status & GNUTLS_CERT_SIGNER_NOT_FOUND ? GNUTLS_A_UNKNOWN_CA : GNUTLS_A_BAD_CERTIFICATE,
            GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR);
    return 0;
}

void martlet_tls_require_certificate(void *session)
{
    gnutls_handshake_set_hook_function(
        (gnutls_session_t)session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, check_client);
}

size_t martlet_tls_client_name(void *session, char *name, size_t size)
{
    unsigned count = 0;
    const gnutls_datum_t *certificates = gnutls_certificate_get_peers((gnutls_session_t)session, &count);
    gnutls_x509_crt_t certificate;
    if (!certificates || count == 0 || gnutls_x509_crt_init(&certificate) != 0)
        return 0;
    size_t length = size;
    if (gnutls_x509_crt_import(certificate, &certificates[0], GNUTLS_X509_FMT_DER) != 0 ||
        gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &length) != 0)
        length = 0;
    gnutls_x509_crt_deinit(certificate);
    return length;
}

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){.data = (unsigned char *)text, .size = (unsigned)strlen(text)};
}

const char *martlet_tls_fault(const char *text, const char *key)
{
    gnutls_datum_t certificates = datum(text), keys = datum(key ? key : "");
    gnutls_certificate_credentials_t credentials;
    int result = gnutls_certificate_allocate_credentials(&credentials), count = 1;
    if (result < 0)
        return gnutls_strerror(result);
    if (key)
        result = gnutls_certificate_set_x509_key_mem(credentials, &certificates, &keys, GNUTLS_X509_FMT_PEM);
    else
        result = count = gnutls_certificate_set_x509_trust_mem(credentials, &certificates, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(credentials);
    if (count == 0)
        return "there is no certificate in it";
    return result < 0 ? gnutls_strerror(result) : NULL;
}

void martlet_sha1(const void *bytes, size_t count, unsigned char *digest)
{
    gnutls_hash_fast(GNUTLS_DIG_SHA1, bytes, count, digest);
}
