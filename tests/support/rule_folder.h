/*
 * A folder of a test's own with the files of a Prometheus and an Alertmanager, and a fleet that
 * names them.
 */
#ifndef TESTS_SUPPORT_RULE_FOLDER_H
#define TESTS_SUPPORT_RULE_FOLDER_H

#include <jansson.h>

/* A checked fixture: each test has a folder of its own, and is there. */
void rule_folder_make(void);
void rule_folder_remove(void);

void rule_folder_write(const char *path, const char *text);
/* prometheus.yml with jobs node and runner, rules.yml with three alerts, alertmanager.yml with two
 * receivers and three routes, and fleet.yaml of the hosts one and two, which reads them. */
void rule_folder_write_all(void);

/* Fails the test unless that is the note at `i`, about that line. */
void rule_folder_noted(const json_t *notes, size_t i, int line, const char *text);

#endif
