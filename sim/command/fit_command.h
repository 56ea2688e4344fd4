/*
 * `understudy fit`: a fleet file out of a team's own history, a CSV file or what is fetched into
 * one.
 */
#ifndef SIM_COMMAND_FIT_COMMAND_H
#define SIM_COMMAND_FIT_COMMAND_H

#include "model/options/options.h"

extern const struct options fit_options;

/* Reads the jobs of a fleet file's repository since that time (ms since 1970) into a CSV file; NULL
 * where there is nobody to do it. sim/ knows no network: main.c has it from live/. */
typedef enum und_code fit_fetch(const char *fleet, int64_t since_ms, const char *file, bool quiet,
                                struct und_err *err);
enum und_code fit_command(int argc, char **argv, fit_fetch *fetch, struct und_err *err);

#endif
