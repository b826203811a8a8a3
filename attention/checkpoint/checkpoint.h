#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// The tensors of a saved model by their stored names, read when asked for. A handle: copies share the open
// files. Safe to share between threads.
class Checkpoint {
 public:
  // A folder with model.safetensors, or with model.safetensors.index.json and its shards; or one .safetensors
  // file.
  static Checkpoint open(const std::filesystem::path& path);

  const std::filesystem::path& path() const;
  std::vector<std::string> names() const;  // sorted
  bool has(std::string_view name) const;
  const Shape& shape(std::string_view name) const;
  std::map<std::string, Shape> shapes() const;
  Tensor read(std::string_view name) const;  // float32, a copy of its own
  Tensor read_rows(std::string_view name, int64_t begin,
                   int64_t end) const;  // [begin, end) of the first axis

  int64_t parameter_count() const;  // values in all tensors, buffers such as running means included
  int64_t bytes() const;            // of all tensors, as stored

 private:
  struct State;
  explicit Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace fovea
