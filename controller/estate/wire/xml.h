/* Just enough XML for the answers of an object store: elements and their text, one after
 * another, no copies. Bounded by the text it is given; DOCTYPE and entities other than
 * the five and numeric ones are not known. Pure. */
#ifndef DR_WIRE_XML_H
#define DR_WIRE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/base/arena.h"

struct dr_xml {
    const char *at, *end;
};

struct dr_xml_item {
    bool opens;       /* <name ..>; false: </name> */
    const char *name; /* without attributes, not terminated */
    size_t name_len;
    const char *text; /* between this tag and the next, raw, not terminated */
    size_t text_len;
};

/* The next tag; false: the end, or what follows is no tag. An empty element (<a/>) is
 * given as one that opens. */
bool dr_xml_next(struct dr_xml *x, struct dr_xml_item *out);
bool dr_xml_is(const struct dr_xml_item *i, const char *name); /* opens, of that name */
/* The text with its entities decoded. NULL: an entity that is not known. */
const char *dr_xml_text(const struct dr_xml_item *i, struct dr_arena *a);

#endif
