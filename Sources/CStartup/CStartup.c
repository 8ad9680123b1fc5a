#define _GNU_SOURCE
#include "CStartup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char kept[] = "MALPIGHI_OMP_NUM_THREADS=";
static const char threads[] = "OMP_NUM_THREADS=";
static const long buffer = 130L << 20;

static bool begins(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

/* Bytes of addresses in use. */
static long used_addresses(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file) {
    if (fscanf(file, "%ld", &pages) != 1) pages = 0;
    fclose(file);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

/* Returns only where the program cannot be started; then this one goes on. */
static void start_anew(char **arguments, char **environment) {
  char program[PATH_MAX + 1] = {0}, was[64] = {0};
  if (readlink("/proc/self/exe", program, PATH_MAX) <= 0) return;
  strcpy(was, kept);
  int count = 0;
  while (environment[count]) count++;
  char *changed[count + 5];
  int next = 0;
  for (int i = 0; i < count; i++) {
    if (begins(environment[i], threads)) strncat(was, environment[i] + strlen(threads), 20);
    if (!begins(environment[i], threads) && !begins(environment[i], "MALLOC_ARENA_MAX=") &&
        !begins(environment[i], "OPENBLAS_NUM_THREADS="))
      changed[next++] = environment[i];
  }
  changed[next++] = was;
  changed[next++] = "OMP_NUM_THREADS=1";
  changed[next++] = "OPENBLAS_NUM_THREADS=1";
  changed[next++] = "MALLOC_ARENA_MAX=1";
  changed[next] = NULL;
  execve(program, arguments, changed);
}

static void economize(int count, char **arguments, char **environment) {
  (void)count;
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur >= LONG_MAX) return;
  bool is_second = false;
  for (char **entry = environment; *entry; entry++) is_second |= begins(*entry, kept);
  if (!is_second) start_anew(arguments, environment);
  long left = (long)limit.rlim_cur - used_addresses();
  if (left >= buffer) return;
  dprintf(
      STDERR_FILENO,
      "error: malpighi: %ld MiB of addresses needed for OpenBLAS, %ld of the %ld MiB allowed are left (ulimit -v). "
      "Nothing was begun; raise the limit.\n",
      buffer >> 20, left > 0 ? left >> 20 : 0, (long)limit.rlim_cur >> 20);
  _exit(70);
}

/* Called before the constructors of any library. */
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = economize;

void startup_restore_environment(void) {
  const char *was = getenv("MALPIGHI_OMP_NUM_THREADS");
  if (!was) return;
  if (*was)
    setenv("OMP_NUM_THREADS", was, 1);
  else
    unsetenv("OMP_NUM_THREADS");
  unsetenv("MALPIGHI_OMP_NUM_THREADS");
}
