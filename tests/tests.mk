# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tests: tests/unit (cmocka), tests/packet (through BPF_PROG_TEST_RUN), tests/fuzz
# (libFuzzer), tests/lab (namespaces and real servers), tests/kernel (Debian's 6.1 in an
# emulator), tests/bench.

TEST_LIBS := -lcmocka
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ_TIME ?= 30

# -- all of it; the lab: three tiers of real servers in namespaces ----------------------
RUNNERS := lint check-stack check-unit check-packet check-model check-fuzz check-lab
LAB_TESTS ?= # names of tests/lab/*.sh; all of them where nothing is said

check:
	$(Q)scripts/setup build check lint
	$(Q)$(MAKE) --no-print-directory $(O)/tierwall
	$(Q)MAKE='$(MAKE)' tests/run $(RUNNERS)

check-lab: $(O)/tierwall $(O)/asan/tierwall
	$(Q)TIERWALL=$(abspath $(O)/tierwall) TIERWALL_SANITIZED=$(abspath $(O)/asan/tierwall) \
		tests/lab/run $(LAB_TESTS)

# The stack as kernels before 6.8 count it, which this one may not.
check-stack: $(O)/bpf/tierwall.bpf.o
	$(Q)python3 tests/kernel/stack.py $< xdp xdp_trace

# The oldest kernel that is supported, in an emulator: one to three minutes.
check-kernel:
	$(Q)scripts/setup build kernel
	$(Q)$(MAKE) --no-print-directory $(O)/tierwall
	$(Q)$(MAKE) --no-print-directory check-stack
	$(Q)mkdir -p $(O)/kernel && tests/kernel/run $(O)/tierwall $(O)/kernel

.PHONY: check check-lab check-kernel check-stack

# -- packet tests, random frames and the bench: through BPF_PROG_TEST_RUN ---------------
PACKET_COMMON := topology frame node counters
PACKET_ROWS := row answer tunnel main listener $(patsubst tests/packet/%.c,%,$(wildcard tests/packet/rows_*.c))
PACKET_OBJECTS = $(1:%=$(O)/tests/packet/%.o)
PACKET_CFLAGS = $(CPPFLAGS) -Itests $(ALL_CFLAGS)

HEADERS_FIRST += $(O)/gen/poison.skel.h $(O)/gen/wrap.skel.h $(O)/gen/flood.skel.h \
	$(O)/gen/classify.skel.h $(O)/gen/set_probe.skel.h # for `make lint`, which reads these too

check-packet: $(O)/tierwall $(addprefix $(O)/tests/packet/,rows one-policy set-model random-frames)
	$(Q)$(O)/tests/packet/rows $(O)/tierwall
	$(Q)$(O)/tests/packet/one-policy $(O)/tierwall
	$(Q)$(O)/tests/packet/set-model $(O)/tierwall
	$(Q)$(O)/tests/packet/random-frames $(O)/tierwall

BENCH_RULES ?= 1000 10000 # sizes of the lists that the classifier is measured with

bench:
	$(Q)scripts/setup build bench
	$(Q)$(MAKE) --no-print-directory $(O)/tierwall $(addprefix $(O)/tests/bench/,bench choice classifier sets beside-nftables)
	$(Q)$(O)/tests/bench/bench $(O)/tierwall
	$(Q)$(O)/tests/bench/choice
	$(Q)$(O)/tests/bench/classifier $(O)/tierwall $(BENCH_RULES)
	$(Q)$(O)/tests/bench/sets $(O)/tierwall
	$(Q)$(O)/tests/bench/beside-nftables $(O)/tierwall

$(O)/tests/packet/rows: $(call PACKET_OBJECTS,$(PACKET_COMMON) $(PACKET_ROWS))
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS) $(TEST_LIBS)

$(O)/tests/packet/one-policy: $(call PACKET_OBJECTS,$(PACKET_COMMON) one_policy)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/packet/random-frames: $(call PACKET_OBJECTS,$(PACKET_COMMON) mutate random_frames)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/bench/bench: $(O)/tests/bench/bench.o $(call PACKET_OBJECTS,$(PACKET_COMMON))
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/bench/choice: $(O)/tests/bench/choice.o $(O)/libtierwall.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/bench/beside-nftables: $(O)/tests/bench/beside_nftables.o $(O)/tests/bench/link.o \
		$(call PACKET_OBJECTS,$(PACKET_COMMON))
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/packet/set-model: $(call PACKET_OBJECTS,$(PACKET_COMMON) set_probe set_model) $(O)/libtierwall.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/bench/sets: $(O)/tests/bench/sets.o $(call PACKET_OBJECTS,$(PACKET_COMMON) set_probe) $(O)/libtierwall.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/bpf/set_probe.bpf.o: tests/packet/set_probe.h

$(O)/tests/packet/%.o: tests/packet/%.c | $(O)/gen/poison.skel.h $(O)/gen/set_probe.skel.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(PACKET_CFLAGS) -MMD -MP -c $< -o $@

