#ifndef MALPIGHI_CTURBOJPEG_H
#define MALPIGHI_CTURBOJPEG_H
#include <turbojpeg.h>
#endif
