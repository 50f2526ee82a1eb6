// libpq, wherever the distribution keeps its header, and what Swift cannot see of it.
#ifndef QUEUE_WORKER_CPOSTGRES_SHIM_H
#define QUEUE_WORKER_CPOSTGRES_SHIM_H

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
#include <sys/eventfd.h>

/// Fields of an error, for PQresultErrorField: libpq has them as macros of characters.
enum {
    QUEUE_PG_SQLSTATE = PG_DIAG_SQLSTATE,
    QUEUE_PG_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    QUEUE_PG_DETAIL = PG_DIAG_MESSAGE_DETAIL,
    QUEUE_PG_HINT = PG_DIAG_MESSAGE_HINT,
    QUEUE_PG_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
};

/// Types of parameters, from the server's catalogue pg_type; these never change.
enum { QUEUE_PG_BYTEA = 17, QUEUE_PG_BIGINT = 20, QUEUE_PG_TEXT = 25 };

/// A descriptor that a thread can wait for together with a socket, and others can ring. Answers -1 when none is free.
static inline int queue_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

#endif
