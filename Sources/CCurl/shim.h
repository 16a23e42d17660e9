#pragma once
#include <curl/curl.h>

/* Swift imports no functions with variable arguments. The parentheses step around macros that check types. */
typedef size_t (*martlet_curl_data)(char *, size_t, size_t, void *);
typedef int (*martlet_curl_seek)(void *, curl_off_t, int);
typedef int (*martlet_curl_socket)(CURL *, curl_socket_t, int, void *, void *);
typedef int (*martlet_curl_timer)(CURLM *, long, void *);

static inline CURLcode martlet_curl_set_text(CURL *handle, CURLoption option, const char *value)
{
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode martlet_curl_set_number(CURL *handle, CURLoption option, long value)
{
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode martlet_curl_set_size(CURL *handle, CURLoption option, curl_off_t value)
{
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode martlet_curl_set_pointer(CURL *handle, CURLoption option, const void *value)
{
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode martlet_curl_set_data(CURL *handle, CURLoption option, martlet_curl_data value)
{
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode martlet_curl_set_seek(CURL *handle, martlet_curl_seek value)
{
    return (curl_easy_setopt)(handle, CURLOPT_SEEKFUNCTION, value);
}

static inline long martlet_curl_number(CURL *handle, CURLINFO info)
{
    long value = 0;
    (curl_easy_getinfo)(handle, info, &value);
    return value;
}

static inline curl_off_t martlet_curl_size(CURL *handle, CURLINFO info)
{
    curl_off_t value = 0;
    (curl_easy_getinfo)(handle, info, &value);
    return value;
}

static inline void *martlet_curl_owner(CURL *handle)
{
    void *value = NULL;
    (curl_easy_getinfo)(handle, CURLINFO_PRIVATE, &value);
    return value;
}

static inline curl_socket_t martlet_curl_active_socket(CURL *handle)
{
    curl_socket_t value = CURL_SOCKET_BAD;
    (curl_easy_getinfo)(handle, CURLINFO_ACTIVESOCKET, &value);
    return value;
}

static inline void martlet_curl_watch(
    CURLM *multi, martlet_curl_socket socket, martlet_curl_timer timer, void *closure)
{
    (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, socket);
    (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, closure);
    (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, timer);
    (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, closure);
}

/* The union inside a message, which is only the result for messages of this kind. */
static inline CURLcode martlet_curl_result(const CURLMsg *message)
{
    return message->data.result;
}