$(O)/tests/bench/%.o: tests/bench/%.c | $(O)/gen/wrap.skel.h $(O)/gen/flood.skel.h $(O)/gen/classify.skel.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(PACKET_CFLAGS) -MMD -MP -c $< -o $@

$(O)/tests/bpf/%.bpf.o: tests/packet/%.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

$(O)/tests/bpf/%.bpf.o: tests/bench/%.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

$(O)/gen/%.skel.h: $(O)/tests/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $*_bpf >$@

.SECONDARY: $(foreach name,poison wrap flood classify set_probe,$(O)/gen/$(name).skel.h $(O)/tests/bpf/$(name).bpf.o)
.PHONY: check-packet bench

# -- unit tests, under sanitizers; fuzzers of the configuration -------------------------
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SANITIZE := address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CFLAGS = -std=gnu11 $(WARNINGS) -O1 -g -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZE)
FUZZ_SOURCES := $(wildcard user/config/*.c user/import/*.c) user/monitor/decode.c user/cli/pcap.c \
	user/cli/ssh_connection.c
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(O)/fuzz/obj/%.o) $(GENERATED:$(O)/gen/%.c=$(O)/fuzz/obj/gen/%.o)

check-unit: $(UNIT_TESTS)
	$(Q)tests/unit/run $(UNIT_TESTS)

$(O)/tests/unit/%: tests/unit/%.c $(O)/asan/libtierwall.a
	$(call say,CC,"$< (sanitizers)")
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(SANITIZE) $(LDFLAGS) -MMD -MP -MF $@.d \
		$< $(O)/asan/libtierwall.a -o $@ $(LDLIBS) $(TEST_LIBS)

check-fuzz: fuzz

fuzz: $(FUZZERS)
	$(Q)tests/fuzz/run $(FUZZ_TIME) $(O)/fuzz $(FUZZERS)

# Debian has the runtime in a package of its own.
$(O)/fuzz/runtime:
	$(Q)mkdir -p $(@D) && echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
		$(CLANG) -fsanitize=fuzzer -x c - -o $@ 2>/dev/null || { \
		echo '$(CLANG) has no libFuzzer: install libclang-rt-NN-dev of its version NN' >&2; exit 1; }

$(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(FUZZ_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,$(FUZZ_SANITIZE) $(LDFLAGS) $^ -o $@

$(O)/fuzz/obj/gen/%.o: $(O)/gen/%.c | $(O)/fuzz/runtime $(GENERATED:.c=.h)
	$(call say,CC,"$< (fuzzer)")
	$(Q)mkdir -p $(@D) && $(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

$(O)/fuzz/obj/%.o: %.c | $(O)/fuzz/runtime $(GENERATED:.c=.h)
	$(call say,CC,"$< (fuzzer)")
	$(Q)mkdir -p $(@D) && $(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

.SECONDARY: $(FUZZ_OBJECTS) $(FUZZERS:$(O)/fuzz/%=$(O)/fuzz/obj/tests/fuzz/%.o)
.PHONY: check-unit check-fuzz fuzz

# -- rule sets against a model: tests/model ---------------------------------------------
MODEL_GENERATE := pool write generate generate_tier
MODEL_SESSION := session report sample sample_frame oracle glance remember $(MODEL_GENERATE)
MODEL_NODE = $(call PACKET_OBJECTS,$(PACKET_COMMON)) $(O)/libtierwall.a
MODEL_OBJECTS = $(1:%=$(O)/tests/model/%.o)

check-model: $(O)/tierwall $(addprefix $(O)/tests/model/,differential edits trace-equals)
	$(Q)$(O)/tests/model/differential $(O)/tierwall
	$(Q)$(O)/tests/model/edits $(O)/tierwall
	$(Q)$(O)/tests/model/trace-equals $(O)/tierwall

# The whole, for hours of a release rather than minutes of a change.
differential: $(O)/tierwall $(O)/tests/model/differential
	$(Q)SETS=$(or $(SETS),1000) RULES=$(or $(RULES),10000) LARGE=$(or $(LARGE),10) \
		LARGE_RULES=$(or $(LARGE_RULES),100000) $(O)/tests/model/differential $(O)/tierwall

.PHONY: check-model differential

$(O)/tests/model/generate: $(call MODEL_OBJECTS,generate_main $(MODEL_GENERATE)) $(O)/libtierwall.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(addprefix $(O)/tests/model/,differential edits): $(O)/tests/model/%: $(O)/tests/model/%.o \
		$(call MODEL_OBJECTS,$(MODEL_SESSION)) $(MODEL_NODE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/model/trace-equals: $(call MODEL_OBJECTS,trace_equals snapshot $(MODEL_SESSION)) \
		$(call PACKET_OBJECTS,mutate) $(MODEL_NODE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/bench/classifier: $(O)/tests/bench/classifier.o $(O)/tests/bench/leaves.o \
		$(call MODEL_OBJECTS,$(MODEL_SESSION)) $(MODEL_NODE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/tests/model/%.o: tests/model/%.c | $(HEADERS_FIRST)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(PACKET_CFLAGS) -MMD -MP -c $< -o $@
