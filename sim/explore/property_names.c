/* What the properties are called, and what their violation means in words. */
#include "model/policy/policy_names.h"
#include "property.h"

static const struct {
    const char *name, *words;
} properties[PROPERTY_INVARIANT] = {
    [PROPERTY_HOLDS] = {"holds", "everything is as it should be"},
    [PROPERTY_NEVER_NOBODY] = {"never-nobody", "nobody is admitted"},
    [PROPERTY_SHAPE] = {"shape", "the admitted slots do not fit the phase"},
    [PROPERTY_DETECTION] = {"detection", "a serving host's trouble must be a detection at once, "
                                         "and nothing else may be"},
    [PROPERTY_DISMISSAL] = {"dismissal", "acquitted trouble must be dismissed, and no other"},
    [PROPERTY_DRAIN_BOUND] = {"drain-bound", "a drain must come when it is due and nothing stands "
                                             "against it, and not otherwise"},
    [PROPERTY_RELAPSE] = {"relapse", "trouble at a ramping host must drain it now, and nothing "
                                     "else may"},
    [PROPERTY_CLEAR_CLOCK] = {"clear-clock", "the time without trouble is counted wrongly"},
    [PROPERTY_RETURN_BOUND] = {"return-bound", "a host must come back when it has recovered, and "
                                               "not before"},
    [PROPERTY_RAMP_CLOCK] = {"ramp-clock", "slots must come back on the ramp's schedule"},
    [PROPERTY_MAINTENANCE] = {"maintenance", "maintenance must begin and end by hand alone, and "
                                             "not take the last healthy host"},
    [PROPERTY_FLAP_GUARD] = {"flap-guard", "failovers are counted, or a block is set, wrongly"},
    [PROPERTY_NOTICES] = {"notices", "what is said is not what has happened"},
    [PROPERTY_HELD] = {"held", "the reason given for waiting is wrong, or is not said once"},
    [PROPERTY_DARKNESS] = {"darkness", "blindness, darkness or a page is wrong"},
    [PROPERTY_SIGNS] = {"signs", "a sign is timed wrongly, or what is said of it is not what it "
                                 "does"},
    [PROPERTY_EVERYWHERE] = {"everywhere", "a sign that no serving host is without must drain "
                                           "nobody, and its time must begin anew"},
    [PROPERTY_RETURNS] = {"returns", "returning trouble is counted wrongly, or what a drain hides "
                                     "does not keep its host out as long as it should"},
    [PROPERTY_SETTLED] = {"settled",
                          "the policy calls itself settled, but waiting changes something"},
    [PROPERTY_COMES_TO_REST] = {"comes-to-rest", "the slots do not come to rest in time, although "
                                                 "nothing changes any more"},
    [PROPERTY_RESTS_WELL] = {"rests-well", "the slots come to rest in a wrong place"},
    [PROPERTY_PURE] = {"pure", "something changed that no step may change"},
};

const char *property_name(enum property property)
{
    if (property >= PROPERTY_INVARIANT)
        return invariant_name((enum invariant)(property - PROPERTY_INVARIANT));
    return properties[property].name;
}

const char *property_words(enum property property)
{
    return property >= PROPERTY_INVARIANT ? "an invariant of every policy (invariant.h) is broken"
                                          : properties[property].words;
}
