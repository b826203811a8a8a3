#include "models/training/trainer.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/nn/name_prefix.h"
#include "attention/ops/loss.h"
#include "attention/optim/adamw.h"
#include "attention/optim/clip.h"
#include "attention/optim/sgd.h"
#include "attention/optim/state.h"
#include "attention/tensor/block_pool.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kKeptBlocks = size_t{1} << 33;  // the tensors of a large step
constexpr char kModel[] = "model.", kOptimiser[] = "optimiser.", kAverage[] = "average.";

std::map<std::string, Tensor> by_name(const std::vector<Parameter>& parameters) {
  std::map<std::string, Tensor> map;
  for (const auto& [name, value] : parameters) map[name] = value;
  return map;
}

std::unique_ptr<Optimiser> make_optimiser(const TrainerOptions& options,
                                          const std::vector<Parameter>& parameters) {
  std::vector<ParameterGroup> groups = decay_groups(parameters, options.weight_decay);
  if (options.method == TrainerOptions::Method::kAdamW) return std::make_unique<AdamW>(std::move(groups));
  return std::make_unique<Sgd>(std::move(groups),
                               SgdConfig{.momentum = options.momentum, .nesterov = options.momentum > 0});
}

Schedule make_schedule(const TrainerOptions& options, int64_t steps_per_epoch) {
  Schedule schedule{.kind = options.schedule,
                    .peak = options.learning_rate,
                    .steps = options.epochs * steps_per_epoch,
                    .warm_up = std::llround(options.warm_up * static_cast<double>(steps_per_epoch))};
  schedule.drops = {schedule.steps / 2, schedule.steps * 3 / 4};
  return schedule;
}

// The draws of one step: of a stream of its own, so that a resumed run needs no generator's state.
Rng rng_of(uint64_t seed, int64_t step) {
  Rng seeded(seed);
  return Rng(seeded.next() ^ (static_cast<uint64_t>(step) + 1) * 0xD1B54A32D192ED03u);
}

// Without those of frozen layers.
RunningUpdates kept(const RunningUpdates& updates, const std::vector<Parameter>& state,
                    const std::vector<std::string>& frozen) {
  if (frozen.empty()) return updates;
  RunningUpdates result;
  for (const RunningUpdate& running : updates) {
    const auto found = std::find_if(state.begin(), state.end(), [&](const Parameter& parameter) {
      return parameter.value.data() == running.running.data();
    });
    if (found == state.end() || !lies_under(found->name, frozen)) result.push_back(running);
  }
  return result;
}

Tensor loss_of(const Tensor& logits, const Batch& batch, float smoothing) {
  const CrossEntropyOptions options{.smoothing = smoothing};
  return batch.targets ? cross_entropy(logits, batch.targets, options)
                       : cross_entropy(logits, batch.labels, options);
}

// How many rows of logits [B, classes] have their largest at the label.
int64_t count_right(const Tensor& logits, std::span<const int> labels) {
  const auto classes = static_cast<size_t>(logits.dim(1));
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.values().subspan(i * classes, classes);
    right += std::max_element(row.begin(), row.end()) - row.begin() == labels[i];
  }
  return right;
}

}  // namespace

Trainer::Trainer(TrainableNetwork network, TrainingTask task, TrainerOptions options, const RunFolder& folder,
                 TrainingEvents events)
    : network_(std::move(network)),
      task_(std::move(task)),
      options_(std::move(options)),
      folder_(folder),
      events_(std::move(events)),
      schedule_(make_schedule(options_, task_.steps_per_epoch)) {
  if (task_.steps_per_epoch < 1) fail("training: there are no pictures to train on");
  if (network_.store->parameters().empty())
    fail("training: every parameter is frozen; leave one out of --freeze");
}

Trainer::~Trainer() = default;

bool Trainer::run() {
  BlockPool::shared().keep_up_to(kKeptBlocks);
  mark_ = saved_ = Clock::now();
  begin(folder_.state());
  if (state_.epoch > 0) write_outputs();  // the run may have ended before it wrote them
  while (state_.epoch < options_.epochs)
    if (!run_epoch()) {
      save();
      return false;
    }
  return true;
}

void Trainer::begin(const std::optional<TrainingState>& stored) {
  const std::vector<Parameter>& all = network_.store->state();
  if (stored) {
    state_ = *stored;
    restore(tensors_under(kModel, state_.tensors), by_name(all), "training state");
  } else {
    state_.options = options_.described;
    if (network_.prepare) network_.prepare(task_.batch(0, 0).images);
  }
  optimiser_ = make_optimiser(options_, network_.store->parameters());
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
    const bool due = every > 0 ? (state_.epoch * task_.steps_per_epoch + state_.step) % every == 0
                               : Minutes(Clock::now() - saved_).count() >= options_.checkpoint_minutes;
    if (due) save();
  }
  return finish_epoch();
}

