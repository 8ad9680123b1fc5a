#ifndef MALPIGHI_CMESSAGEDIGEST_H
#define MALPIGHI_CMESSAGEDIGEST_H
#include <openssl/evp.h>
#endif
