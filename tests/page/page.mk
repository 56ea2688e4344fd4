# The page in a real browser (needs nodejs and chromium): every state and button, at 1280 and 390
# pixels, dark and light. Screenshots go to $(BUILD)/page.
$(BUILD)/tests/page/stage: $(BUILD)/tests/page/stage.o $(SUPPORT) $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $^ $(LINK) $(shell pkg-config --libs check)

check-page: $(BUILD)/understudy $(BUILD)/tests/page/stage
	$(Q)BUILD=$(BUILD) tests/page/drive.js

# Every query of the dashboards, to a real Prometheus (needs nodejs and prometheus).
check-boards: $(BUILD)/understudy $(BUILD)/tests/page/stage
	$(Q)BUILD=$(BUILD) tests/page/boards.js
.PHONY: check-page check-boards
