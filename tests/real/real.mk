# The simulated Prometheus and Alertmanager against the real ones (two minutes, most of it waiting):
#   make test-real

REAL_LIBS := libmicrohttpd jansson gsl
REAL_LINK = $(shell pkg-config --libs $(REAL_LIBS)) -lm -pthread
REAL_PROGRAMS := $(BUILD)/tests/real/director $(BUILD)/tests/real/judge

$(BUILD)/tests/real/director: $(addprefix $(BUILD)/tests/real/,director.o inject.o listen.o \
                                watchdog.o victims.o) $(call archives,sim/engine sim/stats sim/monitoring model/%)
$(BUILD)/tests/real/judge: $(addprefix $(BUILD)/tests/real/,judge.o evidence.o refire.o ks.o \
                             victims.o) $(ARCHIVES)
$(BUILD)/tests/real/director: REAL_WITH = $(REAL_LINK)
$(BUILD)/tests/real/judge: REAL_WITH = $(LINK)
$(REAL_PROGRAMS):
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(REAL_WITH)

real-programs: $(REAL_PROGRAMS) $(BUILD)/tests/lab/warden
	@:

REAL_SUITES := tests/real/test_real
test-real: real-programs
	$(Q)BUILD=$(BUILD) tests/run $(REAL_SUITES)

.PHONY: test-real real-programs
