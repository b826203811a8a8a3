#include <cstring>

#include "attention/checkpoint/safetensors.h"
#include "tests/support/golden.h"

namespace fovea {
namespace {

// Values that float32 would round.
template <class Stored>
std::vector<double> read_wide(std::span<const std::byte> bytes) {
  std::vector<Stored> stored(bytes.size() / sizeof(Stored));
  if (!stored.empty()) std::memcpy(stored.data(), bytes.data(), stored.size() * sizeof(Stored));
  return {stored.begin(), stored.end()};
}

std::vector<double> read_values(const Safetensors& file, const std::string& name) {
  const Dtype dtype = file.dtype(name);
  if (dtype == Dtype::kF64) return read_wide<double>(file.bytes(name));
  if (dtype == Dtype::kI64) return read_wide<int64_t>(file.bytes(name));
  if (dtype == Dtype::kI32) return read_wide<int32_t>(file.bytes(name));
  const Tensor tensor = file.read(name);
  return {tensor.values().begin(), tensor.values().end()};
}

std::vector<int64_t> sizes(const Shape& shape) {
  std::vector<int64_t> all;
  for (int axis = 0; axis < shape.rank(); ++axis) all.push_back(shape[axis]);
  return all;
}

}  // namespace

GoldenTensors read_golden_tensors(const std::filesystem::path& path) {
  const Safetensors file(path);
  GoldenTensors tensors;
  for (const std::string& name : file.names()) {
    const std::string dtype(dtype_name(file.dtype(name)));
    tensors[name] = {sizes(file.shape(name)), dtype, read_values(file, name)};
  }
  return tensors;
}

GoldenTensor golden_tensor(const Tensor& tensor) {
  return {sizes(tensor.shape()), "F32", {tensor.values().begin(), tensor.values().end()}};
}

Tensor GoldenTensor::tensor() const {
  Tensor out{Shape(std::span<const int64_t>(shape))};
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

}  // namespace fovea
