#ifndef MALPIGHI_CMESSAGEDIGEST_H
#define MALPIGHI_CMESSAGEDIGEST_H
#include <sys/types.h>
#include <sha2.h>
#endif
