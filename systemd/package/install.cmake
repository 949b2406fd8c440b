# Where the files go. Units, sysusers and the like have one place, whatever the prefix.
install(TARGETS octroi DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(DIRECTORY rules/catalogue rules/policies docs/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/octroi)
install(FILES metrics/prometheus/settings.yml metrics/prometheus/rules.yml metrics/prometheus/alerts.yml
    DESTINATION ${CMAKE_INSTALL_DATADIR}/octroi/prometheus)
install(DIRECTORY metrics/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/octroi)
install(FILES systemd/octroi.service systemd/octroi-firewall.service DESTINATION /lib/systemd/system)
foreach(kind sysusers tmpfiles sysctl modules-load)
  install(FILES systemd/${kind}.conf DESTINATION /usr/lib/${kind}.d RENAME octroi.conf)
endforeach()
install(FILES systemd/package/octroi.bash-completion DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME octroi)
install(FILES systemd/package/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES systemd/package/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME octroi)
install(FILES docs/man/octroi.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/octroi.yaml.5 docs/man/octroi-policy.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
configure_file(systemd/package/changelog.in changelog @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/changelog DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Debian keeps these compressed, without a time in them.
install(CODE "
  foreach(file ${CMAKE_INSTALL_FULL_MANDIR}/man1/octroi.1 ${CMAKE_INSTALL_FULL_MANDIR}/man5/octroi.yaml.5
      ${CMAKE_INSTALL_FULL_MANDIR}/man5/octroi-policy.5 ${CMAKE_INSTALL_FULL_DOCDIR}/changelog
      ${CMAKE_INSTALL_FULL_DOCDIR}/CHANGELOG.md)
    execute_process(COMMAND gzip -9nf \$ENV{DESTDIR}\${file} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()")

# An administrator's files are never overwritten; dpkg treats them as conffiles (systemd/package/conffiles).
set(configuration ${CMAKE_INSTALL_FULL_SYSCONFDIR}/octroi)
install(CODE "
  foreach(pair systemd/octroi.yaml=octroi.yaml rules/policies/default.yaml=policy.yaml)
    string(REPLACE = \\; pair \${pair})
    list(GET pair 0 source)
    list(GET pair 1 name)
    if(NOT EXISTS \$ENV{DESTDIR}${configuration}/\${name})
      file(INSTALL ${PROJECT_SOURCE_DIR}/\${source} DESTINATION ${configuration} RENAME \${name}) # in DESTDIR
    endif()
  endforeach()")
