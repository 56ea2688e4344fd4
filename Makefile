# make            builds build/understudy
# make demo       installs what is missing, builds, simulates every documented failure mode
# make test       installs what is missing, builds, runs every test
# make help       the other targets
# make MPI=1      also build/mpi/understudy, of which mpirun starts several ranks (Open MPI)
# V=1 shows the commands; BUILD, CC, OPT and SAN choose another kind of build in its own folder.

BUILD ?= build
CC ?= gcc
OPT ?= -O2
SAN ?=
PREFIX ?= /usr/local
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@echo "  $(1)")

PACKAGES_BUILD := gcc libc6-dev pkg-config libjansson-dev libgsl-dev libyaml-dev libpcre2-dev \
                  libcurl4-openssl-dev libssl-dev libsqlite3-dev libmicrohttpd-dev
PACKAGES_DEMO := gnuplot-nox
PACKAGES_TEST := check clang libclang-rt-14-dev libxml2-utils prometheus
PACKAGES_QUALITY := codespell jq gnuplot-nox
PACKAGES_MPI := libopenmpi-dev openmpi-bin
PACKAGES_LINT := clang-format clang-tidy cppcheck lcov mandoc shellcheck zsh fish

LIBS := gsl jansson yaml-0.1 libpcre2-8 libcurl libcrypto libssl sqlite3 libmicrohttpd
STAMP := $(shell docs/package/version)
VERSION := $(word 1,$(STAMP))
DATE := $(word 2,$(STAMP))

WARN := -Wall -Wextra -Wpedantic -Wswitch-enum -Wconversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Werror
# -ffp-contract=off: digests must not depend on fused multiply-add. No -march=native: gcc 12 makes
# xoshiro-style code 2.5 times slower with it. -fno-delete-null-pointer-checks: gcc 12.2 writes the
# address of p->array[i] as one from NULL with an index where that is a cheaper loop (ivopts), takes
# that for an access to NULL after which nothing matters (local-pure-const), finds the function pure
# and drops its calls.
FLAGS = -std=c11 -D_GNU_SOURCE $(OPT) -g $(WARN) -ffp-contract=off -fno-math-errno \
        -fno-delete-null-pointer-checks -pthread $(SAN) -I. \
        -I$(BUILD)/generated $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LINK = $(shell pkg-config --libs $(LIBS)) -lm -pthread -Wl,-z,relro,-z,now

# The rooms, highest first: one archive a folder, so that the link line shows who may call whom.
# tests/layers holds every include to this order.
ROOMS := $(addprefix live/,command page status watch drill act monitoring github journal http secret base) \
         $(addprefix sim/,command planning search explore rules rehearsal experiment world monitoring stats engine) \
         $(addprefix reports/,history store plan fit drill run page plot text) \
         $(addprefix model/,drill fit load series rules promql file fleet stats policy options base)
archives = $(patsubst %,$(BUILD)/%.a,$(filter $(1),$(ROOMS)))
ARCHIVES := $(call archives,%)
RING0 := policy policy_evidence invariant alert readings
objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))

# Minutes of simulation: the plain build judges the numbers, the others' sanitizers see the same
# code in the rest. First, because they end last.
STATISTICAL := sim/test_theory sim/test_laws sim/test_coverage sim/test_explore \
               sim/test_quiet_year
SUITES := $(STATISTICAL) $(filter-out $(STATISTICAL),$(patsubst tests/%.c,%,\
            $(foreach layer,live drill model sim reports,$(wildcard tests/$(layer)/test_*.c))))
