#pragma once
#include <map>
#include <string>

#include "attention/optim/optimiser.h"

namespace fovea {

// What a run must keep to go on, by name.
using RunState = std::map<std::string, Tensor>;

RunState copy_of(const RunState& state);  // with values of its own

// Writes the values of `from` into the tensors of `to`. They must have the same names and shapes: else fails
// in one line, which starts with `whose`, and writes nothing.
void restore(const RunState& from, const RunState& to, const char* whose);

// Fails where two groups have a parameter of one name: its state would be kept once and stepped twice.
void expect_each_once(const std::vector<ParameterGroup>& groups, const char* whose);

}  // namespace fovea
