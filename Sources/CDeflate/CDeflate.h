#ifndef MALPIGHI_CDEFLATE_H
#define MALPIGHI_CDEFLATE_H
#include <libdeflate.h>
#endif
