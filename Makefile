# drover. `make` builds, `make check` runs every test, `make demo` shows it at work.
#
#   make                 build/drover and build/drover-sim
#   make check           everything: formats, builds, unit, golden, simulation, end to end
#   make conformance TIDB=host:4000 PD=host:2379 TICDC=host:8300   the estate's facts, asked of a real one
#   make demo            a simulated two-region estate, from git to protected
#   make fuzz TARGET=yaml SECONDS=60      searches for inputs that break a reader
#   make install         PREFIX=/usr/local DESTDIR=; programs, manual, completions
#   make man             the manual alone, in build/man
#   make CC=clang        another compiler;  make BUILD=dir  another output folder
#   make SANITIZE=1      AddressSanitizer and UndefinedBehaviorSanitizer;  =thread: races

VERSION := 0.1.0

BUILD   ?= build
PREFIX  ?= /usr/local
PKG_CONFIG ?= pkg-config

LIBS_PKG := yaml-0.1 libcurl jansson libmariadb libgit2 sqlite3 libcrypto

STD      := -std=c11 -D_GNU_SOURCE -DDR_VERSION='"$(VERSION)"' -I. -include controller/base/banned.h
WARN     := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Wmissing-prototypes \
            -Wold-style-definition -Wvla -Wwrite-strings -Wshadow -Wformat=2 -Wno-format-nonliteral -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
            -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
ifeq ($(SANITIZE),thread)
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LDOPT    := -fsanitize=thread
else ifdef SANITIZE
# instrumented code hides from gcc how long a text can be: that warning is the release build's
OPT      := -O1 -g -fno-omit-frame-pointer -DDR_ARENA_DEBUG -fsanitize=address,undefined \
            -fno-sanitize-recover=all -Wno-format-truncation
LDOPT    := -fsanitize=address,undefined
else
OPT      := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 $(HARDEN)
LDOPT    := $(LDHARDEN)
endif

# The libraries are looked for only when something is built, so that `make demo` and
# `make check` can install them first.
ifneq ($(BUILDING),)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PKG))
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(LIBS_PKG))
endif
CFLAGS_ALL := $(STD) $(WARN) $(OPT) $(PKG_CFLAGS) $(CFLAGS)

# Floors. A folder added here is built; what may include what is checked by tests/floors.
LIB_DIRS := controller/base spec controller/facts controller/plan controller/estate \
            controller/estate/wire controller/estate/live controller/estate/model \
            controller/observe controller/act controller/source controller/serve \
            controller/loop
LIB_SRC  := $(sort $(wildcard $(addsuffix /*.c,$(LIB_DIRS))))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
DROVER_SRC := $(sort $(wildcard cmd/drover/*.c))
SIM_SRC    := $(sort $(wildcard cmd/drover-sim/*.c))
UNIT_SRC   := $(sort $(wildcard tests/unit/*.c tests/unit/*/*.c))
GOLDEN_SRC := $(sort $(wildcard tests/golden/*.c))
STORY_SRC  := $(sort $(wildcard tests/sim/*.c))

# One make only: two that build the same files beside each other spoil them.
.PHONY: all
ifeq ($(BUILDING),)
all:
	@$(MAKE) --no-print-directory BUILDING=1 binaries
else
all: binaries
endif

.PHONY: binaries
binaries: $(if $(DROVER_SRC),$(BUILD)/drover) $(if $(filter %/main.c,$(SIM_SRC)),$(BUILD)/drover-sim)

$(BUILD)/libdrover.a: $(LIB_OBJ)
	@rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/drover: $(DROVER_SRC:%.c=$(BUILD)/%.o) $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lpthread -lm

# All but its main, so that unit tests and fuzzers can link it.
$(BUILD)/libdrover-sim.a: $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(SIM_SRC)))
	@rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/drover-sim: $(BUILD)/cmd/drover-sim/main.o $(BUILD)/libdrover-sim.a $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lssl -lpthread -lm

$(BUILD)/%.o: %.c
	@mkdir -p $(dir $@)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS_ALL) $(CFLAGS_$(subst /,_,$(patsubst %/,%,$(dir $<)))) -MMD -MP -c -o $@ $<

# Unit tests: one Criterion program over everything.
$(BUILD)/unit: $(UNIT_SRC:%.c=$(BUILD)/%.o) $(BUILD)/cmd/drover/patience.o $(BUILD)/libdrover-sim.a $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lcriterion -lssl -lpthread -lm

# The tests as another compiler reads them, without making anything of them.
.PHONY: tests-read
tests-read:
	@printf '%s\n' $(filter-out tests/e2e/%,$(sort $(wildcard tests/*/*.c))) | \
	    xargs -P 2 -n 8 $(CC) $(CFLAGS_ALL) -fsyntax-only

