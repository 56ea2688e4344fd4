/*
 * Label matchers as Prometheus and Alertmanager have them: = != =~ !~, regular expressions anchored
 * at both ends (model/base/regex.h).
 *
 * A host is known by several names: its name in the fleet, its probe's address with and without the
 * port. A matcher on a label that names hosts holds if one of them satisfies it (or, for != and !~,
 * all of them).
 */
#ifndef MODEL_RULES_LABEL_MATCH_H
#define MODEL_RULES_LABEL_MATCH_H

#include "model/fleet/fleet.h"
#include "model/promql/promql.h"

#define LABEL_NAME 96
#define LABEL_VALUE 160

struct label_matcher {
    char name[LABEL_NAME];
    enum promql_match match;
    char value[LABEL_VALUE];
};

/* A missing label has the value "". */
bool label_matches(const struct label_matcher *matcher, const char *value);
bool label_names_host(const char *label); /* instance, host, nodename ... */
bool label_matches_host(const struct label_matcher *matcher, const struct host *host);

/* Reads `name="value"`, `name =~ value` ... ; false if it is none. */
bool label_matcher_read(const char *text, struct label_matcher *matcher);
/* False for a regular expression that cannot be compiled. */
bool label_matcher_valid(const struct label_matcher *matcher);

#endif
