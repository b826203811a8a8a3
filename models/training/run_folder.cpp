#include "models/training/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <system_error>
#include <utility>

#include "attention/base/atomic_file.h"
#include "attention/base/error.h"
#include "attention/checkpoint/safetensors.h"
#include "vision/curves.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
constexpr char kState[] = "training_state.safetensors", kModel[] = "model.safetensors",
               kTeacher[] = "teacher.safetensors", kLogits[] = "logits", kKey[] = "key",
               kRecord[] = "training.json";
// What a run may leave behind, so that kForce and kResume touch nothing else. The state is the last to be
// removed: as long as it is there, the run that it is of can go on and writes the others again.
constexpr const char* kFiles[] = {kModel,        "metrics.csv", "curves.png",
                                  "config.json", kRecord,       "preprocessor_config.json",
                                  kTeacher,      kState};

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

template <class Value>
Curve curve(const char* name, std::span<const EpochMetrics> epochs, const Value& value) {
  Curve result{.name = name, .x = {}, .y = {}};
  for (const EpochMetrics& metrics : epochs) {
    result.x.push_back(static_cast<double>(metrics.epoch));
    result.y.push_back(value(metrics));
  }
  return result;
}

std::vector<Panel> panels_of(std::span<const Measure> measures, std::span<const EpochMetrics> epochs) {
  std::vector<Panel> panels;
  for (size_t i = 0; i < measures.size(); ++i) {
    auto panel = std::find_if(panels.begin(), panels.end(),
                              [&](const Panel& known) { return known.title == measures[i].panel; });
    if (panel == panels.end()) panel = panels.insert(panels.end(), Panel{measures[i].panel, {}});
    panel->curves.push_back(
        curve(measures[i].curve, epochs, [i](const EpochMetrics& m) { return m.values.at(i); }));
  }
  panels.push_back({"learning rate",
                    {curve("last step's", epochs, [](const EpochMetrics& m) { return m.learning_rate; })}});
  return panels;
}

}  // namespace

RunFolder::RunFolder(fs::path path, Start start) : path_(std::move(path)), replaces_(start == Start::kForce) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error || !fs::is_directory(path_, error))
    fail(path_.string(), ": cannot be made a folder (", error.message(), "); choose another with -o");
  if (::access(path_.c_str(), W_OK) != 0)
    fail(path_.string(), ": cannot be written in (", std::generic_category().message(errno),
         "); choose another with -o");
  if (start == Start::kNew && !fs::is_empty(path_, error))
    fail(path_.string(),
         ": is there already; go on with --resume, start over with --force, or choose another -o");
  lock_.emplace(path_);
  const auto has = [&](const char* file) { return fs::exists(path_ / file, error); };
  if (start == Start::kResume && !has(kState)) {
    if (has(kModel) || has("model.safetensors.index.json"))
      fail(path_.string(), ": holds a model, but no ", kState,
           " to go on from; start over with --force, or choose another -o");
    if (has("config.json") && !has(kRecord))
      fail(path_.string(), ": holds a config.json that no run wrote; choose another -o");
  }
  remove_unfinished(path_);
  waits_ = start != Start::kResume;
}

// Wherever this is cut, what is there is never of two runs.
void RunFolder::take_place() {
  if (!std::exchange(waits_, false)) return;
  for (const char* file : kFiles) {
    std::error_code error;
    fs::remove(path_ / file, error);
    if (error)
      fail((path_ / file).string(), ": cannot be removed (", error.message(), "); choose another -o");
  }
  // First what tells that the others are a run's.
  if (const auto record = waiting_.find(kRecord); record != waiting_.end())
    write_text(kRecord, record->second);
  for (const auto& [name, text] : std::exchange(waiting_, {})) write_text(name.c_str(), text);
  if (const auto said = std::exchange(waiting_teacher_, {})) write_teacher(said->first, said->second);
}

std::optional<TrainingState> RunFolder::state() const {
  if (waits_ || !fs::exists(path_ / kState)) return std::nullopt;
  return read_training_state(path_ / kState);
}

void RunFolder::write(const TrainingState& state) {
  take_place();
  save_training_state(path_ / kState, state);
}

void RunFolder::write_text(const char* name, const std::string& text) {
  if (waits_)
    waiting_[name] = text;
  else
    write_file(path_ / name, text);
}

void RunFolder::write_model(const std::map<std::string, Tensor>& stored, Dtype dtype) {
  take_place();
  save_safetensors(path_ / kModel, stored, {{"format", "pt"}}, dtype);
}

void RunFolder::write_teacher(const std::string& key, const Tensor& logits) {
  if (waits_ && replaces_) {  // the run to be replaced may yet be all there is
    waiting_teacher_.emplace(key, logits);
    return;
  }
  take_place();
  save_safetensors(path_ / kTeacher, {{kLogits, logits}}, {{kKey, key}});
}

Tensor RunFolder::teacher(const std::string& key) const {
  if (waits_ || !fs::exists(path_ / kTeacher)) return {};
  try {
    const Safetensors stored(path_ / kTeacher);
    const auto found = stored.metadata().find(kKey);
    return found != stored.metadata().end() && found->second == key ? stored.read(kLogits) : Tensor();
  } catch (const Error&) {
    return {};  // it can be asked again
  }
}

void RunFolder::write_metrics(std::span<const Measure> measures, std::span<const EpochMetrics> epochs) {
  take_place();
  write_text("metrics.csv", metrics_table(measures, epochs));
  std::vector<uchar> png;
  if (!cv::imencode(".png", draw_curves(panels_of(measures, epochs), "epoch"), png))
    fail("curves.png: cannot be encoded");
  write_file(path_ / "curves.png", std::as_bytes(std::span(png)));
}

std::string metrics_table(std::span<const Measure> measures, std::span<const EpochMetrics> epochs) {
  std::string table = "epoch,step,learning_rate";
  for (const Measure& measure : measures) table += std::string(",") + measure.column;
  table += ",seconds,images_per_second\n";
  for (const EpochMetrics& m : epochs) {
    table += std::to_string(m.epoch) + "," + std::to_string(m.step) + "," +
             field(static_cast<float>(m.learning_rate));
    for (const double value : m.values) table += "," + field(value);
    table += "," + field(m.seconds) + "," + field(m.images_per_second) + "\n";
  }
  return table;
}

}  // namespace fovea