void Trainer::step() {
  const int64_t step = state_.epoch * task_.steps_per_epoch + state_.step;
  const Batch batch = task_.batch(state_.epoch, state_.step);
  note(batch.failures);
  if (!batch.labels.empty()) update(batch, rate_of(step));
  ++state_.step;
  lap();
  const auto seen = static_cast<double>(std::max<int64_t>(state_.seen, 1));
  events_.step({.epoch = state_.epoch,
                .epochs = options_.epochs,
                .step = state_.step,
                .steps = task_.steps_per_epoch,
                .loss = state_.loss_sum / seen,
                .accuracy = static_cast<double>(state_.right) / seen,
                .pictures = static_cast<int64_t>(batch.labels.size())});
}

void Trainer::note(const std::vector<PictureFailure>& failures) {
  for (const auto& [name, reason] : failures)
    if (state_.unreadable.emplace(name, reason).second) events_.note(reason);
}

void Trainer::update(const Batch& batch, float rate) {
  const ParameterStore& store = *network_.store;
  Rng rng = rng_of(options_.seed, state_.epoch * task_.steps_per_epoch + state_.step);
  RunningUpdates running;
  const Tensor logits = task_.logits(batch.images, {.training = &rng, .running = &running});
  const Tensor loss = loss_of(logits, batch, options_.label_smoothing);
  if (!std::isfinite(loss.data()[0])) diverged("the loss is not finite");
  Gradients gradients = backward(loss);
  const double norm = options_.clip_norm > 0
                          ? clip_gradients(gradients, store.parameters(), options_.clip_norm)
                          : gradient_norm(gradients, store.parameters());
  if (!std::isfinite(norm)) diverged("the gradients are not finite");
  optimiser_->step(gradients, rate);
  apply(kept(running, store.state(), options_.frozen));
  if (average_) average_->update();
  const auto pictures = static_cast<int64_t>(batch.labels.size());
  state_.loss_sum += static_cast<double>(loss.data()[0]) * static_cast<double>(pictures);
  state_.right += count_right(logits, batch.labels);
  state_.seen += pictures;
}

bool Trainer::finish_epoch() {
  if (state_.seen == 0) fail("training: not one picture of the epoch could be read; check the data set");
  check_values();
  const int64_t done = (state_.epoch + 1) * task_.steps_per_epoch;
  const auto seen = static_cast<double>(state_.seen);
  EpochMetrics metrics{.epoch = state_.epoch + 1,
                       .step = done,
                       .learning_rate = rate_of(done - 1),
                       .train_loss = state_.loss_sum / seen,
                       .train_accuracy = static_cast<double>(state_.right) / seen,
                       .images_per_second = seen / std::max(state_.seconds, 1e-9)};
  if (task_.evaluate) {
    const std::optional<Evaluation> held_out = task_.evaluate(values());
    if (!held_out) return false;
    note(held_out->failures);
    metrics.held_out_loss = held_out->loss();
    metrics.held_out_accuracy = held_out->accuracy();
  }
  lap();
  metrics.seconds = state_.seconds;
  state_.epochs.push_back(metrics);
  ++state_.epoch;
  state_.step = state_.right = state_.seen = 0;
  state_.loss_sum = state_.seconds = 0;
  save();
  write_outputs();
  events_.epoch(metrics);
  return true;
}

void Trainer::check_values() const {
  for (const auto& [name, value] : network_.store->state())
    for (const float v : value.values())
      if (!std::isfinite(v)) diverged("the weights are not finite");
}

void Trainer::save() {
  check_values();
  TrainingState whole = state_;
  put_under(kModel, by_name(network_.store->state()), whole.tensors);
  put_under(kOptimiser, optimiser_->state(), whole.tensors);
  if (average_) put_under(kAverage, average_->state(), whole.tensors);
  folder_.write(whole);
  saved_ = Clock::now();
}

void Trainer::write_outputs() const {
  folder_.write_model(network_.stored(values()));
  folder_.write_metrics(state_.epochs);
}

float Trainer::rate_of(int64_t step) const {
  return learning_rate(schedule_, step);
}

std::map<std::string, Tensor> Trainer::values() const {
  return by_name(average_ ? average_->averages() : network_.store->state());
}

void Trainer::lap() {
  const Clock::time_point now = Clock::now();
  state_.seconds += std::chrono::duration<double>(now - mark_).count();
  mark_ = now;
}

void Trainer::diverged(const char* what) const {
  const int64_t step = state_.epoch * task_.steps_per_epoch + state_.step;
  fail("training: ", what, " in epoch ", state_.epoch + 1, ", step ", state_.step + 1, ", at learning rate ",
       rate_of(step), "; lower --lr or add --clip-norm");
}

}  // namespace fovea
