#ifndef MALPIGHI_LANES_H
#define MALPIGHI_LANES_H

/* Conversions between vectors of different element sizes. Swift's own are library calls, which cost more than the
   arithmetic around them. Swift sees these types as SIMD8 and SIMD16. */

#include <stdbool.h>
#include <stdint.h>

#define NN_INLINE static inline __attribute__((always_inline))

/* Whether this was compiled for registers of 512 bits, 32 of them. */
NN_INLINE bool nn_has_wide_registers(void) {
#ifdef __AVX512F__
  return true;
#else
  return false;
#endif
}

/* Whether products and sums are fused in one instruction. */
NN_INLINE bool nn_has_fused_products(void) {
#ifdef __FMA__
  return true;
#else
  return false;
#endif
}

typedef float nn_float8 __attribute__((ext_vector_type(8)));
typedef float nn_float16 __attribute__((ext_vector_type(16)));
typedef uint32_t nn_word8 __attribute__((ext_vector_type(8)));
typedef uint32_t nn_word16 __attribute__((ext_vector_type(16)));
typedef uint16_t nn_half8 __attribute__((ext_vector_type(8)));
typedef uint16_t nn_half16 __attribute__((ext_vector_type(16)));
typedef uint8_t nn_byte16 __attribute__((ext_vector_type(16)));

/* bfloat16 is the upper half of a float. */
NN_INLINE nn_float16 nn_from_bfloat16(nn_half16 bits) {
  return (nn_float16)(__builtin_convertvector(bits, nn_word16) << 16);
}

NN_INLINE nn_float8 nn_from_bfloat8(nn_half8 bits) {
  return (nn_float8)(__builtin_convertvector(bits, nn_word8) << 16);
}

/* Rounded to nearest, ties to even. */
NN_INLINE nn_half16 nn_to_bfloat16(nn_float16 value) {
  nn_word16 bits = (nn_word16)value;
  return __builtin_convertvector((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, nn_half16);
}

NN_INLINE nn_half8 nn_to_bfloat8(nn_float8 value) {
  nn_word8 bits = (nn_word8)value;
  return __builtin_convertvector((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, nn_half8);
}

/* The nearest numbers that bfloat16 holds, as floats. */
NN_INLINE nn_float16 nn_upper_halves(nn_float16 value) {
  nn_word16 bits = (nn_word16)value;
  return (nn_float16)((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
}

/* Numbers that bfloat16 holds, two in a word: the first in the lower half. */
NN_INLINE nn_word16 nn_pairs(nn_float16 first, nn_float16 second) {
  return ((nn_word16)first >> 16) | (nn_word16)second;
}

/* Sixteen numbers that lie `distance` apart. */
NN_INLINE nn_float16 nn_gather16(const float *first, long distance) {
  nn_float16 result;
  for (int lane = 0; lane < 16; lane++) result[lane] = first[lane * distance];
  return result;
}

NN_INLINE nn_byte16 nn_narrow(nn_word16 value) { return __builtin_convertvector(value, nn_byte16); }

/* The lanes of `value` whose byte is `wanted`; zeros elsewhere. */
NN_INLINE nn_float16 nn_lanes_where(nn_float16 value, nn_byte16 bytes, uint8_t wanted) {
  nn_word16 equal = (nn_word16)(__builtin_convertvector(bytes, nn_word16) == (nn_word16)(uint32_t)wanted);
  return (nn_float16)((nn_word16)value & equal);
}

/* Ask for the line of the cache at `place`, which need not be mapped. */
NN_INLINE void nn_prefetch(const void *place) { __builtin_prefetch(place, 0, 2); }

#endif
