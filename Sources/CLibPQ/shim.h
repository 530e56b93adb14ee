// What Swift needs of libpq beyond its headers. No logic lives here.
#ifndef CLIBPQ_SHIM_H
#define CLIBPQ_SHIM_H

#include <libpq-fe.h>

#endif
