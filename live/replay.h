/*
 * The command `understudy replay JOURNAL`: the recorded views through today's policy, compared
 * with the recorded plans. Needs no network, no credentials and no fleet file.
 */
#ifndef LIVE_REPLAY_H
#define LIVE_REPLAY_H

#include "model/err.h"

enum und_code replay_command(int argc, char **argv, struct und_err *err);

#endif
