/*
 * The command `understudy replay JOURNAL`: the recorded views through today's policy, compared
 * with the recorded plans. Needs no network, no credentials and no fleet file.
 */
#ifndef LIVE_COMMAND_REPLAY_COMMAND_H
#define LIVE_COMMAND_REPLAY_COMMAND_H

#include "model/options/options.h"
#include "replay_what_if.h"

extern const struct options replay_options;

/* `simulate`: for --policy. */
enum und_code replay_command(int argc, char **argv, replay_simulator *simulate,
                             struct und_err *err);

#endif
