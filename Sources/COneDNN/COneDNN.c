#include "COneDNN.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call)                                  \
  do {                                             \
    dnnl_status_t tried = (call);                  \
    if (tried != dnnl_success) {                   \
      status = tried;                              \
      goto end;                                    \
    }                                              \
  } while (0)

/* Version 2 passes memory descriptors as structures, version 3 as handles. */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t described;
#define ADDRESS(descriptor) (descriptor)
#define RELEASE(descriptor) \
  if (descriptor) dnnl_memory_desc_destroy(descriptor)
#define NO_DESCRIPTOR NULL
#else
typedef const dnnl_memory_desc_t *described;
#define ADDRESS(descriptor) (&(descriptor))
#define RELEASE(descriptor) (void)(descriptor)
#define NO_DESCRIPTOR \
  { 0 }
#endif

struct nn_convolution {
  nn_convolution_shape shape;
  nn_direction direction;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;
  dnnl_memory_t memories[5];
  dnnl_exec_arg_t arguments[5];
  int count;
};

struct nn_reorder {
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;
  dnnl_memory_t from, to;
};

static dnnl_engine_t shared_engine(void) {
  static dnnl_engine_t engine;
  dnnl_engine_t made = __atomic_load_n(&engine, __ATOMIC_ACQUIRE);
  if (made) return made;
  if (dnnl_engine_create(&made, dnnl_cpu, 0) != dnnl_success) return NULL;
  dnnl_engine_t expected = NULL;
  if (!__atomic_compare_exchange_n(&engine, &expected, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    dnnl_engine_destroy(made);
    made = expected;
  }
  return made;
}

static dnnl_status_t by_tag(dnnl_memory_desc_t *d, int n, const dnnl_dims_t dims, dnnl_data_type_t type,
                            dnnl_format_tag_t tag) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(d, n, dims, type, tag);
#else
  return dnnl_memory_desc_init_by_tag(d, n, dims, type, tag);
#endif
}

static dnnl_status_t by_strides(dnnl_memory_desc_t *d, int n, const dnnl_dims_t dims, dnnl_data_type_t type,
                                const dnnl_dims_t strides) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_strides(d, n, dims, type, strides);
#else
  return dnnl_memory_desc_init_by_strides(d, n, dims, type, strides);
#endif
}

static dnnl_status_t image(dnnl_memory_desc_t *d, const nn_convolution_shape *s, int64_t channels,
                           const int64_t *extents, int64_t pixel_stride) {
  int axes = s->spatial_axes, n = axes + 2;
  dnnl_dims_t dims = {s->batch, channels}, strides;
  for (int a = 0; a < axes; a++) dims[2 + a] = extents[a];
  dnnl_data_type_t type = s->bfloat16 ? dnnl_bf16 : dnnl_f32;
  if (pixel_stride == channels) return by_tag(d, n, dims, type, axes == 3 ? dnnl_ndhwc : dnnl_nhwc);
  strides[1] = 1;
  int64_t next = pixel_stride;
  for (int a = axes - 1; a >= 0; a--) {
    strides[2 + a] = next;
    next *= extents[a];
  }
  strides[0] = next;
  return by_strides(d, n, dims, type, strides);
}

static dnnl_format_tag_t plain_weights(const nn_convolution_shape *s, int *n, dnnl_dims_t dims) {
  int i = 0;
  bool grouped = s->groups > 1;
  if (grouped) dims[i++] = s->groups;
  dims[i++] = s->out_channels / s->groups;
  dims[i++] = s->in_channels / s->groups;
  for (int a = 0; a < s->spatial_axes; a++) dims[i++] = s->kernel;
  *n = i;
  if (s->spatial_axes == 3) return grouped ? dnnl_goidhw : dnnl_oidhw;
  return grouped ? dnnl_goihw : dnnl_oihw;
}

