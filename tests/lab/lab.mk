# The practice range (tests/lab): its programs, its tests, and what users call.
#   make lab        brings the range up and says how to run a drill in it and how to take it down
#   make lab-down   takes it down
#   make contract   holds the GitHub stand-in to GitHub's own OpenAPI description (needs npm)

PACKAGES_LAB := prometheus prometheus-alertmanager prometheus-node-exporter nftables iproute2 \
                util-linux procps curl jq openssl libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev

LAB_LIBS := libmicrohttpd gnutls libcurl jansson gsl
LAB_LINK = $(shell pkg-config --libs $(LAB_LIBS)) -lm
LAB_HUB := hub session dispatch trouble
LAB_SERVICE := github $(LAB_HUB) http rest rest_runners rest_runs rest_variables render \
               control control_runner control_setup control_trouble access jwt mischief
LAB_PROGRAMS := $(addprefix $(BUILD)/tests/lab/,github runner meter warden)

$(BUILD)/tests/lab/github: $(LAB_SERVICE:%=$(BUILD)/tests/lab/%.o) $(call archives,model/%)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LAB_LINK)

$(BUILD)/tests/lab/runner $(BUILD)/tests/lab/meter: $(BUILD)/tests/lab/stress.o
$(BUILD)/tests/lab/warden: $(BUILD)/tests/lab/warden_ask.o
$(BUILD)/tests/lab/runner $(BUILD)/tests/lab/meter $(BUILD)/tests/lab/warden: %: %.o
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LAB_LINK)

$(HUB_SUITES:%=$(BUILD)/tests/%): %: %.o $(BUILD)/tests/support/helpers.o \
                         $(patsubst %,$(BUILD)/tests/lab/%.o,hub_fixture $(LAB_HUB)) $(call archives,model/%)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LINK) $(shell pkg-config --libs check)

lab-programs: $(LAB_PROGRAMS)
	@:

# Suites for tests/run: the stand-in over HTTP, and the range end to end (a minute, most of it
# waiting). Both take BUILD from the environment.
LAB_SUITES := tests/lab/test_github tests/lab/test_lab tests/lab/test_faults tests/lab/test_mechanisms
check-lab: lab-programs
	$(Q)BUILD=$(BUILD) tests/run -- $(LAB_SUITES)

$(BUILD)/tests/lab/percentiles: $(BUILD)/tests/lab/percentiles.o $(BUILD)/tests/real/ks.o
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LAB_LINK)

$(BUILD)/tests/lab/lateness: $(BUILD)/tests/lab/lateness.o $(BUILD)/tests/real/watchdog.o \
                             $(BUILD)/tests/real/victims.o $(call archives,model/base)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ -pthread

# Every drill once, against its prediction: a quarter of an hour, so that it is a target of its own.
# With ROUNDS=3 three times, and then the percentiles of each measure must be uniform.
check-drills: all lab-programs $(BUILD)/tests/lab/percentiles $(BUILD)/tests/lab/lateness
	$(Q)SUITE_SECONDS=$$((1800 * $(or $(ROUNDS),1))) ROUNDS=$(or $(ROUNDS),1) BUILD=$(BUILD) \
	    tests/run tests/lab/test_drills

LAB_DIR ?= build/lab
lab:
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_LAB)
	$(Q)$(MAKE) --no-print-directory all lab-programs
	$(Q)tests/lab/lab -d $(LAB_DIR) up
	@echo "  plan a drill      build/understudy drill --plan $(LAB_DIR)/drills/power-loss.yaml"
	@echo "  carry it out      build/understudy drill $(LAB_DIR)/drills/power-loss.yaml"
	@echo "  be in charge      build/understudy monitor $(LAB_DIR)/fleet.yaml --active --page 127.0.0.1:8098"
	@echo "                    http://127.0.0.1:8098/ shows it"
	@echo "  break something   tests/lab/lab -d $(LAB_DIR) power-off primary     (and power-on primary)"

lab-down:
	$(Q)tests/lab/lab -d $(LAB_DIR) down

$(BUILD)/tests/lab/contract_client: $(BUILD)/tests/lab/contract_client.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LINK)

contract: lab-programs $(BUILD)/tests/lab/contract_client
	$(Q)BUILD=$(BUILD) tests/run tests/lab/contract

.PHONY: contract lab lab-down check-lab check-drills lab-programs
