#ifndef MALPIGHI_TILE_OPERANDS_H
#define MALPIGHI_TILE_OPERANDS_H

/* The operands of a weight gradient as AMX tiles want them; see TileGradient.c. */

#include <immintrin.h>
#include <string.h>

#include "COneDNN.h"

#define TILES __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-bf16")))

/* Channels of a block; voxels of a tile; scalars of an operand tile and of a tile of sums. */
enum { lanes = 16, block = 32, tile = 512, tile_floats = 256 };

struct grid {
  int64_t in_blocks, out_blocks;
  int64_t depth, height, width; /* of results; in two dimensions the images of a batch are the planes of one */
  int64_t in_depth, in_height, in_width, z_step; /* of the image */
  int64_t border;               /* planes before the first and behind the last: none in two dimensions */
  int64_t line, plane;          /* voxels of a padded line and plane; both even */
  int64_t planes;               /* of a slab */
  int64_t blocks;               /* of 32 voxels in a slab */
  int64_t pairs;                /* of voxels in one copy of one channel block */
};

struct operands {
  const nn_convolution_shape *shape;
  struct grid grid;
  const uint16_t *image, *result;
};

TILES static inline __m512i voxel(const uint16_t *place) {
  return place ? _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)place)) : _mm512_setzero_si512();
}

TILES static inline __m512i pair(__m512i first, __m512i second) {
  return _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
}

/* One padded line of the image, voxels `first`, `first` + `step`, ... (none: zeros), to both copies of a block. */
TILES static void write_line(const struct grid *l, const uint16_t *first, int64_t step, uint16_t *even,
                             uint16_t *odd) {
  if (!first) {
    memset(even, 0, (size_t)l->line * 32);
    memset(odd, 0, (size_t)l->line * 32);
    return;
  }
  __m512i before = _mm512_setzero_si512();
  for (int64_t p = 0; p < l->line / 2; p++) {
    int64_t w = 2 * p;
    __m512i a = voxel(w < l->width ? first + w * step : NULL);
    __m512i b = voxel(w + 1 < l->width ? first + (w + 1) * step : NULL);
    _mm512_storeu_si512(even + p * block, pair(before, a));
    _mm512_storeu_si512(odd + p * block, pair(a, b));
    before = b;
  }
}

/* Planes `from`..<`to` of a slab that begins at depth `start`, border (if any) first, of the voxels of one parity; channel blocks
   `in_from`..<`in_to`. */
TILES static void write_image(const struct operands *j, int64_t sample, int64_t start, int64_t from, int64_t to,
                              int64_t in_from, int64_t in_to, int parity, uint16_t *copies) {
  const struct grid *l = &j->grid;
  const nn_convolution_shape *s = j->shape;
  for (int64_t i = in_from; i < in_to; i++) {
    uint16_t *even = copies + 2 * i * l->pairs * block, *odd = even + l->pairs * block;
    for (int64_t p = from; p < to; p++) {
      int64_t d = start + p - l->border;
      for (int64_t q = 0; q < l->height + 2; q++) {
        int64_t h = q - 1, place = (p * l->plane + q * l->line) * lanes;
        bool inside = d >= 0 && d < l->depth && h >= 0 && h < l->height;
        int64_t z = d * l->z_step + (parity >> 2), y = h * s->stride + (parity >> 1 & 1);
        int64_t row = (sample * l->in_depth + z) * l->in_height + y;
        const uint16_t *first = j->image + (row * l->in_width + (parity & 1)) * s->in_pixel_stride;
        write_line(l, inside ? first + i * lanes : NULL, s->stride * s->in_pixel_stride, even + place, odd + place);
      }
    }
  }
}

TILES static void transpose(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int k = 0; k < 2; k++) {
      r[i + 2 * k] = _mm512_unpacklo_epi64(t[i + k], t[i + k + 2]);
      r[i + 2 * k + 1] = _mm512_unpackhi_epi64(t[i + k], t[i + k + 2]);
    }
  for (int i = 0; i < 16; i += 8)
    for (int k = 0; k < 4; k++) {
      t[i + k] = _mm512_shuffle_i32x4(r[i + k], r[i + k + 4], 0x88);
      t[i + k + 4] = _mm512_shuffle_i32x4(r[i + k], r[i + k + 4], 0xdd);
    }
  for (int k = 0; k < 8; k++) {
    r[k] = _mm512_shuffle_i32x4(t[k], t[k + 8], 0x88);
    r[k + 8] = _mm512_shuffle_i32x4(t[k], t[k + 8], 0xdd);
  }
}

/* The gradient of `count` planes of results as tiles of 16 channels × 32 voxels; zeros where the image has borders. */
TILES static void write_result(const struct operands *j, int64_t sample, int64_t start, int64_t count, int64_t out_from,
                               int64_t out_to, uint16_t *tiles) {
  const struct grid *l = &j->grid;
  int64_t stride = j->shape->out_pixel_stride;
  for (int64_t o = out_from; o < out_to; o++) {
    int64_t d = 0, h = 0, w = 0;
    for (int64_t b = 0; b < l->blocks; b++) {
      __m512i rows[16];
      for (int p = 0; p < 16; p++) {
        const uint16_t *first =
            j->result + (((sample * l->depth + start + d) * l->height + h) * l->width + w) * stride + o * lanes;
        bool inside = d < count && h < l->height;
        rows[p] = pair(voxel(inside && w < l->width ? first : NULL),
                       voxel(inside && w + 1 < l->width ? first + stride : NULL));
        if ((w += 2) == l->line) {
          w = 0;
          if (++h == l->height + 2) {
            h = 0;
            d++;
          }
        }
      }
      transpose(rows);
      for (int p = 0; p < 16; p++) _mm512_storeu_si512(tiles + ((o * l->blocks + b) * 16 + p) * 32, rows[p]);
    }
  }
}

#endif
