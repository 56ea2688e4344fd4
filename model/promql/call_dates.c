#include "eval.h"

#include "function.h"

#include <stdbool.h>
#include <stdint.h>

/* Go counts in 64 unsigned bits from this many seconds before 1970, and wraps. */
#define BEFORE_1970 9223372028715321600u

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Year, month from 1, day from 1 of the proleptic Gregorian calendar. (Howard Hinnant's
 * civil_from_days.) */
static void civil(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468, era = floor_div(z, 146097), day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

double date_part(double value, int function)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int64_t seconds = value >= -9223372036854775808.0 && value < 9223372036854775808.0
                          ? (int64_t)value
                          : INT64_MIN;
    uint64_t absolute = (uint64_t)seconds + BEFORE_1970;
    int64_t days = (int64_t)(absolute / 86400) - (int64_t)(BEFORE_1970 / 86400), year;
    int64_t rest = (int64_t)(absolute % 86400);
    int month, day;
    civil(days, &year, &month, &day);
    switch (function) {
    case F_MINUTE:
        return (double)(rest / 60 % 60);
    case F_HOUR:
        return (double)(rest / 3600 % 24);
    case F_DAY_OF_WEEK:
        return (double)(((days % 7) + 11) % 7); /* 1970-01-01 was a Thursday */
    case F_DAY_OF_MONTH:
        return day;
    case F_DAY_OF_YEAR:
        return before[month - 1] + day + (month > 2 && is_leap(year));
    case F_DAYS_IN_MONTH:
        return before[month] - before[month - 1] + (month == 2 && is_leap(year));
    case F_MONTH:
        return month;
    default:
        return (double)year;
    }
}
