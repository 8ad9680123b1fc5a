#define _GNU_SOURCE
#include "COneDNN.h"

/* The weight gradient of a bf16 convolution on AMX tiles.

   dW[tap][o][i] = Σ_v dy[v][o] · x[v + tap][i] is one matrix product for each tap over the voxels of the image. Here
   the image lies between borders of zeros, so that all voxels of a slab of planes form one long line in which every tap is a
   fixed distance; it is written in pairs of voxels once beginning at even and once at odd positions, so that a shifted
   tile is a plain load. Gradients of the result are transposed to tiles once per slab and stay for all taps.

   It is C because Swift has no intrinsics: neither for the tiles nor for the transposes of AVX-512 that fill them.
   Convolutions are in Swift, over the two blocks of instructions in Tiles.h.

   A 4³ kernel with stride 2 is eight 2³ kernels, one for each parity of the image's coordinates; a 3³ kernel with stride 2
   is the same without its last taps. In two dimensions the images of a batch are the planes of one image, whose taps
   stay in their own plane.

   Small images are written as a whole, and threads share the pairs of channel blocks. Of large ones each thread takes
   planes, slab by slab, with sums of its own. */

#if defined(__x86_64__)

#include <oneapi/dnnl/dnnl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "TileOperands.h"

struct job {
  struct operands operands;
  int64_t taps, samples;
  int parities;
  bool whole;
  /* Bytes of one slab's image copies (of one parity) and result tiles, and of all sums. */
  int64_t image_bytes, result_bytes, sum_bytes;
  char *scratch;
  float *gradient;
  bool adding;
};

static struct job job_of(const nn_convolution_shape *s) {
  bool flat = s->spatial_axes == 2;
  struct job j = {.operands = {.shape = s}, .samples = flat ? 1 : s->batch};
  struct grid *g = &j.operands.grid;
  j.taps = s->kernel * s->kernel * (flat ? 1 : s->kernel);
  j.parities = s->stride == 1 ? 1 : flat ? 4 : 8;
  g->in_blocks = s->in_channels / lanes;
  g->out_blocks = s->out_channels / lanes;
  const int64_t *in = s->in + (flat ? 0 : 1), *out = s->out + (flat ? 0 : 1);
  g->depth = flat ? s->batch : s->out[0];
  g->height = out[0];
  g->width = out[1];
  g->in_depth = flat ? s->batch : s->in[0];
  g->in_height = in[0];
  g->in_width = in[1];
  g->z_step = flat ? 1 : s->stride;
  g->border = flat ? 0 : 1;
  g->line = (g->width + 3) / 2 * 2;
  g->plane = (g->height + 2) * g->line;
  j.sum_bytes = j.taps * s->in_channels * s->out_channels * 4;
  int64_t plane_bytes = g->plane * s->in_channels * 4;
  int64_t all_bytes = j.samples * j.parities * (g->depth + 3) * plane_bytes;
  j.whole = all_bytes <= 4 << 20 || j.sum_bytes > 4 << 20;
  /* A slab stays in the second-level cache. */
  g->planes = j.whole ? g->depth : (1 << 20) / plane_bytes - 2 * g->border;
  if (g->planes < 1) g->planes = 1;
  if (g->planes > g->depth) g->planes = g->depth;
  g->blocks = (g->planes * g->plane + block - 1) / block;
  g->pairs = (g->blocks * block + 2 * g->border * g->plane + 2 * g->line) / 2 + lanes;
  j.image_bytes = 2 * g->in_blocks * g->pairs * 64;
  j.result_bytes = g->out_blocks * g->blocks * tile * 2;
  return j;
}

bool nn_has_tiles(void) {
  unsigned isa = (unsigned)dnnl_get_effective_cpu_isa(), tiles = (unsigned)dnnl_cpu_isa_avx512_core_amx;
  /* Linux lets a process use the tile registers after it has asked (feature 18). */
  return (isa & tiles) == tiles && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}

