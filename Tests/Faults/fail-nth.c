/* Makes the n-th change of a file below a folder fail, in any program: LD_PRELOAD=fail-nth.so.
 *   FAIL_BELOW=DIR   the folder
 *   FAIL_AT=N        which call fails: those of write, fsync, rename, mkdir, and open that creates, counted together
 *   FAIL_ERRNO=E     with which error
 *   FAIL_LOG=FILE    one line is written there when it does
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static int is_below(const char *path) {
  const char *folder = getenv("FAIL_BELOW");
  return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

/* Whether this call is the one to fail; errno is set then. */
static int fails(const char *call, const char *path) {
  const char *at = getenv("FAIL_AT"), *error = getenv("FAIL_ERRNO"), *log = getenv("FAIL_LOG");
  if (!at || !is_below(path) || atomic_fetch_add(&calls, 1) + 1 != atoi(at)) return 0;
  if (log) {
    int (*real_open)(const char *, int, ...) = next("open");
    ssize_t (*real_write)(int, const void *, size_t) = next("write");
    int descriptor = real_open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    if (descriptor >= 0 && length > 0) real_write(descriptor, line, (size_t)length);
    if (descriptor >= 0) close(descriptor);
  }
  errno = error ? atoi(error) : EIO;
  return 1;
}

static int fails_at(const char *call, int descriptor) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return fails(call, path);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (fails_at("write", descriptor)) return -1;
  ssize_t (*real)(int, const void *, size_t) = next("write");
  return real(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  if (fails_at("pwrite", descriptor)) return -1;
  ssize_t (*real)(int, const void *, size_t, off_t) = next("pwrite");
  return real(descriptor, bytes, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  if (fails_at("writev", descriptor)) return -1;
  ssize_t (*real)(int, const struct iovec *, int) = next("writev");
  return real(descriptor, parts, count);
}

int fsync(int descriptor) {
  if (fails_at("fsync", descriptor)) return -1;
  int (*real)(int) = next("fsync");
  return real(descriptor);
}

int rename(const char *from, const char *to) {
  if (fails("rename", to)) return -1;
  int (*real)(const char *, const char *) = next("rename");
  return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
  if (fails("mkdir", path)) return -1;
  int (*real)(const char *, mode_t) = next("mkdir");
  return real(path, mode);
}

static int open_through(const char *name, const char *path, int flags, mode_t mode) {
  if ((flags & O_CREAT) && fails(name, path)) return -1;
  int (*real)(const char *, int, ...) = next(name);
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_through("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_through("open64", path, flags, mode);
}
