# make            builds build/understudy
# make demo       installs what is missing, builds, simulates every documented failure mode
# make test       installs what is missing, builds, runs every test
# Other targets: check bench asan tsan fuzz cover lint purity golden format install clean (V=1 shows
# the commands; BUILD, CC, OPT and SAN choose another kind of build in a folder of its own).

BUILD ?= build
CC ?= gcc
OPT ?= -O2
SAN ?=
PREFIX ?= /usr/local
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@echo "  $(1)")

PACKAGES_BUILD := gcc libc6-dev pkg-config libjansson-dev libgsl-dev libyaml-dev
PACKAGES_DEMO := gnuplot-nox
PACKAGES_TEST := check clang libclang-rt-14-dev valgrind libxml2-utils

LIBS := gsl jansson yaml-0.1
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

WARN := -Wall -Wextra -Wpedantic -Wswitch-enum -Wconversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Werror
# -ffp-contract=off: digests must not depend on fused multiply-add. No -march=native: gcc 12 makes
# xoshiro-style code 2.5 times slower with it.
FLAGS = -std=c11 -D_GNU_SOURCE $(OPT) -g $(WARN) -ffp-contract=off -fno-math-errno -pthread $(SAN) -I. \
        -DUND_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LINK = $(shell pkg-config --libs $(LIBS)) -lm -pthread

# Layers, lowest last: one archive a folder, so that the link line shows who may call whom.
LAYERS := sim reports model
ARCHIVES := $(LAYERS:%=$(BUILD)/%.a)
RING0 := policy invariant alert
objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))

SUITES := $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))
# What suites share: the main function, golden files, made-up results.
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/test_%,$(wildcard tests/*.c)))

all: $(BUILD)/understudy

$(BUILD)/understudy: $(BUILD)/main.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $(BUILD)/main.o $(ARCHIVES) $(LINK)

define archive
$(BUILD)/$(1).a: $(call objects,$(1))
	$$(call say,AR   $$@)
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call archive,$(layer))))

$(BUILD)/%.o: %.c
	$(call say,CC   $<)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MMD -MP -c -o $@ $<

# Ring 0 must not import memcpy and friends that the compiler would make of its loops.
$(RING0:%=$(BUILD)/model/%.o): FLAGS += -fno-builtin -fno-tree-loop-distribute-patterns \
                                        -fno-stack-protector

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(SUPPORT) $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $< $(SUPPORT) $(ARCHIVES) $(LINK) $(shell pkg-config --libs check)

check: $(BUILD)/understudy $(SUITES:%=$(BUILD)/tests/%)
	$(Q)BUILD=$(BUILD) tests/run $(SUITES:%=$(BUILD)/tests/%)

# Compares with the golden files; with UPDATE=1 it writes them anew, to be read in the diff.
golden: $(SUITES:%=$(BUILD)/tests/%)
	$(Q)BUILD=$(BUILD) UPDATE=$(UPDATE) tests/run $(SUITES:%=$(BUILD)/tests/%)

# Speed against a bare loop measured in the same minute; build/bench.json has the numbers.
$(BUILD)/tests/bench: $(BUILD)/tests/bench.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $< $(ARCHIVES) $(LINK)

bench: $(BUILD)/tests/bench
	$(Q)$< $(BUILD)/bench.json

clean:
	$(Q)rm -rf build demo

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all check golden bench clean