bool nn_tiles_take(const nn_convolution_shape *s) {
  if (!s->bfloat16 || s->spatial_axes < 2 || s->groups != 1 || s->dilation != 1 || s->padding != 1) return false;
  if (s->in_channels % lanes || s->out_channels % lanes) return false;
  bool same = s->kernel == 3 && s->stride == 1, halved = (s->kernel == 3 || s->kernel == 4) && s->stride == 2;
  for (int a = 0; a < s->spatial_axes; a++) {
    same = same && s->in[a] == s->out[a];
    halved = halved && s->in[a] == 2 * s->out[a];
  }
  return (same || halved) && nn_has_tiles();
}

static int64_t sums_offset(const struct job *j, int threads) {
  if (j->whole) return j->samples * (j->parities * j->image_bytes + j->result_bytes);
  return threads * (j->image_bytes + j->result_bytes);
}

size_t nn_tiles_scratch_bytes(const nn_convolution_shape *s, int threads) {
  struct job j = job_of(s);
  int64_t sums = j.whole ? j.taps * tile_floats * 4 : j.sum_bytes;
  return (size_t)(sums_offset(&j, threads) + threads * sums);
}

/* Up to six taps at a time: their sums stay in registers over the whole slab. */
TILES static void multiply(const uint16_t *result, const uint16_t *const *images, float *const *sums, int count,
                           int64_t blocks) {
#define WITH_SUM(action) \
  action(0) if (count > 1) action(1) if (count > 2) action(2) if (count > 3) action(3) if (count > 4) action(4) \
      if (count > 5) action(5)
#define LOAD(n) _tile_loadd(n + 2, sums[n], 64);
#define STORE(n) _tile_stored(n + 2, sums[n], 64);
#define ADD(n)                                \
  {                                           \
    _tile_loadd(1, images[n] + b * tile, 64); \
    _tile_dpbf16ps(n + 2, 0, 1);              \
  }
  WITH_SUM(LOAD)
  for (int64_t b = 0; b < blocks; b++) {
    _tile_loadd(0, result + b * tile, 64);
    WITH_SUM(ADD)
  }
  WITH_SUM(STORE)
}

struct tap {
  int64_t index, offset;
};

/* The taps that read voxels of one parity, depth by depth; those of one depth that begin at even voxels first, since
   neighbours in this order share what they read. */
static int list_taps(const struct job *j, int parity, struct tap taps[27]) {
  const struct grid *g = &j->operands.grid;
  int64_t k = j->operands.shape->kernel;
  int count = 0, flat = g->border == 0;
  for (int64_t a = 0; a < (flat ? 1 : 3); a++)
    for (int odd = 0; odd < 2; odd++)
      for (int64_t b = 0; b < 3; b++)
        for (int64_t c = odd; c < 3; c += 2) {
          int64_t t[3] = {a, b, c};
          bool exists = true;
          for (int axis = flat; axis < 3 && j->parities > 1; axis++) {
            /* Shifts 0, 1, 2 of the grid: even voxels are read by taps 1 and 3, odd ones by 0 and 2. */
            t[axis] = 2 * t[axis] - 1 + (parity >> (2 - axis) & 1);
            exists = exists && t[axis] >= 0 && t[axis] < k;
          }
          if (!exists) continue;
          taps[count].index = (t[0] * k + t[1]) * k + t[2];
          taps[count++].offset = a * g->plane + b * g->line + c;
        }
  return count;
}

/* Add a slab's products of one pair of channel blocks to `sums`, tap × 16 × 16. */
TILES static void add_slab(const struct job *j, int parity, const uint16_t *copies, const uint16_t *tiles, int64_t in,
                           int64_t out, float *sums) {
  const struct grid *g = &j->operands.grid;
  struct tap taps[27];
  int count = list_taps(j, parity, taps), n;
  for (int first = 0; first < count; first += n) {
    const uint16_t *images[6];
    float *places[6];
    for (n = 0; n < 6 && first + n < count; n++) {
      const struct tap *tap = &taps[first + n];
      if (tap->offset / g->plane != taps[first].offset / g->plane) break;
      int64_t odd = tap->offset & 1;
      images[n] = copies + ((2 * in + odd) * g->pairs + (tap->offset - odd) / 2) * block;
      places[n] = sums + tap->index * tile_floats;
    }
    multiply(tiles + out * g->blocks * tile, images, places, n, g->blocks);
  }
}

