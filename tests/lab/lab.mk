# The practice range (tests/lab): its programs, its tests, and what users call.
#   make lab        brings the range up and says how to run a drill in it and how to take it down
#   make lab-down   takes it down
#   make contract   holds the GitHub stand-in to GitHub's own OpenAPI description (needs npm)

PACKAGES_LAB := prometheus prometheus-alertmanager prometheus-node-exporter nftables iproute2 \
                util-linux curl jq libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev

LAB_LIBS := libmicrohttpd gnutls libcurl jansson gsl
LAB_LINK = $(shell pkg-config --libs $(LAB_LIBS)) -lm
LAB_HUB := hub session dispatch
LAB_SERVICE := github $(LAB_HUB) http rest render control access jwt mischief
LAB_PROGRAMS := $(addprefix $(BUILD)/tests/lab/,github runner meter warden)

$(BUILD)/tests/lab/github: $(LAB_SERVICE:%=$(BUILD)/tests/lab/%.o) $(BUILD)/model.a
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LAB_LINK)

$(BUILD)/tests/lab/runner $(BUILD)/tests/lab/meter $(BUILD)/tests/lab/warden: %: %.o
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LAB_LINK)

$(BUILD)/tests/test_hub: $(BUILD)/tests/test_hub.o $(BUILD)/tests/helpers.o \
                         $(LAB_HUB:%=$(BUILD)/tests/lab/%.o) $(BUILD)/model.a
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LAB_LINK) $(shell pkg-config --libs check)

lab-programs: $(LAB_PROGRAMS)
.PHONY: lab-programs
SOURCES += $(wildcard tests/lab/*.c tests/lab/*.h)
