/* What a document means, as text: every field of the table whose value is not the
 * default, decoded, in the order of the table. How the text is written (comments, the
 * order of keys, the spelling of units and times, defaults said or not said) is gone; a
 * field that a later version adds changes no document that does not use it. Fields that
 * the table calls `aside` are left out: they say nothing about what is to be. Secrets are
 * references only. Pure. */
#ifndef DR_SPEC_MEANING_H
#define DR_SPEC_MEANING_H

#include "controller/base/buf.h"
#include "spec/doc.h"

/* One line a value: "spec.objectives.rpo = 30s\n"; items of named lists are called by
 * their name, other lists by number. Appends. */
void dr_doc_meaning(const struct dr_doc *doc, struct dr_buf *out);

/* Of such lines those that decide how a changefeed is made: what an update of it may
 * bring. Where the sink's password is read is none of them, nor where a feed began.
 * Appends. */
void dr_meaning_of_feeds(const char *meaning, struct dr_buf *out);

/* What holds where the field of such a line is not written: "30s"; NULL: it has no
 * default. */
const char *dr_meaning_default(const struct dr_doc *doc, const char *path, size_t len);

enum { DR_MEANING_MAX = 8 << 20 };

#endif
