#pragma once
#include <gtest/gtest.h>

#include "attention/base/isa.h"

namespace fovea {

// Runs body() once with each instruction set that this CPU runs.
template <class Body>
void for_each_isa(const Body& body) {
  for (const std::string& name : runnable_isas()) {
    SCOPED_TRACE("instruction set " + name);
    force_isa(name);
    body();
  }
  force_isa("");
}

}  // namespace fovea
