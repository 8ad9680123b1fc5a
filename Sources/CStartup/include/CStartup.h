#ifndef MALPIGHI_CSTARTUP_H
#define MALPIGHI_CSTARTUP_H

/* Before any library of the program is set up, where addresses are limited (`ulimit -v`): the program is started anew once,
   with one arena of memory and one thread of OpenMP, for each of which OpenBLAS's OpenMP build takes a buffer of 128 MiB
   as it is loaded and, where there is none, tries again without end. Where even one does not fit the program ends with
   code 70 and both numbers. This must be C: it runs before Swift's own library is ready. */

/* Give OMP_NUM_THREADS back the value that the user gave it, for this program and those that it starts. */
void startup_restore_environment(void);

#endif
