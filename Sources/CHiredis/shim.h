#pragma once
#include <hiredis/hiredis.h>
/* Not part of Swift's Glibc module. */
#include <sys/eventfd.h>
