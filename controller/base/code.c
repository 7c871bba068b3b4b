/* What `drover explain` tells of the codes of errors. Their numbers are for ever. */
#include "controller/base/err.h"

// clang-format off
static const struct dr_code_info infos[] = {
    [DR_E_INPUT] = {
        .id = "DR-E001", .title = "what was given is wrong",
        .means = "An argument, a file, an address or a setting cannot be used as it is. "
                 "Nothing was sent, and repeating it gives the same.",
        .looked = "at what the message quotes",
        .way_out = "correct what the message names"},
    [DR_E_LIMIT] = {
        .id = "DR-E002", .title = "larger than allowed",
        .means = "A file, a repository or an answer crossed a limit that keeps drover's memory and "
                 "time bounded. What was read of it is thrown away; nothing is concluded from it.",
        .looked = "at the size, and stopped reading there",
        .way_out = "find out why it is so large: the real thing is far smaller; is the address the right one?"},
    [DR_E_IO] = {
        .id = "DR-E003", .title = "the system refused",
        .means = "A system call of this machine failed: a file or folder is missing, may not be "
                 "read or written, or the disk is full.",
        .looked = "at the file or folder that the message names",
        .way_out = "check that it exists, who owns it and what is left of the disk"},
    [DR_E_TIMEOUT] = {
        .id = "DR-E004", .title = "no answer in time",
        .means = "The endpoint took the connection, or swallowed the attempt, and did not answer "
                 "within the deadline. Whether it is down or slow, and whether a change took "
                 "effect, is not known: drover looks before it repeats anything.",
        .looked = "at the endpoint that the message names, until the deadline",
        .way_out = "see whether the server hangs or a firewall swallows packets; drover goes on by itself when it answers"},
    [DR_E_UNREACHABLE] = {
        .id = "DR-E005", .title = "cannot be reached",
        .means = "The connection was refused, broke, or the name or route is unknown. It says "
                 "nothing about the state of the cluster behind it.",
        .looked = "at the endpoint that the message names, at its declared address",
        .way_out = "start the server, correct its address in the document, or open the way to it from here"},
    [DR_E_AUTH] = {
        .id = "DR-E006", .title = "credentials refused",
        .means = "The server answered, and refused the user, the password or the key. It may also "
                 "have asked to be told the password in a way that drover does not use: in clear "
                 "words, or encrypted with a key of its own.",
        .looked = "at the answer to the login, or to the signed request",
        .way_out = "correct the user, password or key that the document refers to, or set it on the server"},
    [DR_E_DENIED] = {
        .id = "DR-E007", .title = "a privilege is missing",
        .means = "The account is let in, and may not do this.",
        .looked = "at the error of the statement or request that the message names",
        .way_out = "grant the privilege to the account that the document names"},
    [DR_E_PROTOCOL] = {
        .id = "DR-E008", .title = "an answer that cannot be read",
        .means = "What answered is not what was expected there: another protocol, a version that "
                 "drover does not know, or a server that does not keep to the rules. An answer "
                 "that cannot be read is no answer; the fact stays unknown.",
        .looked = "at every byte of the answer, within a limit of size",
        .way_out = "check the address and port, and what listens there; then its version"},
    [DR_E_ABSENT] = {
        .id = "DR-E009", .title = "it is not there",
        .means = "What was asked for is proven not to exist.",
        .looked = "where the message says",
        .way_out = "correct the name, or make what is missing"},
    [DR_E_CONFLICT] = {
        .id = "DR-E010", .title = "the world is not as expected",
        .means = "Somebody or something changed what was to be changed, or holds it. Nothing was "
                 "changed by drover; it looks again.",
        .looked = "at the state right before the change",
        .way_out = "find out who else acts; drover goes on from what it finds"},
    [DR_E_PEER] = {
        .id = "DR-E011", .title = "the server refused",
        .means = "The server answered with an error of its own; the message quotes it.",
        .looked = "at its answer, number and text",
        .way_out = "look up the number or code in the server's own manual and log"},
    [DR_E_CANCELLED] = {
        .id = "DR-E012", .title = "stopped on request",
        .means = "A signal or another part of drover ended it.",
        .looked = "at nothing more",
        .way_out = "start it again; it goes on from what it finds"},
    [DR_E_BUG] = {
        .id = "DR-E013", .title = "a mistake of drover's own",
        .means = "This should not happen. Nothing is concluded from it.",
        .looked = "at its own data",
        .way_out = "report it, with the message and what was done before"},
    [DR_E_TLS] = {
        .id = "DR-E014", .title = "no TLS that can be trusted",
        .means = "TLS is asked for, and the server does not offer it, offers only old versions "
                 "(1.0, 1.1), or shows a certificate that is expired, of another name or not "
                 "signed by the given CA. No password was sent in the clear.",
        .looked = "at the handshake and the certificate, against tls.mode and tls.ca of the document",
        .way_out = "give the CA that signed it, renew the certificate, or use the name that it is for"},
    [DR_E_LOCKED] = {
        .id = "DR-E015", .title = "account locked",
        .means = "The server knows the account and lets nobody in by it.",
        .looked = "at the answer to the login",
        .way_out = "ask who locked it, and why; then ALTER USER .. ACCOUNT UNLOCK"},
};
// clang-format on
_Static_assert(sizeof(infos) / sizeof(infos[0]) == DR_E_COUNT_, "a row for each code");

const struct dr_code_info *dr_code_info(enum dr_code code)
{
    return &infos[code > 0 && code < DR_E_COUNT_ ? code : DR_E_BUG];
}