# Runs each command some hundred times: by itself, `make pairs`.
PATIENT := live/test_option_pairs
HURRIED = $(filter-out $(PATIENT),$(SUITES))
HUB_SUITES := $(filter live/test_hub live/test_hub_%,$(SUITES)) # linked with what they test: lab.mk
# What suites share: the main function, golden files, fixtures.
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
FUZZERS := $(patsubst tests/%.c,%,$(wildcard tests/fuzzers/*.c))
FUZZ_SECONDS ?= 60

all: $(BUILD)/understudy $(if $(MPI),$(BUILD)/mpi/understudy)

help:
	@echo "demo test           what the README says"
	@echo "check               the test suites of this build"
	@echo "asan tsan           the suites under AddressSanitizer and UBSan, ThreadSanitizer"
	@echo "purity digests      ring 0 imports nothing; every build gives the same digests"
	@echo "bench               speed, as ratios"
	@echo "proofs prove        every state of the policy, for small fleets; prove: larger ones too"
	@echo "theory              against queueing theory to PRECISION=1% or less"
	@echo "pairs               every pair of options of every command (ten minutes)"
	@echo "recovery            fleets drawn at random, simulated and fitted: do intervals hold? FLEETS=400"
	@echo "mutants             small changes of meaning that the tests must notice; MUTANTS=policy"
	@echo "fuzz                each fuzzer for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "promql-fuzz         10,000 random expressions against promtool"
	@echo "cover lint format   coverage; layers, sizes, clang-tidy, cppcheck, pages; clang-format"
	@echo "quality             all figures of quality on one page, build/quality.md (hours); STEPS=codespell"
	@echo "man                 manual pages and completions, in build/man"
	@echo "golden UPDATE=1     write the golden files anew"
	@echo "lab lab-down        the practice range for drills, up and down; check-lab tests it, check-drills its drills"
	@echo "test-real           the simulated Prometheus and Alertmanager against real ones"
	@echo "check-page          the monitor's page in headless chromium; screenshots in build/page"
	@echo "check-boards        every query of the dashboards, to a real Prometheus"
	@echo "check-soak          24 fleet hours of an active monitor, faults and kill -9 (15 min); check-flood: what floods cost"
	@echo "check-schema        the schema and every shipped file, by a validator that is not ours (python3)"
	@echo "contract            the range's GitHub against GitHub's OpenAPI description (npm)"
	@echo "install uninstall   DESTDIR and PREFIX=$(PREFIX)"
	@echo "dist deb            the archive of HEAD, the same bytes everywhere; a Debian package; in build"
	@echo "check-tutorial      docs/TUTORIAL.md, every command of it (two minutes; its drill as root)"
	@echo "check-package       both, built, installed and removed again (minutes; the package as root)"
	@echo "clean               build and demo"

# ---- the README's two commands ----

# As many jobs as cores, unless the caller has said how many.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

demo:
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_DEMO) $(PACKAGES_LAB)
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory all lab-programs
	$(Q)mkdir -p demo
	$(Q)build/understudy sim scenarios --html demo/index.html; [ $$? -le 1 ]
	@echo "The same as a page, with plots: demo/index.html"
	$(Q)tests/lab/demo

test:
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_DEMO) $(PACKAGES_TEST) $(PACKAGES_MPI) $(PACKAGES_LAB)
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory MPI=1 all canary $(BUILD)/tests/sim/test_decisions
	$(Q)tests/run tests/proofs $(BUILD)/tests/sim/test_decisions # a wrong policy is told in minutes
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory MPI=1 suites lab-programs real-programs
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory BUILD=build/asan $(ASAN) all suites
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory builds
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory $(FUZZ) fuzzers
	$(Q)tests/run $(HURRIED:%=build/tests/%) \
	    $(patsubst %,build/asan/tests/%,$(filter-out $(STATISTICAL),$(HURRIED))) \
	    tests/test_run tests/purity tests/digests tests/mpi -- tests/fuzz \
	    $(LAB_SUITES) $(REAL_SUITES)

# ---- building ----

$(BUILD)/understudy: $(BUILD)/main.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $(BUILD)/main.o $(ARCHIVES) $(LINK)

define archive
$(BUILD)/$(1).a: $(call objects,$(1))
	$$(call say,AR   $$@)
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call archive,$(room))))

$(BUILD)/%.o: %.c | $(BUILD)/generated/version.h
	$(call say,CC   $<)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MMD -MP -c -o $@ $<

# What the page sends, as bytes for the program: C11 has no #embed.
$(BUILD)/live/page/assets.o: $(patsubst %,$(BUILD)/generated/%.bytes,page.html page.css page.js)
$(BUILD)/generated/%.bytes: live/page/%
	$(Q)mkdir -p $(@D) && od -An -v -tu1 $< | sed 's/  *\([0-9][0-9]*\)/\1,/g' >$@

# Written anew only when the version changes, so that only its users are compiled again.
$(BUILD)/generated/version.h: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '#define UND_%s "%s"\n' VERSION '$(VERSION)' DATE '$(DATE)' >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# make MPI=1: the same program, of which mpirun may start several ranks. One file knows of that.
$(BUILD)/mpi/ranks.o: sim/planning/ranks.c
	$(call say,MPICC $<)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -DUND_MPI $(patsubst -I%,-isystem %,\
	    $(shell mpicc --showme:compile)) -MMD -MP -c -o $@ $<
$(BUILD)/mpi/understudy: $(BUILD)/mpi/ranks.o $(BUILD)/main.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $(filter %.o,$^) $(ARCHIVES) $(LINK) $(shell mpicc --showme:link)

# Ring 0 must not import memcpy and friends that the compiler would make of its loops.
$(RING0:%=$(BUILD)/model/policy/%.o): FLAGS += -fno-builtin -fno-stack-protector \
    $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

$(patsubst %,$(BUILD)/tests/%,$(filter-out $(HUB_SUITES),$(SUITES))): %: %.o $(SUPPORT) $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $< $(SUPPORT) $(ARCHIVES) $(LINK) $(shell pkg-config --libs check)

# Counts what the program's own objects allocate.
$(BUILD)/tests/sim/test_allocations: override LINK += $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc \
    aligned_alloc)
comma := ,
# Puts a policy without its guard in the place of the real one.
$(BUILD)/tests/live/test_broken_policy: override LINK += -Wl,--wrap=policy_step

# Preloaded: sets the wall's clock of a program that runs.
$(BUILD)/tests/preload/wall_clock.so: tests/preload/wall_clock.c
	$(call say,CC $@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -Wall -Wextra -shared -fPIC -o $@ $<
$(BUILD)/tests/live/test_wall_clock: | $(BUILD)/tests/preload/wall_clock.so

suites: $(SUITES:%=$(BUILD)/tests/%) $(BUILD)/tests/promqltest

# Runs Prometheus' own test scripts.
PROMQLTEST = promqltest.o $(addprefix support/promql_,script.o expect.o nhcb.o starts.o)
$(BUILD)/tests/promqltest: $(PROMQLTEST:%=$(BUILD)/tests/%) $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $(filter %.o,$^) $(ARCHIVES) $(LINK)

# ---- checks ----

check: $(BUILD)/understudy suites
	$(Q)BUILD=$(BUILD) tests/run $(HURRIED:%=$(BUILD)/tests/%) tests/test_run

# Every pair of options of every command: each does something beside the other, or is refused.
pairs: $(BUILD)/understudy $(PATIENT:%=$(BUILD)/tests/%)
	$(Q)SUITE_SECONDS=3600 tests/run $(PATIENT:%=$(BUILD)/tests/%)

ASAN := SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' OPT=-O1
asan:
	$(Q)$(MAKE) --no-print-directory BUILD=build/asan $(ASAN) check

tsan:
	$(Q)$(MAKE) --no-print-directory BUILD=build/tsan CC=clang SAN=-fsanitize=thread OPT=-O1 check

# Calls between rooms, and between layers, go down only; each part of the world is written by its owner.
layers:
	$(Q)tests/layers $(ROOMS)
	$(Q)tests/owners

# Would the tests notice? One small change of meaning at a time; a score for each list of them.
MUTANTS ?=
mutants:
	$(Q)BUILD=$(BUILD) tests/mutants/run $(MUTANTS)

purity: $(RING0:%=$(BUILD)/model/policy/%.o)
	$(Q)tests/purity

# The same program by other compilers and at other levels, for the digests and the warnings.
builds:
	$(Q)$(MAKE) --no-print-directory BUILD=build/gcc-O0 OPT=-O0 all
	$(Q)$(MAKE) --no-print-directory BUILD=build/clang-O0 CC=clang OPT=-O0 all
	$(Q)$(MAKE) --no-print-directory BUILD=build/clang-O2 CC=clang OPT=-O2 all

digests: all builds
	$(Q)tests/digests

# The same program with one character too many in its policy, which the proofs must find: a blind
# checker would say that everything holds.
canary: $(BUILD)/canary/understudy
$(BUILD)/canary/policy.c: model/policy/policy.c
	$(Q)mkdir -p $(@D) && sed 's/detected_ms < config->persist_ms/detected_ms <= config->persist_ms/' $< >$@
	$(Q)! cmp -s $< $@ || { echo "canary: nothing to break in $<"; rm $@; exit 1; }
$(BUILD)/canary/policy.o: $(BUILD)/canary/policy.c
	$(Q)$(CC) $(FLAGS) -Imodel/policy -c -o $@ $<
$(BUILD)/canary/understudy: $(BUILD)/canary/policy.o $(BUILD)/main.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $(filter %.o,$^) $(ARCHIVES) $(LINK)

# The policy in every state that it can reach; in prove also what takes minutes, and a run at
# millisecond times of 10^7 steps that must stay inside.
proofs: all canary
	$(Q)tests/proofs
prove: all canary $(BUILD)/tests/sim/test_explore
	$(Q)ALL=1 FINE_STEPS=10000000 tests/run tests/proofs $(BUILD)/tests/sim/test_explore

# Fleets that nobody has seen, through the simulator and fit.
recovery: $(BUILD)/tests/sim/test_recovery
	$(Q)RECOVERY_FLEETS=$(or $(FLEETS),400) $<

# The simulator against queueing theory, as closely as PRECISION (0.3%) asks.
theory: $(BUILD)/tests/sim/test_theory
	$(Q)THEORY_PRECISION=$(PRECISION) $<

# Compares with the golden files; with UPDATE=1 it writes them anew, to be read in the diff.
golden: suites
	$(Q)BUILD=$(BUILD) UPDATE=$(UPDATE) tests/run $(HURRIED:%=$(BUILD)/tests/%)

# Speed against a bare loop measured in the same minute; build/bench.json has the numbers.
$(BUILD)/tests/bench/bench: $(patsubst %,$(BUILD)/tests/bench/%.o,bench bench_fleet bench_explore) $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT) $(SAN) -o $@ $(filter %.o,$^) $(ARCHIVES) $(LINK)

bench: $(BUILD)/tests/bench/bench
	$(Q)$< $(BUILD)/bench.json

FUZZ := BUILD=build/fuzz CC=clang OPT=-O1 SAN='-fsanitize=address,undefined,fuzzer-no-link'
$(FUZZERS:%=$(BUILD)/tests/%): %: %.o $(ARCHIVES)
	$(call say,LINK $@)
	$(Q)$(CC) $(SAN) -fsanitize=fuzzer -o $@ $< $(ARCHIVES) $(LINK)
fuzzers: $(FUZZERS:%=$(BUILD)/tests/%)
fuzz:
	$(Q)$(MAKE) --no-print-directory $(FUZZ) fuzzers
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz

# 10,000 random expressions over random series, PROMQL_SEED (1), against the real promtool.
promql-fuzz: $(BUILD)/tests/model/test_promql_oracle
	$(Q)PROMQL_CASES=$${PROMQL_CASES:-10000} $<
.PHONY: promql-fuzz

cover:
	$(Q).ci/install $(PACKAGES_LINT)
	$(Q)$(MAKE) --no-print-directory BUILD=build/cover OPT='-O0 --coverage' check
	$(Q)lcov -q -c -d build/cover -o build/cover/all.info
	$(Q)lcov -q -r build/cover/all.info '*/tests/*' '/usr/*' -o build/cover/own.info
	$(Q)lcov --list build/cover/own.info

# Coverage, mutants, analyzers, spelling, speed over commits: one page, build/quality.md. Hours; with
# STEPS='coverage codespell' those alone, the others' figures as they were.
quality:
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_TEST) $(PACKAGES_LINT) $(PACKAGES_QUALITY)
	$(Q)nice -n 19 tests/quality $(STEPS)
say-rooms: ; @echo $(ROOMS)
say-sources: ; @echo $(SOURCES)
say-suites: ; @echo $(SUITES)
tidy: $(TIDY)
.PHONY: quality say-rooms say-sources say-suites tidy

lint: all man
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_LINT)
	$(Q)tests/layers $(ROOMS)
	$(Q)tests/owners
	$(Q)tests/unused $(BUILD)/main.o $(ARCHIVES)
	$(Q)tests/sizes $(SOURCES)
	$(Q)tests/assertions
	$(Q)tests/mutants/run --check
	$(Q)mandoc -Tlint $(BUILD)/man/*.[15]
	$(Q)shellcheck -s bash $(BUILD)/man/understudy.bash
	$(Q)shellcheck docs/package/version docs/package/deb docs/package/debian/p* tests/tutorial
	$(Q)zsh -n $(BUILD)/man/_understudy && fish -n $(BUILD)/man/understudy.fish
	$(Q)clang-format --dry-run -Werror $(SOURCES)
	$(Q)! awk '/^ *(\/\*|\*)/ && length > 100 { print FILENAME ":" FNR ": got a comment of " length ", want at most 100" }' \
	    $(SOURCES) | grep .
	$(Q)cppcheck -q -j $(shell nproc) --std=c11 --enable=warning,portability --error-exitcode=1 \
	    --inline-suppr --library=tests/cppcheck.cfg -I. main.c $(ROOMS)
	$(Q)$(MAKE) $(PARALLEL) -k --no-print-directory $(TIDY)

# A file that passed is not looked at again until it, or a header of its, changes. The analyzer
# follows a function's paths through so many states; its own 225000 takes five times as long.
TIDY_STATES ?= 60000
TIDY = $(patsubst %.c,$(BUILD)/tidy/%.ok,$(filter %.c,$(SOURCES)))
$(BUILD)/tidy/%.ok: %.c .clang-tidy | $(BUILD)/generated/version.h
	$(call say,TIDY $<)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MM -MP -MT $@ -MF $(@:.ok=.d) $<
	$(Q)clang-tidy --quiet $< -- -std=c11 -D_GNU_SOURCE -I. -I$(BUILD)/generated \
	    -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_STATES) 2>/dev/null
	$(Q)touch $@

format:
	$(Q)clang-format -i $(SOURCES)
SOURCES = main.c tests/promqltest.c $(foreach room,$(ROOMS) $(wildcard tests/*),$(wildcard $(room)/*.[ch]))

# Manual pages and completions, by the program: a page a command, and one of the keys of files.
man: all
	$(Q)rm -rf $(BUILD)/man && mkdir -p $(BUILD)/man
	$(Q)$(BUILD)/understudy help --man >$(BUILD)/man/understudy.1
	$(Q)$(BUILD)/understudy help | sed -n 's/^  \([a-z].\{13\}\) .*/\1/p' | while read -r name; do \
	    $(BUILD)/understudy help --man $$name >"$(BUILD)/man/understudy-$$(echo $$name | tr ' ' -).1"; \
	done
	$(Q)$(BUILD)/understudy schema --man >$(BUILD)/man/understudy.5
	$(Q)$(BUILD)/understudy completion bash >$(BUILD)/man/understudy.bash
	$(Q)$(BUILD)/understudy completion zsh >$(BUILD)/man/_understudy
	$(Q)$(BUILD)/understudy completion fish >$(BUILD)/man/understudy.fish

# ---- installing, packages ----

include docs/package/package.mk

# ---- the practice range ----

include tests/lab/lab.mk

check-tutorial: all lab-programs
	$(Q)tests/run -- tests/tutorial
.PHONY: check-tutorial

# ---- the page in a browser ----

include tests/page/page.mk

# ---- a day of the monitor ----

include tests/soak/soak.mk

# ---- against real servers ----

include tests/real/real.mk

clean:
	$(Q)rm -rf build demo

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
.PHONY: all help demo test suites check pairs recovery asan tsan layers mutants purity builds digests canary proofs prove golden bench theory fuzzers \
        fuzz cover lint format man clean FORCE

# Keep the objects of the tests: they are prerequisites of several programs.
.SECONDARY:
