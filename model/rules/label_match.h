/*
 * Label matchers as Prometheus and Alertmanager have them: = != =~ !~, regular expressions anchored
 * at both ends (model/base/regex.h).
 *
 * Alertmanager reads a text of matchers in two ways: the classic one, in which a label's name is
 * plain, and since 0.27 the one of UTF-8 names in quotes. Both are accepted here.
 * Source: Alertmanager, pkg/labels/parse.go and matchers/parse.
 */
#ifndef MODEL_RULES_LABEL_MATCH_H
#define MODEL_RULES_LABEL_MATCH_H

#include "model/base/regex.h"
#include "model/fleet/fleet.h"
#include "model/promql/promql.h"

#include <jansson.h>

struct label_matcher {
    char *name, *value;  /* owned */
    struct regex *regex; /* owned; of =~ and !~ */
    enum promql_match match;
};

struct label_matchers {
    struct label_matcher *list; /* owned */
    int n;
};

/* Adds one; false, and why, for a bad regular expression. */
bool label_matchers_add(struct label_matchers *matchers, const char *name, enum promql_match match,
                        const char *value, char why[REGEX_WHY]);
void label_matchers_fini(struct label_matchers *matchers);

/* Adds those of a text: a="b", c=~"d.*", in braces or not. False, and why, if it is none. */
bool label_matchers_read(struct label_matchers *matchers, const char *text, char why[REGEX_WHY]);

/* A missing label has the value "". */
bool label_matches(const struct label_matcher *matcher, const char *value);
/* Do these labels (an object of texts) satisfy all of them? */
bool label_matchers_hold(const struct label_matchers *matchers, const json_t *labels);

bool label_names_host(const char *label); /* instance, host, nodename ... */
/* A host whose labels nobody knows goes by its name, and its probe's address with and without the
 * port: a matcher holds if one of them satisfies it (or, for != and !~, all of them). */
bool label_matches_host(const struct label_matcher *matcher, const struct host *host);

const char *label_match_sign(enum promql_match match); /* "=~" */

#endif
