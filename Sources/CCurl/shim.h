#pragma once
#include <curl/curl.h>

/* Swift imports no functions with variable arguments. */
static inline CURLcode martlet_curl_set_text(CURL *handle, CURLoption option, const char *value)
{
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode martlet_curl_set_number(CURL *handle, CURLoption option, long value)
{
    return curl_easy_setopt(handle, option, value);
}
