/* Secrets in texts that are about to be shown: somebody wrote one where a reference
 * belongs, and it must not travel further. Words such as password, secret and token tell
 * where. */
#ifndef DR_SPEC_MASK_H
#define DR_SPEC_MASK_H

/* Where the secret that begins at p ends, p itself when there is none: the value of a key
 * (password: x) that is no mapping, a parameter of a URI (access-key=x), its user
 * information (//user:x@). p lies between line and end, which are of one line. */
const char *dr_secret_end(const char *line, const char *p, const char *end);

/* Makes a message fit for one line of output, in place: what is no UTF-8 or no visible
 * character is replaced, and secrets in URIs become asterisks. */
void dr_text_clean(char *text);

#endif
