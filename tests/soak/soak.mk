# The monitor for a day, compressed (SOAK_HOURS=24 fleet hours, a hundred times as fast: a quarter of
# an hour): random faults, restarts of every service, kill -9 of the monitor; judged by the
# stand-in's record. And what floods and crowds cost it (a few minutes).
SOAKS = $(patsubst %,$(BUILD)/tests/soak/%,soak flood)
$(SOAKS): %: %.o $(SUPPORT) $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $< $(SUPPORT) $(ARCHIVES) $(LINK) $(shell pkg-config --libs check)

check-soak: $(BUILD)/understudy $(BUILD)/tests/soak/soak
	$(Q)BUILD=$(BUILD) $(BUILD)/tests/soak/soak
check-flood: $(BUILD)/understudy $(BUILD)/tests/soak/flood
	$(Q)BUILD=$(BUILD) $(BUILD)/tests/soak/flood
.PHONY: check-soak check-flood
