#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "attention/checkpoint/dtype.h"
#include "models/training/folder_lock.h"
#include "models/training/training_state.h"

namespace fovea {

// The files of a training run. Each appears whole or not at all, and all but the state can be made again from
// it, so that a run may end at any moment.
class RunFolder {
 public:
  enum class Start { kNew, kForce, kResume };
  // Makes the folder. Fails if it holds anything and the run is kNew, or if another run is at it. Nothing is
  // written before this run's first state or model, and until then what kForce is to replace stays whole.
  // kResume starts a run if none was started there, but not over a model, or a config.json, that is no run's.
  RunFolder(std::filesystem::path path, Start start);
  const std::filesystem::path& path() const { return path_; }

  std::optional<TrainingState> state() const;  // none: start from the beginning
  void write(const TrainingState& state);
  void write_text(const char* name, const std::string& text);
  // model.safetensors
  void write_model(const std::map<std::string, Tensor>& stored, Dtype dtype = Dtype::kF32);
  // teacher.safetensors: what a teacher said of the pictures, under a key that tells which, of which.
  void write_teacher(const std::string& key, const Tensor& logits);
  Tensor teacher(const std::string& key) const;  // none, if that was not written, or is damaged
  // metrics.csv, curves.png
  void write_metrics(std::span<const Measure> measures, std::span<const EpochMetrics> epochs);

 private:
  void take_place();

  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
  bool waits_ = false;                          // until there is a state or a model to write
  bool replaces_;                               // it is kForce
  std::map<std::string, std::string> waiting_;  // texts to write then
  std::optional<std::pair<std::string, Tensor>> waiting_teacher_;  // and what a teacher said, with its key
};

// What metrics.csv holds.
std::string metrics_table(std::span<const Measure> measures, std::span<const EpochMetrics> epochs);

}  // namespace fovea
