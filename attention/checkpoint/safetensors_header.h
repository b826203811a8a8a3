#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "attention/checkpoint/dtype.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// What the JSON at the head of a .safetensors file says.
struct SafetensorsHeader {
  struct Entry {
    Dtype dtype = Dtype::kF32;
    Shape shape;
    uint64_t begin = 0, end = 0;  // bytes, from the first after the header
  };
  std::map<std::string, Entry, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
};

// Fails unless `json` is a header as the format document wants it, and its tensors fill `data_size` bytes
// without a hole or an overlap. `file` is for messages. https://github.com/huggingface/safetensors#format
SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_size,
                                           const std::string& file);

}  // namespace fovea