/* Sums of one pair of channel blocks, of all `parts` that lie `distance` apart, to row-major weights. */
static void gather(const struct job *j, int64_t in, int64_t out, const float *sums, int parts, int64_t distance) {
  int64_t taps = j->taps, inputs = j->operands.shape->in_channels;
  bool adding = j->adding;
  for (int64_t o = 0; o < lanes; o++)
    for (int64_t i = 0; i < lanes; i++) {
      float *restrict target = j->gradient + ((out * lanes + o) * inputs + in * lanes + i) * taps;
      const float *from = sums + o * lanes + i;
      for (int64_t t = 0; t < taps; t++) {
        float value = adding ? target[t] : 0;
        for (int part = 0; part < parts; part++) value += from[part * distance + t * tile_floats];
        target[t] = value;
      }
    }
}

/* The tile registers as eight tiles of 16 × 64 bytes; what was set before goes to `before`. */
TILES static void configure(char before[64]) {
  char wanted[64] = {1};
  for (int t = 0; t < 8; t++) {
    wanted[16 + 2 * t] = 64;
    wanted[48 + t] = 16;
  }
  _tile_storeconfig(before);
  _tile_loadconfig(wanted);
}

TILES static void restore(const char before[64]) {
  if (before[0])
    _tile_loadconfig(before);
  else
    _tile_release();
}

/* Whole images, first step: the operands, channel block by channel block. */
TILES static void write_member(void *context, int thread, int threads) {
  const struct job *j = context;
  const struct grid *g = &j->operands.grid;
  int64_t units = g->in_blocks * j->parities + g->out_blocks, all = j->samples * units;
  for (int64_t n = all * thread / threads; n < all * (thread + 1) / threads; n++) {
    int64_t sample = n / units, unit = n % units;
    char *place = j->scratch + sample * (j->parities * j->image_bytes + j->result_bytes);
    int64_t in = unit / j->parities, parity = unit % j->parities, out = unit - g->in_blocks * j->parities;
    if (out < 0) {
      uint16_t *copies = (uint16_t *)(place + parity * j->image_bytes);
      /* What lies behind the last plane is read, and multiplied by zero. */
      memset(copies + 2 * in * g->pairs * block, 0, (size_t)g->pairs * 128);
      write_image(&j->operands, sample, 0, 0, g->depth + 2 * g->border, in, in + 1, (int)parity, copies);
    } else {
      uint16_t *tiles = (uint16_t *)(place + j->parities * j->image_bytes);
      write_result(&j->operands, sample, 0, g->depth, out, out + 1, tiles);
    }
  }
}

/* Whole images, second step: pairs of channel blocks. */
TILES static void multiply_member(void *context, int thread, int threads) {
  const struct job *j = context;
  const struct grid *g = &j->operands.grid;
  char before[64] = {0};
  configure(before);
  float *sums = (float *)(j->scratch + sums_offset(j, threads)) + thread * j->taps * tile_floats;
  int64_t all = g->in_blocks * g->out_blocks;
  for (int64_t n = all * thread / threads; n < all * (thread + 1) / threads; n++) {
    memset(sums, 0, (size_t)j->taps * tile_floats * 4);
    for (int64_t sample = 0; sample < j->samples; sample++) {
      const char *place = j->scratch + sample * (j->parities * j->image_bytes + j->result_bytes);
      const uint16_t *tiles = (const uint16_t *)(place + j->parities * j->image_bytes);
      for (int p = 0; p < j->parities; p++)
        add_slab(j, p, (const uint16_t *)(place + p * j->image_bytes), tiles, n % g->in_blocks, n / g->in_blocks,
                 sums);
    }
    gather(j, n % g->in_blocks, n / g->in_blocks, sums, 1, 0);
  }
  restore(before);
}

