# What `make install` puts where, and takes away again; the archive of the sources; the Debian package.
# tests/package/check holds all of it to its list of files.

# The package is what install puts into a folder, by dpkg-deb: no debhelper, no network.
PACKAGES_DEB := dpkg-dev binutils
PACKAGES_CHECK_PACKAGE := $(PACKAGES_DEB) git lintian man-db systemd

SHARE = $(DESTDIR)$(PREFIX)/share
DATA = $(SHARE)/understudy
DOC = $(SHARE)/doc/understudy
# Where systemd looks as well, for /usr and for /usr/local.
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
SYSUSERS = $(DESTDIR)$(PREFIX)/lib/sysusers.d
INSTALL_PROGRAM ?= install -m 755
INSTALL_DATA ?= install -m 644

SHIPPED := $(sort $(wildcard $(addprefix scenarios/,*.yaml *.yml */*.yaml */*.yml */*.json)))
SHIPPED_UNITS := $(sort $(notdir $(wildcard scenarios/systemd/*.service scenarios/systemd/*.timer)))
SHIPPED_DOCS := README.md LICENSE $(sort $(wildcard docs/*.md docs/*.png))

install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(UNITS) $(SYSUSERS) $(SHARE)/man/man1 $(SHARE)/man/man5 $(DOC) \
	    $(addprefix $(DATA)/,$(sort $(dir $(SHIPPED)))) $(SHARE)/bash-completion/completions \
	    $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(INSTALL_PROGRAM) $(BUILD)/understudy $(DESTDIR)$(PREFIX)/bin/understudy
	$(Q)set -e; for file in $(SHIPPED); do $(INSTALL_DATA) $$file $(DATA)/$$file; done
	$(Q)set -e; for unit in $(SHIPPED_UNITS); do \
	    sed 's|/usr/local/bin/|$(PREFIX)/bin/|' scenarios/systemd/$$unit >$(BUILD)/$$unit; \
	    $(INSTALL_DATA) $(BUILD)/$$unit $(UNITS)/$$unit; done
	$(INSTALL_DATA) scenarios/systemd/understudy.sysusers $(SYSUSERS)/understudy.conf
	$(INSTALL_DATA) $(BUILD)/man/*.1 $(SHARE)/man/man1
	$(INSTALL_DATA) $(BUILD)/man/*.5 $(SHARE)/man/man5
	$(INSTALL_DATA) $(BUILD)/man/understudy.bash $(SHARE)/bash-completion/completions/understudy
	$(INSTALL_DATA) $(BUILD)/man/_understudy $(SHARE)/zsh/site-functions/_understudy
	$(INSTALL_DATA) $(BUILD)/man/understudy.fish $(SHARE)/fish/vendor_completions.d/understudy.fish
	$(INSTALL_DATA) $(SHIPPED_DOCS) $(DOC)

# Also what an earlier version had put into our own folders. /etc/understudy and /var/lib stay.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/understudy $(addprefix $(UNITS)/,$(SHIPPED_UNITS)) \
	    $(SYSUSERS)/understudy.conf $(SHARE)/man/man1/understudy.1 $(SHARE)/man/man1/understudy-*.1 \
	    $(SHARE)/man/man5/understudy.5 \
	    $(SHARE)/bash-completion/completions/understudy $(SHARE)/zsh/site-functions/_understudy \
	    $(SHARE)/fish/vendor_completions.d/understudy.fish
	rm -rf $(DATA) $(DOC)

# The commit alone decides about every byte: its files, its time, its version.
dist: RELEASE = $(firstword $(shell docs/package/version HEAD))
dist:
	$(Q)mkdir -p $(BUILD)
	$(Q)git -c core.abbrev=12 -c core.autocrlf=false -c tar.umask=0022 archive --format=tar \
	    --prefix=understudy-$(RELEASE)/ HEAD >$(BUILD)/dist.tar
	$(Q)gzip -9n <$(BUILD)/dist.tar >$(BUILD)/understudy-$(RELEASE).tar.gz && rm $(BUILD)/dist.tar
	@echo "$(BUILD)/understudy-$(RELEASE).tar.gz"

deb:
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_DEB)
	$(Q)rm -rf $(BUILD)/deb $(BUILD)/understudy_*.deb
	$(Q)umask 022 && $(MAKE) $(PARALLEL) -s install DESTDIR=$(BUILD)/deb PREFIX=/usr
	$(Q)umask 022 && docs/package/deb $(VERSION) $(DATE) $(BUILD)

# Archive, build from it, install, uninstall, package: as a stranger would, in folders of its own. The
# package is put on this machine and taken off it where that is allowed (root, and none is there).
check-package:
	$(Q).ci/install $(PACKAGES_BUILD) $(PACKAGES_CHECK_PACKAGE)
	$(Q)CC='$(CC)' tests/run tests/package/check

# The schema, by a validator that is not ours.
check-schema: all
	$(Q).ci/install python3-jsonschema python3-ruamel.yaml
	$(Q)BUILD=$(BUILD) tests/run tests/package/schema

.PHONY: install uninstall dist deb check-package check-schema
