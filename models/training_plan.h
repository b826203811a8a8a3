#pragma once
#include <utility>

#include "models/trainable_model.h"

namespace fovea {

// All that a plan, of classifiers or of detectors, says of a model to be trained, but for the network itself.
// `same`: it has the wanted classes already.
template <class Plan>
void take_plan(TrainableModel& model, const ModelSource& source, const std::shared_ptr<const Plan>& plan,
               FineTuning tuning, bool same) {
  tuning.frozen.insert(tuning.frozen.end(), plan->fixed.begin(), plan->fixed.end());
  if (!same) tuning.fresh.insert(tuning.fresh.end(), plan->heads.begin(), plan->heads.end());
  model.config = source.config->json().dump(2) + "\n";
  model.from_checkpoint = source.checkpoint.has_value();
  model.store = training_store(source, *plan->names, tuning);
  model.heads = plan->heads;
  model.stored = [plan, shapes = source.checkpoint ? source.checkpoint->shapes() : plan->stored_shapes](
                     const std::map<std::string, Tensor>& ours) {
    return to_stored(plan->names->rules(), ours, shapes);
  };
}

}  // namespace fovea
