/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Martlet authors
 */
#pragma once

#include <stdint.h>
#include <sys/eventfd.h> /* Swift's C library module leaves it out. */
#include <sys/statfs.h>  /* Likewise. */
#include <sys/types.h>

/* What is to be started. Strings and arrays are only read during the call. */
struct martlet_spawn_request {
    const char *path;
    char *const *arguments;   /* with the program's name first, NULL at the end */
    char *const *environment; /* NULL at the end */
    const char *directory;    /* NULL: the caller's */
    int input;                /* becomes descriptor 0; -1: /dev/null */
    int output;               /* becomes descriptor 1 */
    int errors;               /* becomes descriptor 2 */
    int niceness;             /* added to that of the caller's main thread */
    int64_t address_space;    /* bytes; -1: no limit */
    int64_t cpu_seconds;      /* -1: no limit */
    int64_t file_size;        /* bytes; -1: no limit */
};

/* How a child ended and what it used. */
struct martlet_exit {
    int signalled;         /* 0: exited by itself; 1: killed by a signal */
    int status;            /* the exit code or the signal's number */
    int64_t cpu_microseconds;
    int64_t peak_kibibytes;
};

/*
 * Starts a program as the leader of a new process group: no descriptor above 2, default signal dispositions, an empty signal
 * mask, no core dump, and SIGKILL when the thread that made this call ends.
 *
 * Returns 0 and fills in both results, or an errno value, also when it was the
 * exec that failed. Blocks until the exec is done.
 */
int martlet_spawn(const struct martlet_spawn_request *request, pid_t *pid, int *pidfd);

/*
 * Makes a pipe whose both ends close on exec and whose reading end never
 * blocks; returns 0 or an errno value.
 */
int martlet_pipe(int *reader, int *writer);

/*
 * Makes a file in memory that holds these bytes, open at its start, and closes
 * it on exec; returns 0 or an errno value.
 */
int martlet_memory_file(const void *bytes, size_t count, int *file);

/* Waits for the end of a child and reaps it; returns 0 or an errno value. */
int martlet_reap(int pidfd, struct martlet_exit *result);

/*
 * From now on each of these signals writes its number as one byte to `writer`.
 * A signal that is ignored stays ignored. `caught` gets 1 for each signal that
 * was taken over, else 0.
 */
void martlet_catch_signals(const int *signals, int count, int writer, int *caught);

/* Gives a signal its default action back. */
void martlet_release_signal(int signal);
