# Writes builtin.cpp: the YAML files of rules/ as string literals.
# cmake -DROOT=<rules folder> -DOUTPUT=<file> -P embed.cmake
function(literals variable folder first)
  file(GLOB files "${ROOT}/${folder}/*.yaml")
  list(FILTER files EXCLUDE REGEX "_test\\.yaml$")
  list(SORT files)
  if(first)
    list(REMOVE_ITEM files "${ROOT}/${folder}/${first}")
    list(PREPEND files "${ROOT}/${folder}/${first}")
  endif()
  set(text "")
  foreach(file IN LISTS files)
    file(READ "${file}" content)
    get_filename_component(name "${file}" NAME)
    # `;` and `[` are special in CMake lists only; the content stays one string throughout.
    string(APPEND text "    {\"${folder}/${name}\", R\"octroi_yaml(${content})octroi_yaml\"},\n")
  endforeach()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

literals(catalogue catalogue "")
literals(policies policies "default.yaml")
file(WRITE "${OUTPUT}" "#include \"rules/services/builtin.hpp\"

namespace octroi {
namespace {

constexpr BuiltinFile catalogue[] = {
${catalogue}};

constexpr BuiltinFile policies[] = {
${policies}};

}  // namespace

std::span<const BuiltinFile> builtin_catalogue() { return catalogue; }

std::span<const BuiltinFile> builtin_policies() { return policies; }

}  // namespace octroi
")
