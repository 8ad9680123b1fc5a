#ifndef MALPIGHI_CDEFLATE_H
#define MALPIGHI_CDEFLATE_H
/* libdeflate for whole buffers; zlib for the first bytes of a stream and for naming what is wrong with one. */
#include <libdeflate.h>
#include <zlib.h>
#endif
