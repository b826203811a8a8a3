#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attention/base/atomic_file.h"
#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "attention/checkpoint/safetensors.h"

namespace fovea {
namespace {

std::string header_text(const std::string& file, const std::map<std::string, Tensor>& tensors,
                        const std::map<std::string, std::string>& metadata, Dtype dtype) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor || name == "__metadata__")
      fail(file, ": cannot save ", shown_name(name), ": it is ",
           tensor ? "the format's own name" : "no tensor");
    std::vector<int64_t> sizes;
    for (int axis = 0; axis < tensor.shape().rank(); ++axis) sizes.push_back(tensor.dim(axis));
    const int64_t end = begin + tensor.count() * dtype_size(dtype);
    header[name] = {{"dtype", dtype_name(dtype)}, {"shape", sizes}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  try {
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data are aligned
    return text;
  } catch (const nlohmann::json::exception&) {
    fail(file, ": cannot save it: a name or a metadata text is not UTF-8; rename it");
  }
}

[[noreturn]] void throw_beyond(const std::string& file, const std::string& name, float value, Dtype dtype) {
  std::ostringstream text;
  text << file << ": cannot save " << shown_name(name) << " as " << dtype_name(dtype) << ": " << value
       << " is beyond what it holds; save as F32";
  throw BeyondDtype(text.str());
}

// The tensor's values, some at a time.
void write_values(AtomicFile& file, const std::string& name, const Tensor& tensor, Dtype dtype) {
  if (dtype == Dtype::kF32) return file.write(std::as_bytes(tensor.values()));
  constexpr int64_t kValues = int64_t{1} << 16;
  std::vector<std::byte> stored(static_cast<size_t>(std::min(kValues, tensor.count()) * dtype_size(dtype)));
  std::vector<float> read_back(static_cast<size_t>(std::min(kValues, tensor.count())));
  for (int64_t begin = 0; begin < tensor.count(); begin += kValues) {
    const int64_t count = std::min(kValues, tensor.count() - begin);
    const float* const values = tensor.data() + begin;
    narrow(dtype, values, count, stored.data());
    widen(dtype, stored.data(), count, read_back.data());
    for (int64_t i = 0; i < count; ++i)
      if (std::isinf(read_back[static_cast<size_t>(i)]) && !std::isinf(values[i]))
        throw_beyond(file.path().string(), name, values[i], dtype);
    file.write(std::span(stored).first(static_cast<size_t>(count * dtype_size(dtype))));
  }
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata, Dtype dtype) {
  const std::string header = header_text(path.string(), tensors, metadata, dtype);
  const uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : tensors) write_values(file, name, tensor, dtype);
  file.commit();
}

}  // namespace fovea
