#include <nlohmann/json.hpp>

#include "attention/base/error.h"
#include "attention/checkpoint/atomic_file.h"
#include "attention/checkpoint/safetensors.h"
#include "attention/checkpoint/shown_name.h"

namespace fovea {
namespace {

std::string header_text(const std::string& file, const std::map<std::string, Tensor>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor || name == "__metadata__")
      fail(file, ": cannot save ", shown_name(name), ": it is ",
           tensor ? "the format's own name" : "no tensor");
    std::vector<int64_t> sizes;
    for (int axis = 0; axis < tensor.shape().rank(); ++axis) sizes.push_back(tensor.dim(axis));
    const int64_t end = begin + tensor.count() * static_cast<int64_t>(sizeof(float));
    header[name] = {{"dtype", "F32"}, {"shape", sizes}, {"data_offsets", {begin, end}}};
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

}  // namespace

void save_safetensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(path.string(), tensors, metadata);
  const uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : tensors) file.write(std::as_bytes(tensor.values()));
  file.commit();
}

}  // namespace fovea