# Servers that mean harm, for the end-to-end tests.
$(BUILD)/rogue: $(BUILD)/tests/e2e/rogue.o $(BUILD)/tests/e2e/rogue_certificates.o
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ -lssl -lcrypto -lpthread

# Preloaded: makes system calls fail.
$(BUILD)/failing.so: tests/e2e/failing.c
	@echo "  LINK  $@"
	@$(CC) -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fPIC -shared -o $@ $< -ldl

# A plain program, because Criterion cannot run under ThreadSanitizer.
$(BUILD)/live-threads: $(BUILD)/tests/live/threads.o $(BUILD)/tests/unit/live_kit.o \
                       $(BUILD)/tests/unit/live_peer.o $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lssl -lpthread -lm

# Fuzzers: tests/fuzz/NAME.c with its corpus in tests/fuzz/corpus/NAME. Linked with a
# main that replays files, or (FUZZ=1, with CC=clang SANITIZE=1) with libFuzzer's.
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(if $(FUZZ),,$(BUILD)/tests/fuzz/replay.o) \
                 $(BUILD)/libdrover-sim.a $(BUILD)/libdrover.a
	@mkdir -p $(dir $@)
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) $(if $(FUZZ),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS) -lssl -lpthread -lm

# make fuzz TARGET=yaml [SECONDS=60]: searches with libFuzzer (clang), then merges what
# covers more into the kept corpus. Crashes are left in build/fuzzing.
SECONDS ?= 60
.PHONY: fuzz
fuzz:
	@test -n "$(TARGET)" -a -f tests/fuzz/$(TARGET).c || { echo "make fuzz TARGET=NAME [SECONDS=60], NAME one of:" \
		$(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))) >&2; exit 64; }
	@$(MAKE) --no-print-directory -s BUILDING=1 CC=clang SANITIZE=1 FUZZ=1 BUILD=build/fuzzing \
		CFLAGS="-fsanitize=fuzzer-no-link -Wno-unknown-warning-option" build/fuzzing/fuzz/$(TARGET)
	@tests/fuzz/search.sh $(TARGET) $(SECONDS)

