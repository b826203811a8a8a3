#include "models/training/classification_task.h"

namespace fovea {

ClassificationTask::ClassificationTask(TrainableNetwork network, const ClassificationData& data,
                                       const Recipe& recipe, const Augmentation& augmentation,
                                       const BatchOptions& options, std::function<bool()> interrupted)
    : network_(std::move(network)),
      recipe_(recipe),
      interrupted_(std::move(interrupted)),
      train_(data.pictures, data.train, recipe, augmentation, options) {
  if (!data.held_out.empty()) held_out_.emplace(data.held_out_pictures, data.held_out, recipe, options);
}

TrainingTask ClassificationTask::task() {
  TrainingTask task;
  task.steps_per_epoch = train_.steps();
  task.batch = [this](int64_t epoch, int64_t step) { return train_.batch(epoch, step); };
  task.logits = network_.logits;
  if (held_out_)
    task.evaluate = [this](const std::map<std::string, Tensor>& values) { return evaluate_held_out(values); };
  return task;
}

std::optional<Evaluation> ClassificationTask::evaluate_held_out(const std::map<std::string, Tensor>& values) {
  const ImageNetwork network = fitted_network(network_, values, recipe_);
  return evaluate(
      *held_out_, static_cast<int64_t>(network_.info.labels.size()),
      [&](const Tensor& images) { return network.logits(images, {}); },
      [this](int64_t) { return !interrupted_(); });
}

ImageNetwork fitted_network(const TrainableNetwork& network, const std::map<std::string, Tensor>& values,
                            const Recipe& recipe) {
  const ImageNetwork made = network.inference(values);
  const bool own = recipe.height() == made.info.input_height && recipe.width() == made.info.input_width;
  return own ? made : made.resized(recipe.height(), recipe.width());
}

}  // namespace fovea
