#include "models/training/trainer.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/checkpoint/safetensors.h"
#include "attention/optim/clip.h"
#include "attention/optim/sharpness_aware.h"
#include "attention/optim/state.h"
#include "attention/tensor/block_pool.h"
#include "models/training/make_optimiser.h"
#include "models/training/training_error.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;
using Cause = TrainingError::Cause;
constexpr size_t kKeptBlocks = size_t{1} << 33;  // the tensors of a large step
constexpr char kModel[] = "model.", kOptimiser[] = "optimiser.", kAverage[] = "average.";

std::map<std::string, Tensor> by_name(const std::vector<Parameter>& parameters) {
  std::map<std::string, Tensor> map;
  for (const auto& [name, value] : parameters) map[name] = value;
  return map;
}

Schedule make_schedule(const TrainerOptions& options, int64_t steps_per_epoch) {
  Schedule schedule{.kind = options.schedule,
                    .peak = options.learning_rate,
                    .steps = options.epochs * steps_per_epoch,
                    .warm_up = std::llround(options.warm_up * static_cast<double>(steps_per_epoch))};
  if (options.warm_up > 0) schedule.warm_up = std::max<int64_t>(schedule.warm_up, 1);  // 0 is one-cycle's own
  schedule.drops = {schedule.steps / 2, schedule.steps * 3 / 4};
  return schedule;
}

// The draws of one step: of a stream of its own, so that a resumed run needs no generator's state.
Rng rng_of(uint64_t seed, int64_t step) {
  Rng seeded(seed);
  return Rng(seeded.next() ^ (static_cast<uint64_t>(step) + 1) * 0xD1B54A32D192ED03u);
}

}  // namespace

void restore_model(const TrainingState& state, const ParameterStore& store) {
  restore(tensors_under(kModel, state.tensors), by_name(store.state()), "training state");
}

Trainer::Trainer(TrainableModel model, TrainingTask task, TrainerOptions options, RunFolder& folder,
                 TrainingEvents events)
    : model_(std::move(model)),
      task_(std::move(task)),
      options_(std::move(options)),
      folder_(folder),
      events_(std::move(events)),
      schedule_(make_schedule(options_, task_.steps_per_epoch)) {
  if (task_.steps_per_epoch < 1) fail_by(Cause::kPictures, "training: there are no pictures to train on");
  if (model_.store->parameters().empty())
    fail_by(Cause::kOptions, "training: every parameter is frozen; leave one out of --freeze");
}

Trainer::~Trainer() = default;

bool Trainer::run() {
  BlockPool::shared().keep_up_to(kKeptBlocks);
  mark_ = saved_ = Clock::now();
  begin(folder_.state());
  if (state_.epoch > 0 && state_.step == 0) write_outputs();  // it may have ended before it wrote them
  while (state_.epoch < options_.epochs)
    if (!run_epoch()) {
      if (state_.begun()) save();  // else what --force is to replace can stay
      return false;
    }
  return true;
}

void Trainer::begin(const std::optional<TrainingState>& stored) {
  const std::vector<Parameter>& all = model_.store->state();
  if (stored) {
    state_ = *stored;
    restore_model(state_, *model_.store);
  } else {
    state_.options = options_.described;
    if (task_.prepare) task_.prepare();
  }
  optimiser_ = make_optimiser(options_, model_.store->parameters(), model_.heads);
  if (options_.average > 0)
    average_ =
        std::make_unique<MovingAverage>(all, MovingAverageConfig{.decay = options_.average, .warm_up = true});
  if (stored) {
    optimiser_->load(tensors_under(kOptimiser, state_.tensors));
    if (average_) average_->load(tensors_under(kAverage, state_.tensors));
  }
  state_.tensors.clear();
}

bool Trainer::run_epoch() {
  using Minutes = std::chrono::duration<double, std::ratio<60>>;
  while (state_.step < task_.steps_per_epoch) {
    if (events_.interrupted()) return false;
    step();
    const int64_t every = options_.checkpoint_steps;
    const bool due = every > 0 ? step_of_run() % every == 0
                               : Minutes(Clock::now() - saved_).count() >= options_.checkpoint_minutes;
    if (due) save();
  }
  return finish_epoch();
}

void Trainer::step() {
  Rng rng = rng_of(options_.seed, step_of_run());
  RunningUpdates running;
  StepResult result = task_.step(state_.epoch, state_.step, pass(rng, running));
  note(result.failures);
  if (result.loss) {
    state_.loss_sum += static_cast<double>(result.loss.data()[0]) * static_cast<double>(result.pictures);
    state_.score_sum += result.score;
    state_.seen += result.pictures;
    update(std::move(result.loss), result.again);
    apply(running);
    if (average_) average_->update();
  }
  ++state_.step;
  lap();
  const auto seen = static_cast<double>(std::max<int64_t>(state_.seen, 1));
  events_.step({.epoch = state_.epoch,
                .epochs = options_.epochs,
                .step = state_.step,
                .steps = task_.steps_per_epoch,
                .loss = state_.loss_sum / seen,
                .score = state_.score_sum / seen,
                .pictures = result.pictures});
}

