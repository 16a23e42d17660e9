/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Martlet authors
 */
#define _GNU_SOURCE
#include "cspawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Headers older than the kernel may lack these; the values are fixed by the kernel's ABI. */
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* `grace` is what lies between the limit's signal and SIGKILL, where the resource knows both. */
static int limit(int resource, int64_t value, int64_t grace) {
    if (value < 0) return 0;
    struct rlimit bound = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)(value + grace)};
    return setrlimit(resource, &bound);
}

/* Marks every descriptor above 2 to be closed by exec. */
static void close_others_on_exec(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
#endif
    /* Kernels before 5.11. */
    struct rlimit files;
    int end = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 65536 ? (int)files.rlim_cur : 65536;
    for (int descriptor = 3; descriptor < end; descriptor++) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

/* Puts `descriptor`, which is above 2, in the place of `target`. */
static int place(int descriptor, int target) { return dup2(descriptor, target) < 0 ? -1 : 0; }

/* A copy of `descriptor` above 2, so that placing one stream cannot overwrite another. */
static int lift(int descriptor) { return descriptor > 2 ? descriptor : fcntl(descriptor, F_DUPFD_CLOEXEC, 3); }

/*
 * Runs between fork and exec in a copy of a process with many threads: only
 * async-signal-safe calls are allowed. Returns when something failed.
 */
static void become(const struct martlet_spawn_request *request, pid_t parent, int niceness) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);

    if (setpgid(0, 0) != 0) return;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
    /* The parent may have died before the line above. */
    if (getppid() != parent) _exit(127);

    int input = lift(request->input >= 0 ? request->input : open("/dev/null", O_RDONLY | O_CLOEXEC));
    int output = lift(request->output), errors = lift(request->errors);
    if (input < 0 || output < 0 || errors < 0) return;
    if (place(input, 0) != 0 || place(output, 1) != 0 || place(errors, 2) != 0) return;
    close_others_on_exec();

    if (request->directory && chdir(request->directory) != 0) return;
    if (limit(RLIMIT_CORE, 0, 0) != 0 || limit(RLIMIT_AS, request->address_space, 0) != 0 ||
        limit(RLIMIT_CPU, request->cpu_seconds, 1) != 0 || limit(RLIMIT_FSIZE, request->file_size, 0) != 0)
        return;
    /* A refused one is no reason not to run. */
    if (setpriority(PRIO_PROCESS, 0, niceness) != 0) errno = 0;

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, request->arguments, request->environment);
}

int martlet_spawn(const struct martlet_spawn_request *request, pid_t *pid, int *pidfd) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return errno;

    /* No handler of the parent's may run in the child. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    /* Every thread has one, and thread pools set that of theirs: the user's choice is the main thread's. */
    int niceness = getpriority(PRIO_PROCESS, (id_t)parent) + request->niceness;
    pid_t child = fork();
    if (child == 0) {
        become(request, parent, niceness);
        int failure = errno;
        if (write(report[1], &failure, sizeof failure) < 0) _exit(126);
        _exit(127);
    }
    int failure = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);

    if (child > 0) {
        /* Nothing arrives when exec worked, since it closes the pipe's other end. */
        int told = 0;
        ssize_t count;
        do count = read(report[0], &told, sizeof told);
        while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof told) failure = told ? told : EIO;
        if (failure == 0) {
            *pidfd = (int)syscall(SYS_pidfd_open, child, 0);
            if (*pidfd < 0) {
                failure = errno;
                kill(-child, SIGKILL);
            }
        }
        if (failure != 0)
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(report[0]);
    *pid = child;
    return failure;
}

int martlet_pipe(int *reader, int *writer) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        int failure = errno;
        close(ends[0]);
        close(ends[1]);
        return failure;
    }
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

int martlet_memory_file(const void *bytes, size_t count, int *file) {
    int made = memfd_create("input", MFD_CLOEXEC);
    if (made < 0) return errno;
    for (size_t done = 0; done < count;) {
        ssize_t written = pwrite(made, (const char *)bytes + done, count - done, (off_t)done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            int failure = written < 0 ? errno : EIO;
            close(made);
            return failure;
        }
        done += (size_t)written;
    }
    *file = made;
    return 0;
}

int martlet_reap(int pidfd, struct martlet_exit *result) {
    siginfo_t info = {0};
    struct rusage usage = {0};
    /* The C library's waitid does not hand out the resource usage. */
    while (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED, &usage) != 0)
        if (errno != EINTR) return errno;
    result->signalled = info.si_code != CLD_EXITED;
    result->status = info.si_status;
    result->cpu_microseconds = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    result->peak_kibibytes = usage.ru_maxrss;
    return 0;
}

static volatile sig_atomic_t signal_writer = -1;

static void report_signal(int signal) {
    int before = errno;
    unsigned char number = (unsigned char)signal;
    /* A full pipe already holds more signals than anyone will read. */
    ssize_t written = write(signal_writer, &number, 1);
    (void)written;
    errno = before;
}

void martlet_catch_signals(const int *signals, int count, int writer, int *caught) {
    signal_writer = writer;
    for (int index = 0; index < count; index++) {
        struct sigaction action;
        caught[index] = sigaction(signals[index], NULL, &action) == 0 && action.sa_handler != SIG_IGN;
        if (!caught[index]) continue;
        action = (struct sigaction){.sa_handler = report_signal, .sa_flags = SA_RESTART};
        caught[index] = sigaction(signals[index], &action, NULL) == 0;
    }
}

void martlet_release_signal(int signal) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(signal, &standard, NULL);
}
