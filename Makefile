# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make            build/tierwall, without root
# make check      everything that tests it (root: namespaces, BPF, real servers)
# make check-kernel  that it loads and works on Linux 6.1, in an emulator (root)
# make demo       three tiers, HTTPS through them, counters on screen (root)
# make bench      nanoseconds a packet (root)
# make lint, install (PREFIX=, DESTDIR=), clean; V=1 shows the commands

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DOCDIR ?= $(PREFIX)/share/doc/tierwall
EXAMPLEDIR ?= $(DOCDIR)/examples
UNITDIR ?= $(PREFIX)/lib/systemd/system

O := build
VERSION := $(shell cat .version 2>/dev/null || git describe --tags --always --dirty 2>/dev/null || echo 0.1)

CC ?= gcc
CLANG ?= $(or $(firstword $(foreach v,22 21 20 19 18 17 16 15 14,$(shell command -v clang-$(v)))),clang)
BPFTOOL ?= $(or $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool),bpftool)
PKG_CONFIG ?= pkg-config
MULTIARCH := $(shell $(CC) -print-multiarch)

LIBRARIES := libbpf libelf zlib libnl-3.0 libnl-route-3.0 libnl-genl-3.0 jansson
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CPPFLAGS += -Iinclude -Iuser -I$(O)/gen -D_GNU_SOURCE -DTIERWALL_VERSION='"$(VERSION)"'
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null) -lm
BPF_CFLAGS := -std=gnu11 -O2 -g -target bpf -mcpu=v3 $(WARNINGS) -Wno-missing-prototypes \
	-Iinclude -I/usr/include/$(MULTIARCH) -ffile-prefix-map=$(CURDIR)=.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

ifeq ($(V),)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

SOURCES := $(filter-out user/main.c,$(wildcard user/*/*.c))
GENERATED := $(O)/gen/grammar.c $(O)/gen/lexer.c
OBJECTS := $(SOURCES:%.c=$(O)/obj/%.o) $(GENERATED:$(O)/gen/%.c=$(O)/obj/gen/%.o)
ASAN_OBJECTS := $(OBJECTS:$(O)/obj/%=$(O)/asan/obj/%)

.DEFAULT_GOAL := $(O)/tierwall
.DELETE_ON_ERROR:

$(O)/tierwall: $(O)/obj/user/main.o $(O)/libtierwall.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/asan/tierwall: $(O)/asan/obj/user/main.o $(O)/asan/libtierwall.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(O)/libtierwall.a: $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/asan/libtierwall.a: $(ASAN_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The version is compiled into one file; it is built again only when the version changes.
$(shell mkdir -p $(O)/gen; echo '$(VERSION)' | cmp -s - $(O)/gen/version || echo '$(VERSION)' >$(O)/gen/version)
$(O)/obj/user/cli/commands.o $(O)/asan/obj/user/cli/commands.o: $(O)/gen/version

HEADERS_FIRST := $(O)/gen/grammar.h $(O)/gen/lexer.h $(O)/gen/tierwall.skel.h

$(O)/obj/%.o: %.c | $(HEADERS_FIRST)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(O)/obj/gen/%.o: $(O)/gen/%.c | $(HEADERS_FIRST)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Iuser/config $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(O)/asan/obj/%.o: %.c | $(HEADERS_FIRST)
	$(call say,CC,"$< (sanitizers)")
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$(O)/asan/obj/gen/%.o: $(O)/gen/%.c | $(HEADERS_FIRST)
	$(call say,CC,"$< (sanitizers)")
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Iuser/config $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$(O)/gen/grammar.c $(O)/gen/grammar.h &: user/config/grammar.y
	$(call say,BISON,$<)
	$(Q)mkdir -p $(@D) && bison -Werror -Wall --header=$(O)/gen/grammar.h -o $(O)/gen/grammar.c $<

$(O)/gen/lexer.c $(O)/gen/lexer.h &: user/config/lexer.l
	$(call say,FLEX,$<)
	$(Q)mkdir -p $(@D) && flex --header-file=$(O)/gen/lexer.h -o $(O)/gen/lexer.c $<

$(O)/bpf/tierwall.bpf.o: bpf/tierwall.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

$(O)/gen/tierwall.skel.h: $(O)/bpf/tierwall.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name tierwall_bpf >$@

-include $(shell find $(O) -name '*.d' 2>/dev/null)

include tests/tests.mk

install: $(O)/tierwall
	install -D -m 0755 $(O)/tierwall $(DESTDIR)$(SBINDIR)/tierwall
	install -D -m 0644 -t $(DESTDIR)$(DOCDIR) README.md LICENSE docs/*.md
	install -D -m 0644 -t $(DESTDIR)$(EXAMPLEDIR) scripts/share/examples/*
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@SBINDIR@|$(SBINDIR)|' scripts/share/systemd/tierwall.service >$(DESTDIR)$(UNITDIR)/tierwall.service

demo:
	$(Q)scripts/setup build demo
	$(Q)$(MAKE) --no-print-directory $(O)/tierwall
	$(Q)scripts/demo

lint:
	$(Q)scripts/setup build lint
	$(Q)$(MAKE) --no-print-directory $(HEADERS_FIRST)
	$(Q)scripts/lint

clean:
	rm -rf $(O)

.PHONY: install demo lint clean
