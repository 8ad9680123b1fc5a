#ifndef MALPIGHI_TILES_H
#define MALPIGHI_TILES_H

/* Names for AMX instructions: Swift has no intrinsics for them, and tile registers are operands fixed at compile time, so
   that the shortest useful unit is one block of products. What is multiplied, and why, is decided in Swift. Callers ask
   nn_has_tiles() before. */

#include "Lanes.h"

#include <stdint.h>

/* One step of a block: bytes from the block's image and from its weights to the tiles multiplied. */
typedef struct {
  int32_t image, weights;
} nn_tile_step;

#if defined(__x86_64__)

#define NN_TILE_ZERO(t) __asm__ volatile("tilezero %%tmm" #t ::)
#define NN_TILE_LOAD(t, place, stride) \
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t ::"r"(place), "r"((long)(stride)) : "memory")
#define NN_TILE_STORE(t, place, stride) \
  __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" ::"r"(place), "r"((long)(stride)) : "memory")
/* c += a · b, with a in rows of 32 bfloat16 and b in rows of 16 pairs. */
#define NN_TILE_MULTIPLY(c, a, b) __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #c ::)

/* Sets up eight tiles of 16 rows of 64 bytes for the calling thread; what was set before goes to `before`. */
NN_INLINE void nn_tiles_open(uint8_t *before) {
  uint8_t wanted[64] = {1};
  for (int t = 0; t < 8; t++) {
    wanted[16 + 2 * t] = 64;
    wanted[48 + t] = 16;
  }
  __asm__ volatile("sttilecfg (%0)" ::"r"(before) : "memory");
  __asm__ volatile("ldtilecfg (%0)" ::"r"(wanted) : "memory");
}

NN_INLINE void nn_tiles_close(const uint8_t *before) {
  if (before[0])
    __asm__ volatile("ldtilecfg (%0)" ::"r"(before) : "memory");
  else
    __asm__ volatile("tilerelease" ::: "memory");
}

/* 64 voxels, whose rows lie `stride` bytes apart, by 16 channels: sums[voxel][channel]. */
NN_INLINE void nn_tiles_tall(const uint8_t *image, long stride, const uint8_t *weights, const nn_tile_step *steps,
                             long count, float *sums) {
  NN_TILE_ZERO(0);
  NN_TILE_ZERO(1);
  NN_TILE_ZERO(2);
  NN_TILE_ZERO(3);
  for (long s = 0; s < count; s++) {
    const uint8_t *rows = image + steps[s].image;
    NN_TILE_LOAD(4, weights + steps[s].weights, 64);
    NN_TILE_LOAD(5, rows, stride);
    NN_TILE_MULTIPLY(0, 5, 4);
    NN_TILE_LOAD(6, rows + 16 * stride, stride);
    NN_TILE_MULTIPLY(1, 6, 4);
    NN_TILE_LOAD(7, rows + 32 * stride, stride);
    NN_TILE_MULTIPLY(2, 7, 4);
    NN_TILE_LOAD(5, rows + 48 * stride, stride);
    NN_TILE_MULTIPLY(3, 5, 4);
  }
  NN_TILE_STORE(0, sums, 64);
  NN_TILE_STORE(1, sums + 256, 64);
  NN_TILE_STORE(2, sums + 512, 64);
  NN_TILE_STORE(3, sums + 768, 64);
}

/* 32 voxels by 32 channels, the weights of the second 16 `next` bytes behind the first: sums[voxel][channel]. */
NN_INLINE void nn_tiles_square(const uint8_t *image, long stride, const uint8_t *weights, long next,
                               const nn_tile_step *steps, long count, float *sums) {
  NN_TILE_ZERO(0);
  NN_TILE_ZERO(1);
  NN_TILE_ZERO(2);
  NN_TILE_ZERO(3);
  for (long s = 0; s < count; s++) {
    const uint8_t *rows = image + steps[s].image, *columns = weights + steps[s].weights;
    NN_TILE_LOAD(4, columns, 64);
    NN_TILE_LOAD(6, rows, stride);
    NN_TILE_MULTIPLY(0, 6, 4);
    NN_TILE_LOAD(5, columns + next, 64);
    NN_TILE_MULTIPLY(1, 6, 5);
    NN_TILE_LOAD(7, rows + 16 * stride, stride);
    NN_TILE_MULTIPLY(2, 7, 4);
    NN_TILE_MULTIPLY(3, 7, 5);
  }
  NN_TILE_STORE(0, sums, 128);
  NN_TILE_STORE(1, sums + 16, 128);
  NN_TILE_STORE(2, sums + 512, 128);
  NN_TILE_STORE(3, sums + 528, 128);
}

#else

NN_INLINE void nn_tiles_open(uint8_t *before) { (void)before; }
NN_INLINE void nn_tiles_close(const uint8_t *before) { (void)before; }
NN_INLINE void nn_tiles_tall(const uint8_t *image, long stride, const uint8_t *weights, const nn_tile_step *steps,
                             long count, float *sums) {}
NN_INLINE void nn_tiles_square(const uint8_t *image, long stride, const uint8_t *weights, long next,
                               const nn_tile_step *steps, long count, float *sums) {}

#endif
#endif
