/* A wall clock that tests can move, for processes started with LD_PRELOAD: CLOCK_REALTIME is shifted by the nanoseconds
   (64 bits) in the file that MOVED_CLOCK names. The monotonic clock, with which CPython waits, stays as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static volatile int64_t *offset;
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("MOVED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *found = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
        offset = found == MAP_FAILED ? NULL : found;
        close(file);
    }
    real_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

static int64_t shift(void) { return offset ? *offset : 0; }

static int64_t read_clock(void) {
    struct timespec now;
    if (real_gettime)
        real_gettime(CLOCK_REALTIME, &now);
    else
        syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static void put(struct timespec *to, int64_t nanoseconds) {
    to->tv_sec = nanoseconds / SECOND;
    to->tv_nsec = nanoseconds % SECOND;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE) {
        put(now, read_clock() + shift());
        return 0;
    }
    return real_gettime ? real_gettime(which, now) : (int)syscall(SYS_clock_gettime, which, now);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int64_t moment = read_clock() + shift();
    (void)zone;
    now->tv_sec = moment / SECOND;
    now->tv_usec = moment % SECOND / 1000;
    return 0;
}

time_t time(time_t *to) {
    time_t now = (read_clock() + shift()) / SECOND;
    if (to) *to = now;
    return now;
}
