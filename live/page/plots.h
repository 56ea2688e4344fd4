/*
 * The picture of the last hours: jobs that wait and run, registrations online, and incidents, drawn
 * by gnuplot as SVG, light and dark. On a thread of its own, which draws only while somebody looks,
 * at most twice a minute: gnuplot may take its time, hang, or not be there, and the page goes on
 * all the same. The SVG has no style and no script (the page's policy would refuse them).
 */
#ifndef LIVE_PAGE_PLOTS_H
#define LIVE_PAGE_PLOTS_H

#include "live/status/status.h"

struct plots;

struct plots *plots_open(void);
void plots_close(struct plots *plots); /* waits for what is being drawn; NULL is fine */
/* What is to be drawn next. */
void plots_follow(struct plots *plots, const struct status *status);
/* Somebody looks: the last picture, the caller's to free; NULL: there is none (yet), and `why` says
 * so. */
char *plots_take(struct plots *plots, bool dark, char why[200]);

#endif
