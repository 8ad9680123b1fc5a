#ifndef MALPIGHI_CONEDNN_H
#define MALPIGHI_CONEDNN_H
#include <oneapi/dnnl/dnnl.h>
#endif
