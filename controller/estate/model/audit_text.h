/* What a statement or request is called in the audit, and how its text is kept. */
#ifndef DR_MODEL_AUDIT_TEXT_H
#define DR_MODEL_AUDIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What a statement does, by its first words: "read", "session" (SET SESSION, USE),
 * "txn" (BEGIN, ROLLBACK), "commit", "insert", "update", "delete", "set" (global),
 * "ddl", "account", "admin", "kill", "backup", "restore". Static. */
const char *dr_statement_kind(const char *text, size_t len);
bool dr_kind_writes(const char *kind); /* all but the first three; "commit" as well */
/* The same of a request, "METHOD /target": "read" or "post", "put", "delete"; TiCDC's
 * questions that are asked by POST (tso, verify_table) are reads. */
const char *dr_request_kind(const char *method, const char *target);

/* The text with its blanks made one and its secrets as "xxxxx": passwords of statements
 * about accounts (account), of URIs, and query parameters that are named like keys. Out:
 * owned, some 600 bytes at most. */
char *dr_audit_text(const char *s, size_t len, bool account);

#endif
