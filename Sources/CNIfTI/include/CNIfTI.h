#ifndef MALPIGHI_CNIFTI_H
#define MALPIGHI_CNIFTI_H
/* libnifti2 only: libniftiio exports the same symbol names for different structs. */
#include <nifti/nifti1.h>
#include <nifti/nifti2.h>
#include <nifti/nifti2_io.h>
#endif
