#define _GNU_SOURCE
#include "COneDNN.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <string.h>

/* GNU OpenMP's own entry points, looked up at run time: oneDNN brings the library in, and linking it by name would
   need its development package. */
static struct {
  void (*set_threads)(int);
  int (*thread_number)(void);
  int (*team_size)(void);
  void (*parallel)(void (*)(void *), void *, unsigned, unsigned);
} openmp;

static void look_up(void) {
  openmp.set_threads = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  openmp.thread_number = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_thread_num");
  openmp.team_size = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_num_threads");
  openmp.parallel =
      (void (*)(void (*)(void *), void *, unsigned, unsigned))dlsym(RTLD_DEFAULT, "GOMP_parallel");
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

void nn_set_threads(int threads) {
  pthread_once(&once, look_up);
  if (openmp.set_threads) openmp.set_threads(threads);
}

struct job {
  void (*body)(void *, int, int);
  void *context;
  int threads;
};

/* The runtime may give a smaller team than asked for; each member then takes several shares. */
static void run_share(void *data) {
  struct job *job = data;
  int step = openmp.team_size();
  for (int i = openmp.thread_number(); i < job->threads; i += step) job->body(job->context, i, job->threads);
}

bool nn_parallel(int threads, void (*body)(void *, int, int), void *context) {
  pthread_once(&once, look_up);
  if (!openmp.parallel || !openmp.thread_number || !openmp.team_size) return false;
  struct job job = {body, context, threads};
  openmp.parallel(run_share, &job, (unsigned)threads, 0);
  return true;
}

const char *nn_instruction_set(void) {
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse41";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx2_vnni: return "avx2_vnni";
    case dnnl_cpu_isa_avx512_core: return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512_core_bf16";
    default: return nn_has_bfloat16() ? "avx512_core_amx" : "unknown";
  }
}

bool nn_has_bfloat16(void) {
  unsigned isa = (unsigned)dnnl_get_effective_cpu_isa(), bfloat16 = (unsigned)dnnl_cpu_isa_avx512_core_bf16;
  return (isa & bfloat16) == bfloat16;
}
