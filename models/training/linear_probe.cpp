#include "models/training/linear_probe.h"

#include <algorithm>
#include <numeric>

#include "attention/ops/linear.h"
#include "attention/ops/rearrange.h"
#include "models/training/classification_task.h"
#include "models/training/training_error.h"
#include "vision/augment.h"

namespace fovea {
namespace {

using Cause = TrainingError::Cause;

std::map<std::string, Tensor> all_values(const ParameterStore& store) {
  std::map<std::string, Tensor> values;
  for (const auto& [name, value] : store.state()) values[name] = value;
  return values;
}

std::vector<int64_t> shuffled(int64_t count, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Rng rng(Rng(seed).next() ^ (static_cast<uint64_t>(epoch) + 1) * 0x9E6C63D0876A9A47u);
  for (size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[static_cast<size_t>(draw_below(static_cast<int64_t>(i) + 1, rng))]);
  return order;
}

}  // namespace

bool trains_head_alone(const TrainableNetwork& network) {
  const std::vector<Parameter>& trained = network.store->parameters();
  if (trained.size() != 2) return false;
  const std::string head = trained[0].name.substr(0, trained[0].name.rfind('.'));
  const auto& heads = network.heads;
  const bool other = std::any_of(heads.begin(), heads.end(), [&](const std::string& name) {
    const auto& state = network.store->state();
    return name != head && std::any_of(state.begin(), state.end(), [&](const Parameter& parameter) {
             return parameter.name.starts_with(name + ".");
           });
  });
  return !other && std::find(heads.begin(), heads.end(), head) != heads.end() &&
         trained[0].name == head + ".weight" && trained[1].name == head + ".bias" &&
         trained[0].value.shape().rank() == 2 && trained[0].value.dim(1) == network.info.embedding;
}

std::optional<Features> features_of(const TrainableNetwork& network, const ImageFolder& pictures,
                                    const std::vector<int64_t>& indices, const Recipe& recipe,
                                    const BatchOptions& options, const std::function<bool(int64_t)>& step) {
  const ImageNetwork frozen = fitted_network(network, all_values(*network.store), recipe);
  EvaluationBatches batches(pictures, indices, recipe, options);
  Features features;
  Tensor values({static_cast<int64_t>(indices.size()), network.info.embedding});
  float* to = values.mutable_data();
  for (int64_t i = 0; i < batches.steps(); ++i) {
    const Batch batch = blamed_on(Cause::kPictures, [&] { return batches.batch(i); });
    if (!batch.labels.empty()) to = std::ranges::copy(frozen.embed(batch.images, {}).values(), to).out;
    features.labels.insert(features.labels.end(), batch.labels.begin(), batch.labels.end());
    features.failures.insert(features.failures.end(), batch.failures.begin(), batch.failures.end());
    if (!step(static_cast<int64_t>(batch.labels.size() + batch.failures.size()))) return std::nullopt;
  }
  if (features.labels.empty()) return features;
  features.values = Tensor({static_cast<int64_t>(features.labels.size()), network.info.embedding});
  std::copy_n(values.data(), features.values.count(), features.values.mutable_data());
  return features;
}

LinearProbe::LinearProbe(const TrainableNetwork& network, Features train, std::optional<Features> held_out,
                         const BatchOptions& options, float label_smoothing)
    : weight_(network.store->parameters().at(0)),
      bias_(network.store->parameters().at(1)),
      train_(std::move(train)),
      held_out_(std::move(held_out)),
      options_(options),
      label_smoothing_(label_smoothing) {
  if (train_.labels.empty())
    fail_by(Cause::kPictures, "training: not one picture could be read; check the data set");
}

TrainingTask LinearProbe::task() const {
  const auto count = static_cast<int64_t>(train_.labels.size());
  TrainingTask task;
  task.steps_per_epoch = (count + (options_.drop_last ? 0 : options_.batch - 1)) / options_.batch;
  task.measures = classification_measures();
  task.step = [this](int64_t epoch, int64_t step, const Pass&) {
    const auto learn = [this, features = batch(epoch, step)] {
      return classification_step(linear(features.images, weight_.value, bias_.value), features,
                                 label_smoothing_);
    };
    StepResult result = learn();
    result.again = [learn](const Pass&) { return learn().loss; };
    return result;
  };
  if (held_out_)
    task.evaluate = [this](const std::map<std::string, Tensor>& values) {
      return std::optional(held_out_result(evaluate(values)));
    };
  return task;
}

Batch LinearProbe::batch(int64_t epoch, int64_t step) const {
  const std::vector<int64_t> order =
      shuffled(static_cast<int64_t>(train_.labels.size()), options_.seed, epoch);
  const auto first = static_cast<size_t>(step * options_.batch);
  const std::span<const int64_t> rows =
      std::span(order).subspan(first, std::min(static_cast<size_t>(options_.batch), order.size() - first));
  Batch batch;
  batch.places.assign(rows.begin(), rows.end());
  batch.images = take(train_.values, 0, batch.places);
  for (const int64_t row : rows) batch.labels.push_back(train_.labels[static_cast<size_t>(row)]);
  batch.failures = train_.failures;
  return batch;
}

Evaluation LinearProbe::evaluate(const std::map<std::string, Tensor>& values) const {
  Evaluation result(weight_.value.dim(0));
  if (!held_out_->labels.empty())
    result.add(linear(held_out_->values, values.at(weight_.name), values.at(bias_.name)), held_out_->labels);
  result.failures = held_out_->failures;
  return result;
}

}  // namespace fovea
