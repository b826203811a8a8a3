#include "models/training/run_folder.h"

#include <array>
#include <charconv>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <system_error>

#include "attention/base/error.h"
#include "attention/checkpoint/atomic_file.h"
#include "attention/checkpoint/safetensors.h"
#include "vision/curves.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
constexpr char kState[] = "training_state.safetensors";
// What a run may leave behind, so that kForce and kResume touch nothing else.
constexpr const char* kFiles[] = {
    kState,        "model.safetensors", "config.json",  "preprocessor_config.json",
    "metrics.csv", "curves.png",        "training.json"};

// What a run that was killed was writing.
void remove_unfinished(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    for (const char* file : kFiles)
      if (name.starts_with(std::string(file) + ".") && name.ends_with(".tmp")) fs::remove(entry, error);
  }
}

// Shortest that reads back the same; empty if there is none.
template <class Number>
std::string field(Number value) {
  if (!std::isfinite(value)) return "";
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

void write_bytes(const fs::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

Curve curve(const char* name, std::span<const EpochMetrics> epochs, double EpochMetrics::*value) {
  Curve result{.name = name, .x = {}, .y = {}};
  for (const EpochMetrics& metrics : epochs) {
    result.x.push_back(static_cast<double>(metrics.epoch));
    result.y.push_back(metrics.*value);
  }
  return result;
}

}  // namespace

RunFolder::RunFolder(fs::path path, Start start) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error || !fs::is_directory(path_, error))
    fail(path_.string(), ": cannot be made a folder (", error.message(), "); choose another with -o");
  if (start == Start::kNew && !fs::is_empty(path_, error))
    fail(path_.string(),
         ": is there already; go on with --resume, start over with --force, or choose another -o");
  if (start == Start::kNew) return;
  remove_unfinished(path_);
  if (start == Start::kForce)
    for (const char* file : kFiles) fs::remove(path_ / file, error);
}

std::optional<TrainingState> RunFolder::state() const {
  if (!fs::exists(path_ / kState)) return std::nullopt;
  return read_training_state(path_ / kState);
}

void RunFolder::write(const TrainingState& state) const {
  save_training_state(path_ / kState, state);
}

void RunFolder::write_text(const char* name, const std::string& text) const {
  write_bytes(path_ / name, std::as_bytes(std::span(text)));
}

void RunFolder::write_model(const std::map<std::string, Tensor>& stored) const {
  save_safetensors(path_ / "model.safetensors", stored, {{"format", "pt"}});
}

void RunFolder::write_metrics(std::span<const EpochMetrics> epochs) const {
  write_text("metrics.csv", metrics_table(epochs));
  using M = EpochMetrics;
  const std::array<Panel, 3> panels = {
      Panel{"loss",
            {curve("training", epochs, &M::train_loss), curve("held out", epochs, &M::held_out_loss)}},
      Panel{
          "accuracy",
          {curve("training", epochs, &M::train_accuracy), curve("held out", epochs, &M::held_out_accuracy)}},
      Panel{"learning rate", {curve("last step's", epochs, &M::learning_rate)}}};
  std::vector<uchar> png;
  if (!cv::imencode(".png", draw_curves(panels, "epoch"), png)) fail("curves.png: cannot be encoded");
  write_bytes(path_ / "curves.png", std::as_bytes(std::span(png)));
}

std::string metrics_table(std::span<const EpochMetrics> epochs) {
  std::string table =
      "epoch,step,learning_rate,train_loss,train_accuracy,held_out_loss,held_out_accuracy,seconds,"
      "images_per_second\n";
  for (const EpochMetrics& m : epochs) {
    table += std::to_string(m.epoch) + "," + std::to_string(m.step) + "," +
             field(static_cast<float>(m.learning_rate));
    for (const double value : {m.train_loss, m.train_accuracy, m.held_out_loss, m.held_out_accuracy,
                               m.seconds, m.images_per_second})
      table += "," + field(value);
    table += "\n";
  }
  return table;
}

}  // namespace fovea
