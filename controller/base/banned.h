/* Functions that have no place here, turned into compile errors (the form git uses: the
 * name of what is banned stands in the message). The build includes this before every
 * source of ours; each has a bounded or reentrant twin in controller/base. */
#ifndef DR_BASE_BANNED_H
#define DR_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DR_BANNED(name) sorry_##name##_is_banned_here

#undef strcpy
#define strcpy(...) DR_BANNED(strcpy)
#undef strcat
#define strcat(...) DR_BANNED(strcat)
#undef strncpy
#define strncpy(...) DR_BANNED(strncpy)
#undef strncat
#define strncat(...) DR_BANNED(strncat)
#undef sprintf
#define sprintf(...) DR_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) DR_BANNED(vsprintf)
#undef strtok
#define strtok(...) DR_BANNED(strtok)
#undef gets
#define gets(...) DR_BANNED(gets)
#undef atoi
#define atoi(...) DR_BANNED(atoi)
#undef atol
#define atol(...) DR_BANNED(atol)
#undef atoll
#define atoll(...) DR_BANNED(atoll)
#undef atof
#define atof(...) DR_BANNED(atof)
#undef strtol
#define strtol(...) DR_BANNED(strtol)
#undef strtoul
#define strtoul(...) DR_BANNED(strtoul)
#undef strtoll
#define strtoll(...) DR_BANNED(strtoll)
#undef strtod
#define strtod(...) DR_BANNED(strtod)
#undef system
#define system(...) DR_BANNED(system)
#undef popen
#define popen(...) DR_BANNED(popen)
#undef tmpnam
#define tmpnam(...) DR_BANNED(tmpnam)
#undef mktemp
#define mktemp(...) DR_BANNED(mktemp)
#undef gmtime
#define gmtime(...) DR_BANNED(gmtime)
#undef localtime
#define localtime(...) DR_BANNED(localtime)
#undef ctime
#define ctime(...) DR_BANNED(ctime)
#undef asctime
#define asctime(...) DR_BANNED(asctime)
#undef rand
#define rand(...) DR_BANNED(rand)
#undef srand
#define srand(...) DR_BANNED(srand)

#endif
