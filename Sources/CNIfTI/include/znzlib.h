/* libnifti2's public header includes <znzlib.h>; Debian installs it as <nifti/znzlib.h>. */
#include <nifti/znzlib.h>