void Trainer::note(const std::vector<PictureFailure>& failures) {
  for (const auto& [name, reason] : failures)
    if (state_.unreadable.emplace(as_kept(name), reason).second) events_.note(reason);
}

void Trainer::update(Tensor loss, const std::function<Tensor(const Pass&)>& again) {
  Gradients gradients = gradients_of(std::move(loss));
  if (options_.sharpness_radius > 0) {
    Rng rng = rng_of(options_.seed, step_of_run());  // drops the same
    RunningUpdates elsewhere;                        // of weights that are not the model's
    const Ascent nearby(model_.store->parameters(), gradients, options_.sharpness_radius);
    gradients = gradients_of(again(pass(rng, elsewhere)));
  }
  optimiser_->step(gradients, rate_of(step_of_run()));
}

// Clipped, if so asked: an ascent goes by their direction alone.
Gradients Trainer::gradients_of(Tensor loss) const {
  const std::vector<Parameter>& parameters = model_.store->parameters();
  if (!std::isfinite(loss.data()[0])) diverged("the loss is not finite", state_.step);
  Gradients gradients = backward(loss);
  const double norm = options_.clip_norm > 0 ? clip_gradients(gradients, parameters, options_.clip_norm)
                                             : gradient_norm(gradients, parameters);
  if (!std::isfinite(norm)) diverged("the gradients are not finite", state_.step);
  return gradients;
}

bool Trainer::finish_epoch() {
  if (state_.seen == 0)
    fail_by(Cause::kPictures, "training: not one picture of the epoch could be read; check the data set");
  check_values();
  const int64_t done = (state_.epoch + 1) * task_.steps_per_epoch;
  const auto seen = static_cast<double>(state_.seen);
  EpochMetrics metrics{.epoch = state_.epoch + 1,
                       .step = done,
                       .learning_rate = rate_of(done - 1),
                       .values = {state_.loss_sum / seen, state_.score_sum / seen},
                       .images_per_second = seen / std::max(state_.seconds, 1e-9)};
  if (task_.evaluate && (metrics.epoch % options_.evaluate_every == 0 || metrics.epoch == options_.epochs)) {
    const std::optional<HeldOutResult> held_out = evaluated();
    if (!held_out) return false;
    note(held_out->failures);
    metrics.values.insert(metrics.values.end(), held_out->values.begin(), held_out->values.end());
  }
  metrics.values.resize(task_.measures.size(), EpochMetrics::kNone);
  lap();
  metrics.seconds = state_.seconds;
  state_.epochs.push_back(metrics);
  ++state_.epoch;
  state_.step = state_.seen = 0;
  state_.loss_sum = state_.score_sum = state_.seconds = 0;
  save();
  write_outputs();
  events_.epoch(metrics);
  return true;
}

std::optional<HeldOutResult> Trainer::evaluated() const {
  try {
    return task_.evaluate(values());
  } catch (const NotFinite&) {
    diverged("what it says of held-out pictures is not finite", state_.step - 1);
  }
}

void Trainer::check_values() const {
  for (const auto& [name, value] : model_.store->state())
    for (const float v : value.values())
      if (!std::isfinite(v)) diverged("the weights are not finite", state_.step - 1);
}

void Trainer::save() {
  check_values();
  TrainingState whole = state_;
  put_under(kModel, by_name(model_.store->state()), whole.tensors);
  put_under(kOptimiser, optimiser_->state(), whole.tensors);
  if (average_) put_under(kAverage, average_->state(), whole.tensors);
  folder_.write(whole);
  mark_ = saved_ = Clock::now();  // what writing takes is no part of an epoch's seconds
}

void Trainer::write_outputs() {
  try {
    folder_.write_model(model_.stored(values()), options_.dtype);
  } catch (const BeyondDtype& error) {  // the state is saved by now
    fail_by(Cause::kOptions, error.what(), ", with --resume --dtype f32");
  }
  folder_.write_metrics(task_.measures, state_.epochs);
  mark_ = Clock::now();
}

int64_t Trainer::step_of_run() const {
  return state_.epoch * task_.steps_per_epoch + state_.step;
}

Pass Trainer::pass(Rng& rng, RunningUpdates& running) const {
  return {.training = &rng, .running = options_.live_norms ? &running : nullptr};
}

float Trainer::rate_of(int64_t step) const {
  return learning_rate(schedule_, step);
}

std::map<std::string, Tensor> Trainer::values() const {
  return by_name(average_ ? average_->averages() : model_.store->state());
}

void Trainer::lap() {
  const Clock::time_point now = Clock::now();
  state_.seconds += std::chrono::duration<double>(now - mark_).count();
  mark_ = now;
}

void Trainer::diverged(const char* what, int64_t step) const {
  fail_by(Cause::kOptions, "training: ", what, " in epoch ", state_.epoch + 1, ", step ", step + 1,
          ", at learning rate ", rate_of(state_.epoch * task_.steps_per_epoch + step),
          options_.sharpness_radius > 0 ? "; lower --sharpness-aware or --lr"
                                        : "; lower --lr or add --clip-norm");
}

}  // namespace fovea
