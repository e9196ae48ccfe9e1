// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef CREDIS_SHIM_H
#define CREDIS_SHIM_H

// Only hiredis' codec is used: formatting commands and parsing replies. It builds with 0.14 (Debian 12) and 1.x
// (Debian 13), whose types differ where this file says so.
#include <hiredis/hiredis.h>
#include <stdlib.h>

// Far beyond what our scripts answer; a peer that announces more is not a Redis we can trust with our memory.
#define CREDIS_ELEMENTS_MAX 1048576
// hiredis 0.14 stops at seven levels by itself, 1.x does not stop.
#define CREDIS_DEPTH_MAX 7

#if HIREDIS_MAJOR >= 1
typedef size_t credis_count;
#else
typedef int credis_count;
#endif

// The length of the formatted command, or a negative number; int in 0.14, long long in 1.x.
static inline long long credis_format(char **target, int argc, const char **argv, const size_t *lengths) {
    return redisFormatCommandArgv(target, argc, argv, lengths);
}

// Creates an array reply within the limits; NULL makes the reader fail. `privdata` is hiredis' own function table.
static inline void *credis_create_array(const redisReadTask *task, credis_count count) {
    int depth = 1;
    for (const redisReadTask *parent = task->parent; parent != NULL; parent = parent->parent) {
        depth++;
    }
    if (depth > CREDIS_DEPTH_MAX || (long long)count > CREDIS_ELEMENTS_MAX) {
        return NULL;
    }
    return ((const redisReplyObjectFunctions *)task->privdata)->createArray(task, count);
}

// A reader that makes redisReply objects, with the limits above. Freed with credis_reader_free.
static inline redisReader *credis_reader_create(void) {
    redisReader *reader = redisReaderCreate();
    redisReplyObjectFunctions *functions = (redisReplyObjectFunctions *)malloc(sizeof(*functions));
    if (reader == NULL || functions == NULL) {
        if (reader != NULL) {
            redisReaderFree(reader);
        }
        free(functions);
        return NULL;
    }
    *functions = *reader->fn;
    functions->createArray = credis_create_array;
    reader->privdata = (void *)reader->fn;
    reader->fn = functions;
    return reader;
}

static inline void credis_reader_free(redisReader *reader) {
    // Frees a reply that is still incomplete through the table, so the table goes last.
    redisReplyObjectFunctions *functions = (redisReplyObjectFunctions *)reader->fn;
    redisReaderFree(reader);
    free(functions);
}

// A macro in 0.14 and 1.x, so not visible in Swift.
static inline const char *credis_reader_error(const redisReader *reader) {
    return reader->errstr;
}

#endif
