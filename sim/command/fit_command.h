/*
 * `understudy fit`: a fleet file out of a team's own history, a CSV file or what is fetched into
 * one.
 */
#ifndef SIM_COMMAND_FIT_COMMAND_H
#define SIM_COMMAND_FIT_COMMAND_H

#include "model/options/options.h"

extern const struct options fit_options;

/* Reads from a fleet file's services, or a journal, since that time (ms since 1970) into a CSV
 * file. sim/ knows no network: main.c has them from live/. */
typedef enum und_code fit_fetch(const char *from, int64_t since_ms, const char *file, bool quiet,
                                struct und_err *err);
struct fit_sources {
    fit_fetch *github;               /* jobs */
    fit_fetch *prometheus, *journal; /* hosts over time (model/fit/watched.h) */
};

/* `sources` NULL: there is nobody to ask, and nobody is to be. */
enum und_code fit_command(int argc, char **argv, const struct fit_sources *sources,
                          struct und_err *err);

#endif
