# The Debian package: `./dev package`. What it holds is what `cmake --install` installs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME octroi)
set(CPACK_PACKAGE_CONTACT "octroi maintainers <octroi@packages.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "egress policy daemon for gateways, by online service")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"octroi recognises which online service (Zoom, Teams, Visio...) each flow
through a gateway belongs to, lets it pass, refuses it or records it, as a
YAML policy says, and counts everything for Prometheus. Packets of decided
flows stay in the kernel.
.
After the installation nothing runs: the shipped policy watches and refuses
nothing, and the administrator starts it.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libcurl and libpcap are loaded by the commands that use them, which dpkg-shlibdeps does not see.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "nftables | iptables, systemd, tzdata, libcurl4 (>= 7.85.0) | libcurl4t64, libpcap0.8 (>= 1.5.1) | libpcap0.8t64")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "kmod")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "conntrack, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/systemd/package/conffiles ${PROJECT_SOURCE_DIR}/systemd/package/postinst
    ${PROJECT_SOURCE_DIR}/systemd/package/prerm ${PROJECT_SOURCE_DIR}/systemd/package/postrm)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
    GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