# Cases that keep the simulated estate honest, asked by clients of their own.
$(BUILD)/conformance: $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/statements.c,$(sort $(wildcard tests/conformance/*.c)))) \
                      $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lpthread -lm

# Prints every statement drover can send, for TiDB's own parser.
$(BUILD)/statements: $(BUILD)/tests/conformance/statements.o $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lpthread -lm

# make parser: every statement drover can send, read by TiDB's own parser (Go >= 1.25).
.PHONY: parser
parser:
	@tests/conformance/parser.sh $(BUILD)

# make conformance TIDB=host:port[,..] [STATUS=..] [PD=..] [TICDC=..] [S3=..] [USER=root]
# [PASSWORD_FILE=..] [S3_KEY_FILE=..] [SET="sink=mysql://.. bucket=.."] [CLUSTER=1] [ONLY=..]:
# the same cases against real servers (tests/conformance/README.md). Without TIDB: drover-sim.
.PHONY: conformance
conformance:
	@$(MAKE) --no-print-directory -s BUILDING=1 binaries $(BUILD)/conformance
ifeq ($(TIDB)$(PD)$(TICDC)$(S3),)
	@tests/parts/conformance.sh $(BUILD)
else
	@$(BUILD)/conformance $(if $(TIDB),--tidb $(TIDB)) $(if $(STATUS),--status $(STATUS)) $(if $(PD),--pd $(PD)) \
		$(if $(TICDC),--ticdc $(TICDC)) $(if $(S3),--s3 $(S3)) $(if $(S3_KEY_FILE),--s3-key-file $(S3_KEY_FILE)) \
		$(if $(filter command%,$(origin USER)),--user $(USER)) $(if $(PASSWORD_FILE),--password-file $(PASSWORD_FILE)) \
		$(foreach s,$(SET),--set '$(s)') $(if $(CLUSTER),--change-cluster) $(if $(ONLY),--only '$(ONLY)') \
		tests/conformance/cases/*.yaml
endif

# Counts, and times as ratios to floors; only counts can fail (tests/bench/README.md).
$(BUILD)/bench: $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/bench/*.c))) $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lssl -lpthread -lm

# make bench [PARTS="live fleet"] [FLEET=1000] [JSON=bench.json]
.PHONY: bench
bench:
	@$(MAKE) --no-print-directory -s BUILDING=1 binaries $(BUILD)/bench $(BUILD)/sim
	@$(BUILD)/bench $(if $(FLEET),--fleet $(FLEET)) $(if $(JSON),--json $(JSON)) $(PARTS)

# Golden cases: documents and facts in, findings and plans out, byte for byte.
$(BUILD)/golden: $(GOLDEN_SRC:%.c=$(BUILD)/%.o) \
                 $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(DROVER_SRC))) $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lpthread -lm

# Simulation: the whole controller on the model, with faults at every exchange.
$(BUILD)/sim: $(STORY_SRC:%.c=$(BUILD)/%.o) $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lpthread -lm

# make sim [SEED=N] [SCENARIO=fault/lost/312] [BUDGET=seconds] [SIM_FULL=1] [ONLY=family]
.PHONY: sim
sim:
	@$(MAKE) --no-print-directory -s BUILDING=1 $(BUILD)/sim
	@$(BUILD)/sim $(if $(SEED),--seed $(SEED)) $(if $(SCENARIO),--scenario $(SCENARIO)) \
		$(if $(BUDGET),--budget $(BUDGET)) $(if $(SIM_FULL),--full) $(if $(ONLY),--only $(ONLY))

# make seeds [COUNT=22000] [SEED=N]: random seeds of several faults on top of the stories; one of
# ten comes to what another one comes to
COUNT ?= 22000
.PHONY: seeds
seeds:
	@$(MAKE) --no-print-directory -s BUILDING=1 $(BUILD)/sim
	@$(BUILD)/sim --seeds $(COUNT) --jobs $$(nproc) $(if $(SEED),--seed $(SEED))

# 100,000 rounds of a protected pair: nothing but lease and heartbeat is written.
.PHONY: silence
silence:
	@$(MAKE) --no-print-directory -s BUILDING=1 $(BUILD)/sim
	@$(BUILD)/sim --quiet --scenario silence/100000

# make museum [PART=1/3] [NAMES="b-no-kill"] [BUDGET=seconds]: planted bugs, each must be found
.PHONY: museum
museum:
	@PART=$(PART) BUDGET=$(BUDGET) tests/museum/museum.sh $(NAMES)

.PHONY: golden-update
golden-update:
	@$(MAKE) --no-print-directory BUILDING=1 $(BUILD)/golden
	@$(BUILD)/golden --update; git --no-pager diff --stat -p -- tests/golden spec

.PHONY: format
format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

# Both install what is missing first (Debian), then say what they do.
.PHONY: check demo
check:
	@tests/install.sh check
	@tests/check.sh

# ordinary clients against drover-sim, those whose toolchain is here
.PHONY: interop
interop:
	@tests/install.sh check
	@$(MAKE) --no-print-directory BUILDING=1 $(BUILD)/drover-sim
	@bash tests/interop/run.sh $(BUILD)

demo:
	@tests/install.sh demo
	@echo "building drover and drover-sim"
	@$(MAKE) --no-print-directory -s -j$$(nproc) BUILDING=1 binaries
	@examples/demo.sh

.PHONY: clean install
clean:
	rm -rf $(BUILD)

# The manual, from the tables of the command line. Its date is that of SOURCE_DATE_EPOCH, or
# of the commit, so that two builds give the same bytes.
$(BUILD)/drover-man: $(BUILD)/cmd/drover-man/main.o \
                     $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(DROVER_SRC))) $(BUILD)/libdrover.a
	@echo "  LINK  $@"
	@$(CC) $(LDOPT) -o $@ $^ $(PKG_LIBS) -lpthread -lm

.PHONY: man
man:
	@$(MAKE) --no-print-directory -s BUILDING=1 $(BUILD)/drover-man
	@rm -rf $(BUILD)/man && mkdir -p $(BUILD)/man
	@$(BUILD)/drover-man $(BUILD)/man $$(date -u -d @$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)} +%Y-%m-%d)

# Programs, manual, completions.
SHARE := $(DESTDIR)$(PREFIX)/share
install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/bash-completion/completions \
		$(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 0755 $(BUILD)/drover $(BUILD)/drover-sim $(DESTDIR)$(PREFIX)/bin/
	install -m 0644 $(BUILD)/man/*.1 $(SHARE)/man/man1/
	$(BUILD)/drover completion bash >$(SHARE)/bash-completion/completions/drover
	$(BUILD)/drover completion zsh >$(SHARE)/zsh/site-functions/_drover
	$(BUILD)/drover completion fish >$(SHARE)/fish/vendor_completions.d/drover.fish

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
