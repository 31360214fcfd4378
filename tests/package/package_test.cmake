# Installs ctforge into a scratch folder, builds and runs the consumer beside this file against it, and runs the installed
# program. cmake -D BUILD=<build folder> -D SCRATCH=<folder> -D GENERATOR=... -D COMPILER=... -D VERSION=... -P <this file>
cmake_minimum_required(VERSION 3.25)

# run(WHAT COMMAND...): its standard output is left in `out`; any other exit code than 0 ends the test.
function(run what)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${what} ended with ${code}\n${out}\n${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

function(expect text what)
  string(FIND "${out}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${what} should say '${text}', but said:\n${out}")
  endif()
endfunction()

set(prefix "${SCRATCH}/prefix")
file(REMOVE_RECURSE "${SCRATCH}")
run("installing" "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
foreach(file bin/ctforge bin/ctforge-decode include/ctforge/models/nets/unet.h share/ctforge/configs/demo.yaml)
  if(NOT EXISTS "${prefix}/${file}")
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()

run("configuring the consumer" "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${SCRATCH}/consumer" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_PREFIX_PATH=${prefix}" -DCMAKE_BUILD_TYPE=Release)
run("building the consumer" "${CMAKE_COMMAND}" --build "${SCRATCH}/consumer")
run("the consumer" "${CMAKE_COMMAND}" -E env "CTFORGE_DECODER=${prefix}/bin/ctforge-decode"
  "${SCRATCH}/consumer/consumer" "${SCRATCH}/written")
expect("consumer: done" "the consumer")

run("the installed ctforge --version" "${prefix}/bin/ctforge" --version)
expect("ctforge ${VERSION}" "ctforge --version")
# --decode also shows that the installed ctforge finds the ctforge-decode beside it.
run("the installed ctforge inspect" "${prefix}/bin/ctforge" inspect --decode "${SCRATCH}/written")
expect("1 usable, 0 refused" "ctforge inspect")
file(REMOVE_RECURSE "${SCRATCH}")
