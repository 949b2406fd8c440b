// Preloaded into the daemon: the wall clock that it reads can be set, and its calls can be made to fail, while it runs.
// All is told by a file that is mapped before the daemon confines itself, so that no filter stands in the way.
// (libfiu opens files and pipes later, which Landlock refuses; libfaketime too.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum Call { WORKER_MEMORY, ACCOUNTING_MEMORY, EVENT_MEMORY, SINK_MEMORY, HTTP_MEMORY, RECEIVE, SEND, CALLS };

// misfortune.py knows this layout.
struct Misfortune {
    _Atomic long clock_offset;           // seconds
    _Atomic unsigned long every[CALLS];  // each so many-th call fails; 0: none
    _Atomic unsigned long calls[CALLS];
    _Atomic unsigned long failed[CALLS];
};

static struct Misfortune nothing;
static struct Misfortune* misfortune = &nothing;

__attribute__((constructor)) static void begin(void) {
    const int file = open(getenv("MISFORTUNE"), O_RDWR | O_CLOEXEC);
    void* mapped = mmap(NULL, sizeof nothing, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        abort();
    misfortune = mapped;
    unsetenv("LD_PRELOAD");  // iptables is spared
}

static int refuse(enum Call call, int error) {
    ++misfortune->failed[call];
    errno = error;
    return 1;
}

static int fails(enum Call call, int error) {
    const unsigned long every = misfortune->every[call];
    return every != 0 && ++misfortune->calls[call] % every == 0 ? refuse(call, error) : 0;
}

// The clock.

#define NEXT(name) \
    static typeof(&name) next; \
    if (next == NULL) \
        next = dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t clock, struct timespec* now) {
    NEXT(clock_gettime);
    const int result = next(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += misfortune->clock_offset;
    return result;
}

int gettimeofday(struct timeval* now, void* zone) {
    (void)zone;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

time_t time(time_t* where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where != NULL)
        *where = now.tv_sec;
    return now.tv_sec;
}

// Memory of the workers, of the accounting, of events and of their sinks, by the names under which glibc keeps its own. They
// tell who they are as they start. For those that make texts 20 calls in a row fail, and what they give back in one large
// piece they can have again.

static _Thread_local enum Call memory = CALLS;  // whose it is
static _Thread_local size_t given_back;         // octets
static const size_t large = 65536;
static const unsigned long in_a_row = 20;

static int makes_texts(void) {
    return (memory == EVENT_MEMORY || memory == HTTP_MEMORY) && misfortune->every[memory] != 0;
}

static enum Call memory_of(const char* thread) {
    if (strncmp(thread, "worker-", 7) == 0)
        return WORKER_MEMORY;
    if (strcmp(thread, "events") == 0)
        return EVENT_MEMORY;
    if (strncmp(thread, "events-", 7) == 0)
        return SINK_MEMORY;
    if (strcmp(thread, "MHD-single") == 0)
        return HTTP_MEMORY;
    return strcmp(thread, "accounting") == 0 ? ACCOUNTING_MEMORY : CALLS;
}

static int is_refused(size_t size) {
    if (memory == CALLS)
        return 0;
    if (!makes_texts())
        return fails(memory, ENOMEM);
    if (given_back >= size) {
        given_back -= size;
        return 0;
    }
    return ++misfortune->calls[memory] % misfortune->every[memory] < in_a_row ? refuse(memory, ENOMEM) : 0;
}

int pthread_setname_np(pthread_t thread, const char* name) {
    NEXT(pthread_setname_np);
    if (pthread_equal(thread, pthread_self()))
        memory = memory_of(name);
    return next(thread, name);
}

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);

void __libc_free(void*);

void* malloc(size_t size) {
    return is_refused(size) ? NULL : __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
    return is_refused(count * size) ? NULL : __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
    return is_refused(size) ? NULL : __libc_realloc(old, size);
}

void free(void* old) {
    if (old != NULL && makes_texts() && malloc_usable_size(old) >= large)
        given_back += malloc_usable_size(old);
    __libc_free(old);
}

// Packets in, verdicts out.

int recvmmsg(int file, struct mmsghdr* messages, unsigned count, int flags, struct timespec* timeout) {
    NEXT(recvmmsg);
    return fails(RECEIVE, ENOMEM) ? -1 : next(file, messages, count, flags, timeout);
}

ssize_t sendto(int file, const void* data, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
    NEXT(sendto);
    return fails(SEND, ENOBUFS) ? -1 : next(file, data, size, flags, to, length);
}