static dnnl_status_t epilogue(dnnl_primitive_attr_t attributes, const nn_convolution_shape *s) {
  dnnl_alg_kind_t kind = s->activation == nn_relu    ? dnnl_eltwise_relu
                         : s->activation == nn_silu ? dnnl_eltwise_swish
                         : s->activation == nn_relu6 ? dnnl_eltwise_clip
                                                     : dnnl_eltwise_logistic;
  float alpha = s->activation == nn_silu ? 1.0f : s->activation == nn_relu ? s->slope : 0.0f;
  float beta = s->activation == nn_relu6 ? 6.0f : 0.0f;
  dnnl_post_ops_t operations = NULL;
  dnnl_status_t status = dnnl_post_ops_create(&operations);
  if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR >= 3
  status = dnnl_post_ops_append_eltwise(operations, kind, alpha, beta);
#else
  status = dnnl_post_ops_append_eltwise(operations, 1.0f, kind, alpha, beta);
#endif
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, operations);
  dnnl_post_ops_destroy(operations);
  return status;
}

int nn_convolution_create(const nn_convolution_shape *s, nn_direction direction, nn_convolution_t *result) {
  dnnl_status_t status = dnnl_success;
  dnnl_engine_t engine = shared_engine();
  dnnl_memory_desc_t source = NO_DESCRIPTOR, weights = NO_DESCRIPTOR, bias = NO_DESCRIPTOR,
                     target = NO_DESCRIPTOR;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t hint = NULL;
  nn_convolution_t made = calloc(1, sizeof *made);
  *result = NULL;
  if (!made || !engine) {
    free(made);
    return dnnl_out_of_memory;
  }
  made->shape = *s;
  made->direction = direction;

  int n = 0;
  dnnl_dims_t kernel, strides, dilations, before, after, channels = {s->out_channels};
  plain_weights(s, &n, kernel);
  for (int a = 0; a < s->spatial_axes; a++) {
    strides[a] = s->stride;
    dilations[a] = s->dilation - 1;
    before[a] = s->padding;
    after[a] = (s->out[a] - 1) * s->stride + (s->kernel - 1) * s->dilation + 1 - s->in[a] - s->padding;
  }
  dnnl_data_type_t type = s->bfloat16 && direction != nn_backward_weights ? dnnl_bf16 : dnnl_f32;
  TRY(image(&source, s, s->in_channels, s->in, s->in_pixel_stride));
  TRY(image(&target, s, s->out_channels, s->out, s->out_pixel_stride));
  TRY(by_tag(&weights, n, kernel, type, dnnl_format_tag_any));
  bool biased = s->bias && direction == nn_forward;
  if (biased) TRY(by_tag(&bias, 1, channels, dnnl_f32, dnnl_x));
  TRY(dnnl_primitive_attr_create(&attributes));
  TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
  if (direction == nn_forward && s->activation != nn_identity) TRY(epilogue(attributes, s));

  dnnl_prop_kind_t forward = direction == nn_forward ? dnnl_forward_inference : dnnl_forward_training;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_primitive_desc_t *first = direction == nn_forward ? &made->description : &hint;
  dnnl_memory_desc_t hinted = weights;
  if (direction == nn_backward_weights && s->bfloat16)
    TRY(by_tag(&hinted, n, kernel, dnnl_bf16, dnnl_format_tag_any));
  status = dnnl_convolution_forward_primitive_desc_create(
      first, engine, forward, dnnl_convolution_direct, source, hinted, biased ? bias : NULL, target, strides,
      dilations, before, after, direction == nn_forward ? attributes : NULL);
  if (hinted != weights) dnnl_memory_desc_destroy(hinted);
  if (status != dnnl_success) goto end;
  if (direction == nn_backward_data)
    TRY(dnnl_convolution_backward_data_primitive_desc_create(&made->description, engine, dnnl_convolution_direct,
                                                             source, weights, target, strides, dilations, before,
                                                             after, hint, attributes));
  if (direction == nn_backward_weights)
    TRY(dnnl_convolution_backward_weights_primitive_desc_create(&made->description, engine,
                                                                dnnl_convolution_direct, source, weights, NULL,
                                                                target, strides, dilations, before, after, hint,
                                                                attributes));
#else
  dnnl_convolution_desc_t operation;
  dnnl_memory_desc_t hinted = weights;
  if (direction == nn_backward_weights && s->bfloat16)
    TRY(by_tag(&hinted, n, kernel, dnnl_bf16, dnnl_format_tag_any));
  TRY(dnnl_dilated_convolution_forward_desc_init(&operation, forward, dnnl_convolution_direct, &source, &hinted,
                                                 biased ? &bias : NULL, &target, strides, dilations, before, after));
  TRY(dnnl_primitive_desc_create(direction == nn_forward ? &made->description : &hint, &operation,
                                 direction == nn_forward ? attributes : NULL, engine, NULL));
  if (direction == nn_backward_data) {
    TRY(dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, &source, &weights,
                                                         &target, strides, dilations, before, after));
    TRY(dnnl_primitive_desc_create(&made->description, &operation, attributes, engine, hint));
  }
  if (direction == nn_backward_weights) {
    TRY(dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, &source, &weights,
                                                            NULL, &target, strides, dilations, before, after));
    TRY(dnnl_primitive_desc_create(&made->description, &operation, attributes, engine, hint));
  }
