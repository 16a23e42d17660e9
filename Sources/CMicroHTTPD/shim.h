#pragma once
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Swift imports no functions with variable arguments. */
static inline struct MHD_Daemon *martlet_mhd_start(
    unsigned flags, uint16_t port, MHD_AccessHandlerCallback handler, void *closure, struct MHD_OptionItem *options)
{
    return MHD_start_daemon(
        flags, port, NULL, NULL, handler, closure, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}
