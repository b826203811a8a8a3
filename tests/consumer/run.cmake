# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DGENERATOR=... -DFLAGS=... -P run.cmake
# Installs the build, moves the installed tree, builds tests/consumer against it and compares what the
# consumer and the installed program say of the same picture.
cmake_minimum_required(VERSION 3.25)
set(installed ${WORK}/installed)
set(model ${SOURCE}/tests/golden/hf/vit/vit_a)
file(REMOVE_RECURSE ${WORK})

function(run out)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " line)
    message(FATAL_ERROR "${line}\nended with ${code}:\n${text}")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${installed})

file(GLOB_RECURSE texts ${installed}/*.h ${installed}/*.cmake)
list(LENGTH texts count)
if(count LESS 50)
  message(FATAL_ERROR "only ${count} headers and package files were installed")
endif()
foreach(path ${texts})
  file(READ ${path} content)
  foreach(leak ${SOURCE} ${BUILD} ${WORK})
    string(FIND "${content}" ${leak} at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${path} names ${leak}, which a stranger does not have")
    endif()
  endforeach()
endforeach()

file(COPY ${SOURCE}/tests/consumer/CMakeLists.txt ${SOURCE}/tests/consumer/main.cpp DESTINATION ${WORK}/source)
run(ignored ${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${installed}
            -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS=${FLAGS}")
run(ignored ${CMAKE_COMMAND} --build ${WORK}/build)
run(said ${WORK}/build/consumer ${model})

string(REPEAT "200 90 30\n" 768 pixels)  # the consumer's picture
file(WRITE ${WORK}/same.ppm "P3 32 24 255\n${pixels}")
run(rows ${installed}/bin/fovea classify ${WORK}/same.ppm -m ${model} -k 1 --format csv)
if(NOT rows MATCHES "\n[^,\n]+,1,([^,\n]+),([0-9]+),[^,\n]+$")
  message(FATAL_ERROR "the installed program said: ${rows}")
endif()
if(NOT said STREQUAL "${CMAKE_MATCH_2} ${CMAKE_MATCH_1}")
  message(FATAL_ERROR "the consumer said '${said}', the program:\n${rows}")
endif()
run(rows ${installed}/bin/fovea models show)
if(NOT rows MATCHES "FoveaNetForImageClassification" OR NOT EXISTS ${installed}/share/fovea/models/foveanet-cifar10/config.json)
  message(FATAL_ERROR "the installed program does not find the classifier that comes along: ${rows}")
endif()
message(STATUS "consumer and program agree: ${said}")
