/* walkfloor: what the system calls of a walk cost, and nothing else.
 * usage: walkfloor DIR [stat]
 *   two threads; every directory below DIR is opened, listed and closed; with `stat` every entry that is no
 *   directory is looked at. Prints how many of each kind there were: no paths, no texts of links, no groups.
 * It holds directories that wait by their paths below DIR, and lasts for trees that fit the memory.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH (64 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static char **waiting;
static size_t count, room;
static int busy, look, root;
static long links, files, names;

static void put(char **paths, size_t n) {
    pthread_mutex_lock(&lock);
    if (count + n > room) {
        room = 2 * (count + n);
        waiting = realloc(waiting, room * sizeof *waiting);
        if (!waiting) abort();
    }
    memcpy(waiting + count, paths, n * sizeof *paths);
    count += n;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
}

static char *take(int done) {
    char *path = NULL;
    pthread_mutex_lock(&lock);
    busy -= done;
    while (!count && busy) pthread_cond_wait(&more, &lock);
    if (count) {
        path = waiting[--count];
        busy++;
    } else {
        pthread_cond_broadcast(&more);
    }
    pthread_mutex_unlock(&lock);
    return path;
}

static void *work(void *unused) {
    char *buffer = malloc(BATCH), *path;
    char **below = NULL;
    size_t room_below = 0;
    long l = 0, f = 0, m = 0;
    (void)unused;
    for (int done = 0; (path = take(done)); done = 1) {
        int fd = openat(root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        size_t n = 0;
        long got;
        while (fd >= 0 && (got = syscall(SYS_getdents64, fd, buffer, BATCH)) > 0) {
            for (long at = 0; at < got;) {
                struct dirent64 *entry = (void *)(buffer + at);
                at += entry->d_reclen;
                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
                if (entry->d_type == DT_DIR) {
                    if (n == room_below) below = realloc(below, (room_below = 2 * n + 64) * sizeof *below);
                    if (!below || asprintf(&below[n++], "%s%s%s", path, *path ? "/" : "", entry->d_name) < 0) abort();
                    continue;
                }
                l += entry->d_type == DT_LNK;
                f += entry->d_type != DT_LNK;
                struct statx found;
                if (look && !statx(fd, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
                                   STATX_NLINK | STATX_INO | STATX_TYPE, &found))
                    m += found.stx_nlink > 1;
            }
        }
        if (fd >= 0) close(fd);
        free(path);
        if (n) put(below, n);
    }
    pthread_mutex_lock(&lock);
    links += l, files += f, names += m;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t other;
    if (argc < 2 || (root = open(argv[1], O_RDONLY | O_DIRECTORY)) < 0) return 2;
    look = argc > 2;
    char *start = strdup("");
    put(&start, 1);
    if (pthread_create(&other, NULL, work, NULL)) return 2;
    work(NULL);
    pthread_join(other, NULL);
    printf("%ld %ld %ld\n", links, files, names);
    return 0;
}
