# Writes OUTPUT, which tells the revision of the sources in ROOT; leaves it alone where that is the same.
execute_process(COMMAND git -C ${ROOT} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  set(revision unknown)
endif()
set(text "#include \"daemon/version.hpp\"\n\nnamespace octroi {\n\nconst char* revision() {\n    return \"${revision}\";\n}\n\n}  // namespace octroi\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} written)
endif()
if(NOT "${written}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
