/*
 * What every page has: head with the one style sheet, foot, elements. A page is one file, without
 * script, with nothing loaded from elsewhere; light and dark, for a telephone and for paper;
 * well-formed as XML too. No verdict is told by its colour alone.
 */
#ifndef REPORTS_PAGE_PAGE_H
#define REPORTS_PAGE_PAGE_H

#include <stdio.h>

/* From the doctype to the opened body. */
void page_head(FILE *out, const char *title);
/* From the version (NULL leaves it out) to the end. */
void page_foot(FILE *out, const char *version);

/* `class` "": none. */
void page_element(FILE *out, const char *name, const char *class, const char *text);
/* A cell of a table of class "rows": a telephone has no room for the column's head, so there its
 * name stands before it. */
void page_cell(FILE *out, const char *column, const char *class, const char *text);

#endif