#endif
  TRY(dnnl_primitive_create(&made->primitive, made->description));
  TRY(dnnl_stream_create(&made->stream, engine, dnnl_stream_default_flags));

end:
  RELEASE(source);
  RELEASE(weights);
  RELEASE(bias);
  RELEASE(target);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  if (hint) dnnl_primitive_desc_destroy(hint);
  if (status != dnnl_success) {
    nn_convolution_destroy(made);
    return status;
  }
  *result = made;
  return 0;
}

static void release_memories(nn_convolution_t c) {
  for (int i = 0; i < c->count; i++) dnnl_memory_destroy(c->memories[i]);
  c->count = 0;
}

void nn_convolution_destroy(nn_convolution_t c) {
  if (!c) return;
  release_memories(c);
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  if (c->description) dnnl_primitive_desc_destroy(c->description);
  if (c->stream) dnnl_stream_destroy(c->stream);
  free(c);
}

static described weights_of(nn_convolution_t c) {
  return dnnl_primitive_desc_query_md(
      c->description, c->direction == nn_backward_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
}

size_t nn_convolution_weights_bytes(nn_convolution_t c) { return dnnl_memory_desc_get_size(weights_of(c)); }

size_t nn_convolution_scratch_bytes(nn_convolution_t c) {
  return dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(c->description, dnnl_query_scratchpad_md, 0));
}

const char *nn_convolution_kernel(nn_convolution_t c) {
  const char *name = NULL;
  dnnl_primitive_desc_query(c->description, dnnl_query_impl_info_str, 0, &name);
  return name ? name : "unknown";
}

static dnnl_status_t attach(nn_convolution_t c, dnnl_query_t what, int index, int argument, void *place) {
  dnnl_memory_t *memory = &c->memories[c->count];
  described descriptor = dnnl_primitive_desc_query_md(c->description, what, index);
  dnnl_status_t status = dnnl_memory_create(memory, descriptor, shared_engine(), place);
  if (status != dnnl_success) return status;
  c->arguments[c->count].arg = argument;
  c->arguments[c->count].memory = *memory;
  c->count++;
  return dnnl_success;
}

int nn_convolution_bind(nn_convolution_t c, void *image, void *weights, void *bias, void *result, void *scratch) {
  dnnl_status_t status = dnnl_success;
  release_memories(c);
  switch (c->direction) {
    case nn_forward:
      TRY(attach(c, dnnl_query_src_md, 0, DNNL_ARG_SRC, image));
      TRY(attach(c, dnnl_query_weights_md, 0, DNNL_ARG_WEIGHTS, weights));
      if (c->shape.bias) TRY(attach(c, dnnl_query_weights_md, 1, DNNL_ARG_BIAS, bias));
      TRY(attach(c, dnnl_query_dst_md, 0, DNNL_ARG_DST, result));
      break;
    case nn_backward_data:
      TRY(attach(c, dnnl_query_diff_src_md, 0, DNNL_ARG_DIFF_SRC, image));
      TRY(attach(c, dnnl_query_weights_md, 0, DNNL_ARG_WEIGHTS, weights));
      TRY(attach(c, dnnl_query_diff_dst_md, 0, DNNL_ARG_DIFF_DST, result));
      break;
    case nn_backward_weights:
      TRY(attach(c, dnnl_query_src_md, 0, DNNL_ARG_SRC, image));
      TRY(attach(c, dnnl_query_diff_weights_md, 0, DNNL_ARG_DIFF_WEIGHTS, weights));
      TRY(attach(c, dnnl_query_diff_dst_md, 0, DNNL_ARG_DIFF_DST, result));
      break;
  }
  if (scratch) TRY(attach(c, dnnl_query_scratchpad_md, 0, DNNL_ARG_SCRATCHPAD, scratch));
end:
  return status;
}

