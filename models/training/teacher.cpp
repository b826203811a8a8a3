#include "models/training/teacher.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "attention/base/error.h"
#include "attention/checkpoint/checkpoint.h"
#include "attention/ops/loss.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reduce.h"
#include "models/text_file.h"
#include "models/training/fingerprint.h"
#include "models/training/saved_recipe.h"
#include "models/training/training_error.h"
#include "vision/training_batches.h"

namespace fovea {

Tensor teacher_loss(const Tensor& logits, const Tensor& taught, float temperature) {
  const Tensor ours = log_softmax(scale(logits, 1 / temperature), -1);
  return scale(kl_divergence(ours, taught, Reduction::kBatchMean), temperature * temperature);
}

Teacher::Teacher(const std::filesystem::path& folder, const std::vector<std::string>& classes)
    : folder_(folder), model_(ImageModel::load(folder)) {
  const std::vector<std::string>& labels = model_.info().labels;
  for (const std::string& name : classes) {
    const auto found = std::ranges::find(labels, name);
    if (found == labels.end())
      fail(folder.string(), ": cannot teach, it has no class '", name, "'; train it on these classes first");
    columns_.push_back(found - labels.begin());
  }
}

std::string Teacher::key(const std::string& pictures) const {
  Fingerprint print;
  const Checkpoint weights = Checkpoint::open(folder_);
  for (const std::string& name : weights.names()) {
    const Tensor values = weights.read(name);
    print.add(name);
    print.add(std::string(reinterpret_cast<const char*>(values.data()),
                          static_cast<size_t>(values.count()) * sizeof(float)));
  }
  for (const std::string& label : model_.info().labels) print.add(label);
  print.add(preprocessor_config(model_.recipe()));
  print.add(pictures);
  return print.text();
}

std::string Teacher::config_key() const {
  Fingerprint print;
  const std::string text = read_text(folder_ / "config.json").value_or("{}");
  print.add(nlohmann::json::parse(text, nullptr, false).dump());  // whatever its layout
  return print.text();
}

void Teacher::add_rows(const Batch& batch, Tensor& rows) const {
  const Tensor logits = take(model_.logits(batch.images), 1, columns_);
  if (!std::ranges::all_of(logits.values(), [](float v) { return std::isfinite(v); }))
    throw NotFinite("what it says of a picture is not finite; check its weights");
  const int64_t classes = rows.dim(1);
  for (size_t i = 0; i < batch.places.size(); ++i)
    std::copy_n(logits.data() + static_cast<int64_t>(i) * classes, classes,
                rows.mutable_data() + batch.places[i] * classes);
}

std::optional<Tensor> Teacher::logits(const ClassificationData& data, const BatchOptions& options,
                                      const std::function<bool(int64_t)>& step) const {
  EvaluationBatches batches(data.pictures, data.train, model_.recipe(), options);
  Tensor rows = Tensor::full({std::ssize(data.train), std::ssize(columns_)}, 0);
  for (int64_t i = 0; i < batches.steps(); ++i) {
    const Batch batch = blamed_on(TrainingError::Cause::kPictures, [&] { return batches.batch(i); });
    if (batch.images) add_rows(batch, rows);
    if (!step(static_cast<int64_t>(batch.labels.size() + batch.failures.size()))) return std::nullopt;
  }
  return rows;
}

}  // namespace fovea
