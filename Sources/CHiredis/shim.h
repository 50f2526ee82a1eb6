// What Swift cannot see of hiredis' reader: macros with casts and a fixed-size error array.
#ifndef QUEUE_WORKER_CHIREDIS_SHIM_H
#define QUEUE_WORKER_CHIREDIS_SHIM_H

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

/// The reader's error text, or an empty string; valid until the reader is freed.
static inline const char *queue_reader_error(const redisReader *reader) {
    return reader->err ? reader->errstr : "";
}

#endif
