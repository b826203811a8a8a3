#include "attention/checkpoint/checkpoint.h"

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "attention/checkpoint/safetensors.h"
#include "attention/checkpoint/shard_index.h"

namespace fovea {
namespace {

bool is_there(const std::filesystem::path& path) {
  std::error_code unreadable;
  return std::filesystem::exists(path, unreadable);
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code unreadable;
  return std::filesystem::is_directory(path, unreadable);
}

[[noreturn]] void fail_without_model(const std::filesystem::path& folder) {
  for (const char* pickle : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (is_there(folder / pickle))
      fail(folder.string(), ": there is ", pickle,
           " but no model.safetensors; convert it to safetensors, for instance with transformers' "
           "save_pretrained(folder, safe_serialization=True)");
  fail(folder.string(),
       ": there is neither model.safetensors nor model.safetensors.index.json; download the model into it");
}

}  // namespace

struct Checkpoint::State {
  std::filesystem::path path;
  std::map<std::string, std::unique_ptr<const Safetensors>> files;  // by file name
  std::map<std::string, const Safetensors*, std::less<>> tensors;   // by stored name

  void add_file(const std::filesystem::path& file) {
    const auto& added = files[file.filename().string()] = std::make_unique<const Safetensors>(file);
    for (const std::string& name : added->names()) tensors[name] = added.get();
  }
  void add_shards(const std::filesystem::path& index);
  const Safetensors& file_of(std::string_view name) const;
};

void Checkpoint::State::add_shards(const std::filesystem::path& index) {
  for (const auto& [name, file] : read_shard_index(index)) {
    std::unique_ptr<const Safetensors>& shard = files[file];
    if (!shard) {
      const auto shard_path = path / file;
      if (!is_there(shard_path))
        fail(shard_path.string(), ": this file of the checkpoint is missing; download it too");
      shard = std::make_unique<const Safetensors>(shard_path);
    }
    if (!shard->has(name))
      fail(shard->path().string(), ": tensor ", shown_name(name), ", which ", index.filename().string(),
           " puts into it, is not there; download both again");
    tensors[name] = shard.get();
  }
}

const Safetensors& Checkpoint::State::file_of(std::string_view name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    fail(path.string(), ": there is no tensor ", shown_name(name), " among its ", tensors.size(),
         "; check that the checkpoint belongs to this model");
  return *found->second;
}

Checkpoint Checkpoint::open(const std::filesystem::path& path) {
  auto state = std::make_shared<State>();
  state->path = path;
  if (!is_folder(path)) {
    if (!is_there(path)) fail(path.string(), ": no such file or folder; check the path and its permissions");
    if (path.extension() != ".safetensors")
      fail(path.string(), ": not a .safetensors file; convert it, or name the checkpoint's folder");
    state->add_file(path);
  } else if (is_there(path / "model.safetensors")) {
    state->add_file(path / "model.safetensors");
  } else if (is_there(path / "model.safetensors.index.json")) {
    state->add_shards(path / "model.safetensors.index.json");
  } else {
    fail_without_model(path);
  }
  return Checkpoint(std::move(state));
}

const std::filesystem::path& Checkpoint::path() const {
  return state_->path;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : state_->tensors) names.push_back(name);
  return names;
}

bool Checkpoint::has(std::string_view name) const {
  return state_->tensors.contains(name);
}

const Shape& Checkpoint::shape(std::string_view name) const {
  return state_->file_of(name).shape(name);
}

std::map<std::string, Shape> Checkpoint::shapes() const {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, file] : state_->tensors) shapes[name] = file->shape(name);
  return shapes;
}

Tensor Checkpoint::read(std::string_view name) const {
  return state_->file_of(name).read(name);
}

Tensor Checkpoint::read_rows(std::string_view name, int64_t begin, int64_t end) const {
  return state_->file_of(name).read_rows(name, begin, end);
}

int64_t Checkpoint::parameter_count() const {
  int64_t count = 0;
  for (const auto& [name, file] : state_->tensors) count += file->shape(name).count();
  return count;
}

int64_t Checkpoint::bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, file] : state_->tensors) bytes += static_cast<int64_t>(file->bytes(name).size());
  return bytes;
}

}  // namespace fovea
