/* The catalogue of findings: every code that validating can give, with its severity, what
 * it means and the way out. `drover explain DR-V012` prints an entry, the tests demand a
 * golden case that fires each one and one that just keeps it. Codes are never reused. */
#ifndef DR_SPEC_CODE_H
#define DR_SPEC_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dr_vcode {
    /* the text */
    DR_V_SYNTAX = 1,
    DR_V_TOO_LARGE = 2,
    DR_V_ENCODING = 3,
    DR_V_CHARACTER = 4,
    DR_V_DEPTH = 5,
    DR_V_ALIAS = 6,
    DR_V_TAG = 7,
    DR_V_MERGE_KEY = 8,
    DR_V_DUPLICATE_KEY = 9,
    DR_V_KEY = 10,
    DR_V_LIMIT = 11,
    DR_V_NUMBER_SPELLING = 12,
    DR_V_UNREADABLE = 13,
    DR_V_NO_DOCUMENT = 14,
    /* the shape */
    DR_V_UNKNOWN_FIELD = 20,
    DR_V_TYPE = 21,
    DR_V_REQUIRED = 22,
    DR_V_RANGE = 23,
    DR_V_EMPTY = 24,
    DR_V_WORD = 25,
    DR_V_FORMAT = 26,
    DR_V_API_VERSION = 27,
    DR_V_KIND = 28,
    DR_V_LITERAL_SECRET = 29,
    DR_V_SECRET_REF = 30,
    DR_V_BOOLEAN = 31,
    DR_V_URI = 32,
    DR_V_URI_SECRET = 33,
    DR_V_MODE_FIELD = 34,
    DR_V_SINCE = 35,
    /* changefeed settings */
    DR_V_SETTING_UNKNOWN = 40,
    DR_V_SETTING_OWNED = 41,
    DR_V_SETTING_VALUE = 42,
    DR_V_SETTING_VERSION = 43,
    DR_V_SETTING_IDLE = 44,
    DR_V_PARAM_UNKNOWN = 45,
    DR_V_PARAM_VALUE = 46,
    /* the meaning of a topology */
    DR_V_TOPOLOGY_TWICE = 50,
    DR_V_NAME_TWICE = 51,
    DR_V_PRIMARY = 52,
    DR_V_CLUSTER_COUNT = 53,
    DR_V_EDGE_ENDS = 54,
    DR_V_EDGE_TWICE = 55,
    DR_V_FAILOVER_REDO = 56,
    DR_V_NO_REDO = 57,
    DR_V_REDO_STORAGE = 58,
    DR_V_STORAGE_REGION = 59,
    DR_V_BACKUP_STORAGE = 60,
    DR_V_STORAGE_OVERLAP = 61,
    DR_V_RESIDUES = 62,
    DR_V_INCREMENT = 63,
    DR_V_HEADROOM = 64,
    DR_V_AUTO_INCREMENT_SOME = 65,
    DR_V_DDL_PRIMARY = 66,
    DR_V_SECONDARY_TICDC = 67,
    DR_V_PRIMARY_TICDC = 68,
    DR_V_ACCOUNTS_SHARED = 69,
    DR_V_ACCOUNT_ROOT = 70,
    DR_V_FAILOVER_TO = 71,
    DR_V_FAILOVER_INCOMPLETE = 72,
    DR_V_START_TS = 73,
    DR_V_APPLY_ACCOUNT = 74,
    DR_V_TLS_PAIR = 75,
    DR_V_TLS_IDLE = 76,
    DR_V_TLS_MODE = 77,
    DR_V_SINK_ADDRESS = 78,
    DR_V_VERSION_OLD = 79,
    DR_V_VERSION_MIXED = 80,
    DR_V_ADDRESS_TWICE = 81,
    DR_V_READS_SYNC_POINT = 82,
    DR_V_FRESHNESS = 83,
    DR_V_WINDOW_EMPTY = 84,
    DR_V_FORMERLY = 85,
    DR_V_LOGIN_PAIR = 86,
    DR_V_MAP_IDLE = 87,
    DR_V_LEDGER_CLUSTER = 88,
    DR_V_STORAGE_KEYS = 89,
    DR_V_FEED_ID = 90,
    DR_V_SINK_ELSEWHERE = 91,
    /* the meaning of a controller document */
    DR_V_SOURCE_ONE = 110,
    DR_V_GIT_SSH = 111,
    DR_V_GIT_SIGNERS = 112,
    DR_V_LISTENER_OPEN = 113,
    DR_V_LISTENER_TLS = 114,
    DR_V_LEASE = 115,
    /* the meaning of an estate */
    DR_V_SIM_ADDRESS_TWICE = 120,
    DR_V_SIM_ID_TWICE = 121,
    DR_V_SIM_TLS = 122,
};

struct dr_vcode_info {
    enum dr_vcode code;
    bool warning;        /* told, but the document stands */
    const char *title;   /* one line */
    const char *meaning; /* why it is a rule, in sentences */
    const char *remedy;  /* the shortest way out */
};

/* All entries in rising order of code. */
const struct dr_vcode_info *dr_vcodes(size_t *count);

/* The entry; never NULL for a member of the enumeration. */
const struct dr_vcode_info *dr_vcode_info(enum dr_vcode code);

/* The entry of "DR-V012", "V012", "v12"; NULL: there is none. */
const struct dr_vcode_info *dr_vcode_parse(const char *text);

enum { DR_VCODE_TEXT = 16 };

/* "DR-V012". */
const char *dr_vcode_text(enum dr_vcode code, char out[DR_VCODE_TEXT]);

#endif
