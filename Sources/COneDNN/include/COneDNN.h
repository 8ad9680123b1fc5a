#ifndef MALPIGHI_CONEDNN_H
#define MALPIGHI_CONEDNN_H

/* A thin layer over oneDNN's C interface that is the same for its versions 2 and 3: convolutions and the reorders of
   their weights. Images are channels-last (N D H W C); weights take the layout that oneDNN prefers.
   Functions that can fail return oneDNN's status: 0 is success. */

#include "Lanes.h"
#include "Tiles.h"

#include <oneapi/dnnl/dnnl.h> /* for dnnl_sgemm, the same in both versions */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { nn_forward = 0, nn_backward_data = 1, nn_backward_weights = 2 } nn_direction;

typedef enum { nn_identity = 0, nn_relu = 1, nn_silu = 2, nn_sigmoid = 3, nn_relu6 = 4 } nn_activation;

/* The geometry of a convolution; `in` and `out` are spatial extents, slowest first. */
typedef struct {
  int32_t spatial_axes;
  int64_t batch, in_channels, out_channels, groups;
  int64_t in[3], out[3];
  int64_t kernel, stride, padding, dilation;
  /* Scalars from one pixel to the next; the channel counts where the image is dense. */
  int64_t in_pixel_stride, out_pixel_stride;
  bool bfloat16;
  /* Forward only: a bias vector (f32), then an activation with this slope below zero. */
  bool bias;
  nn_activation activation;
  float slope;
} nn_convolution_shape;

typedef struct nn_convolution *nn_convolution_t;
typedef struct nn_reorder *nn_reorder_t;

int nn_convolution_create(const nn_convolution_shape *shape, nn_direction direction, nn_convolution_t *result);
void nn_convolution_destroy(nn_convolution_t convolution);
size_t nn_convolution_weights_bytes(nn_convolution_t convolution);
size_t nn_convolution_scratch_bytes(nn_convolution_t convolution);
/* The name oneDNN gives the kernel it chose, such as "brgconv:avx512_core". Lives as long as the convolution. */
const char *nn_convolution_kernel(nn_convolution_t convolution);
/* Where the operands lie. `image` is the input image (or its gradient), `result` the output image (or its gradient). */
int nn_convolution_bind(nn_convolution_t convolution, void *image, void *weights, void *bias, void *result,
                        void *scratch);
int nn_convolution_run(nn_convolution_t convolution);

/* Row-major f32 (out × in × taps), or bf16 with input channels last (out × taps × in; ungrouped only). */
typedef enum { nn_plain_weights = 0, nn_packed_weights = 1 } nn_weight_order;
/* Weights of that order to the convolution's layout (`back` false) or back; `adding` adds to what is there. */
int nn_reorder_create(nn_convolution_t convolution, nn_weight_order order, bool back, bool adding,
                      nn_reorder_t *result);
void nn_reorder_destroy(nn_reorder_t reorder);
int nn_reorder_run(nn_reorder_t reorder, void *from, void *to);

/* Weight gradients on AMX tiles: dense bf16 images with channels in sixteens, kernel 3³ with stride 1 or 4³ with
   stride 2, padding 1. `gradient` is row-major f32; `adding` adds to it. The same bytes for the same thread count. */
bool nn_has_tiles(void);
bool nn_tiles_take(const nn_convolution_shape *shape);
size_t nn_tiles_scratch_bytes(const nn_convolution_shape *shape, int threads);
void nn_tiles_weight_gradient(const nn_convolution_shape *shape, const void *image, const void *result,
                              float *gradient, bool adding, int threads, void *scratch);

/* Threads of the OpenMP team that the calling thread's oneDNN calls use. */
void nn_set_threads(int threads);
/* Run body(context, index, threads) on oneDNN's own OpenMP team, so that its spinning workers do not compete with
   others for the cores. False where oneDNN runs without GNU OpenMP; nothing was run then. */
bool nn_parallel(int threads, void (*body)(void *context, int index, int threads), void *context);

/* Version of the library in use, as 10000 * major + 100 * minor + patch. */
int nn_library_version(void);
/* The instruction set oneDNN's kernels use on this machine, such as "avx512_core_amx". */
const char *nn_instruction_set(void);
/* True where the machine multiplies bfloat16 in hardware and oneDNN may use it. */
bool nn_has_bfloat16(void);

#ifdef __cplusplus
}
#endif
#endif