int nn_convolution_run(nn_convolution_t c) {
  dnnl_status_t status = dnnl_primitive_execute(c->primitive, c->stream, c->count, c->arguments);
  return status == dnnl_success ? dnnl_stream_wait(c->stream) : status;
}

int nn_reorder_create(nn_convolution_t c, nn_weight_order order, bool back, bool adding, nn_reorder_t *result) {
  dnnl_status_t status = dnnl_success;
  dnnl_engine_t engine = shared_engine();
  dnnl_memory_desc_t plain = NO_DESCRIPTOR;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t operations = NULL;
  dnnl_primitive_desc_t description = NULL;
  nn_reorder_t made = calloc(1, sizeof *made);
  *result = NULL;
  if (!made) return dnnl_out_of_memory;
  int n;
  dnnl_dims_t dims;
  dnnl_format_tag_t tag = plain_weights(&c->shape, &n, dims);
  if (order == nn_packed_weights)
    TRY(by_tag(&plain, n, dims, dnnl_bf16, c->shape.spatial_axes == 3 ? dnnl_odhwi : dnnl_ohwi));
  else
    TRY(by_tag(&plain, n, dims, dnnl_f32, tag));
  TRY(dnnl_primitive_attr_create(&attributes));
  if (adding) {
    TRY(dnnl_post_ops_create(&operations));
#if DNNL_VERSION_MAJOR >= 3
    TRY(dnnl_post_ops_append_sum(operations, 1.0f, 0, dnnl_data_type_undef));
#else
    TRY(dnnl_post_ops_append_sum(operations, 1.0f));
#endif
    TRY(dnnl_primitive_attr_set_post_ops(attributes, operations));
  }
  described from = back ? weights_of(c) : ADDRESS(plain), to = back ? ADDRESS(plain) : weights_of(c);
  TRY(dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, attributes));
  TRY(dnnl_primitive_create(&made->primitive, description));
  TRY(dnnl_stream_create(&made->stream, engine, dnnl_stream_default_flags));
  TRY(dnnl_memory_create(&made->from, from, engine, DNNL_MEMORY_NONE));
  TRY(dnnl_memory_create(&made->to, to, engine, DNNL_MEMORY_NONE));
end:
  RELEASE(plain);
  if (operations) dnnl_post_ops_destroy(operations);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  if (description) dnnl_primitive_desc_destroy(description);
  if (status != dnnl_success) {
    nn_reorder_destroy(made);
    return status;
  }
  *result = made;
  return 0;
}

void nn_reorder_destroy(nn_reorder_t r) {
  if (!r) return;
  if (r->primitive) dnnl_primitive_destroy(r->primitive);
  if (r->stream) dnnl_stream_destroy(r->stream);
  if (r->from) dnnl_memory_destroy(r->from);
  if (r->to) dnnl_memory_destroy(r->to);
  free(r);
}

int nn_reorder_run(nn_reorder_t r, void *from, void *to) {
  dnnl_status_t status = dnnl_memory_set_data_handle(r->from, from);
  if (status == dnnl_success) status = dnnl_memory_set_data_handle(r->to, to);
  if (status != dnnl_success) return status;
  dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, r->from}, {DNNL_ARG_TO, r->to}};
  status = dnnl_primitive_execute(r->primitive, r->stream, 2, arguments);
  return status == dnnl_success ? dnnl_stream_wait(r->stream) : status;
}

int nn_library_version(void) {
  const dnnl_version_t *version = dnnl_version();
  return 10000 * version->major + 100 * version->minor + version->patch;
}
