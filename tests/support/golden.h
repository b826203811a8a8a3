#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// A tensor as a golden case stores it. double holds every value of every type that occurs.
struct GoldenTensor {
  std::vector<int64_t> shape;
  std::string dtype;  // "F32", "F16", "BF16", "F64", "I64", "I32", "U8", "BOOL", ...
  std::vector<double> values;

  Tensor tensor() const;  // float32; a scalar keeps its rank of 0
};
using GoldenTensors = std::map<std::string, GoldenTensor>;

GoldenTensors read_golden_tensors(const std::filesystem::path& file);
GoldenTensor golden_tensor(const Tensor& tensor);

// A folder with meta.json: what a reference implementation was given, and what it answered.
struct GoldenCase {
  std::filesystem::path folder;
  nlohmann::json meta;

  std::string text(const std::string& key) const;  // empty if meta lacks it or says null
  GoldenTensors inputs() const;                    // input.safetensors
  GoldenTensors expected() const;                  // expected.safetensors
  GoldenTensors parameters() const;                // model.safetensors; none without that file
};
GoldenCase load_golden(const std::filesystem::path& folder);

struct Tolerance {
  double atol = 0, rtol = 0;  // |got - expected| <= atol + rtol * |expected|
};
Tolerance golden_tolerance(const GoldenCase& golden, const std::string& output);

// One line naming the worst element, or empty if all are within `tolerance`. NaN is within none.
std::string golden_difference(const std::string& name, const GoldenTensor& got, const GoldenTensor& expected,
                              Tolerance tolerance);

// What a comparison treats in another way than meta.json says, by output.
struct GoldenRules {
  std::set<std::string> exact = {};    // equal to the last bit, instead of within a tolerance
  std::set<std::string> ignored = {};  // not compared; the cotangents, which are inputs, never are
};

// Fails with all differences in one line. Every other expected output and alias must have been computed.
// "name@everyN" is every Nth value of "name".
void expect_golden(const GoldenCase& golden, const GoldenTensors& got, const GoldenRules& rules = {});
void expect_golden(const GoldenCase& golden, const std::map<std::string, Tensor>& got);

}  // namespace fovea
