#ifndef MALPIGHI_CPNG_H
#define MALPIGHI_CPNG_H
/* The simplified API (png_image_*) only: the classic one reports errors by longjmp, undefined over Swift frames. */
#include <png.h>
#endif