/* Large images: a thread's planes. */
TILES static void slide_member(void *context, int thread, int threads) {
  const struct job *j = context;
  const struct grid *g = &j->operands.grid;
  char before[64] = {0};
  configure(before);
  uint16_t *copies = (uint16_t *)(j->scratch + thread * (j->image_bytes + j->result_bytes));
  uint16_t *tiles = copies + j->image_bytes / 2;
  float *sums = (float *)(j->scratch + sums_offset(j, threads) + thread * j->sum_bytes);
  memset(sums, 0, (size_t)j->sum_bytes);
  memset(copies, 0, (size_t)j->image_bytes);
  int64_t all = j->samples * g->depth, from = all * thread / threads, to = all * (thread + 1) / threads, written = -1;
  while (from < to) {
    int64_t sample = from / g->depth, start = from % g->depth, count = g->planes;
    if (count > g->depth - start) count = g->depth - start;
    if (count > to - from) count = to - from;
    write_result(&j->operands, sample, start, count, 0, g->out_blocks, tiles);
    for (int parity = 0; parity < j->parities; parity++) {
      int64_t done = 0;
      if (j->parities == 1 && g->border > 0 && start > 0 && written == from) {
        /* The last two planes of the slab before are the first two of this one. */
        for (int64_t i = 0; i < 2 * g->in_blocks; i++) {
          uint16_t *copy = copies + i * g->pairs * block;
          memmove(copy, copy + g->planes * g->plane * lanes, (size_t)g->plane * lanes * 4);
        }
        done = 2;
      }
      write_image(&j->operands, sample, start, done, count + 2 * g->border, 0, g->in_blocks, parity, copies);
      for (int64_t out = 0; out < g->out_blocks; out++)
        for (int64_t in = 0; in < g->in_blocks; in++)
          add_slab(j, parity, copies, tiles, in, out, sums + (out * g->in_blocks + in) * j->taps * tile_floats);
    }
    from += count;
    written = count == g->planes ? from : -1;
  }
  restore(before);
}

/* Large images: the sums of all threads, in their order. */
static void gather_member(void *context, int thread, int threads) {
  const struct job *j = context;
  const struct grid *g = &j->operands.grid;
  const float *sums = (const float *)(j->scratch + sums_offset(j, threads));
  int64_t all = g->in_blocks * g->out_blocks;
  for (int64_t n = all * thread / threads; n < all * (thread + 1) / threads; n++)
    gather(j, n % g->in_blocks, n / g->in_blocks, sums + n * j->taps * tile_floats, threads, j->sum_bytes / 4);
}

static void on_all(int threads, void (*body)(void *, int, int), struct job *job) {
  if (!nn_parallel(threads, body, job))
    for (int t = 0; t < threads; t++) body(job, t, threads);
}

void nn_tiles_weight_gradient(const nn_convolution_shape *shape, const void *image, const void *result,
                              float *gradient, bool adding, int threads, void *scratch) {
  struct job job = job_of(shape);
  job.operands.image = image;
  job.operands.result = result;
  job.scratch = scratch;
  job.gradient = gradient;
  job.adding = adding;
  on_all(threads, job.whole ? write_member : slide_member, &job);
  on_all(threads, job.whole ? multiply_member : gather_member, &job);
}

#else

bool nn_has_tiles(void) { return false; }
bool nn_tiles_take(const nn_convolution_shape *s) { return false; }
size_t nn_tiles_scratch_bytes(const nn_convolution_shape *s, int threads) { return 0; }
void nn_tiles_weight_gradient(const nn_convolution_shape *shape, const void *image, const void *result,
                              float *gradient, bool adding, int threads, void *scratch) {}

#endif
