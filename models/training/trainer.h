#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attention/checkpoint/dtype.h"
#include "attention/optim/moving_average.h"
#include "attention/optim/optimiser.h"
#include "attention/optim/schedule.h"
#include "models/trainable_model.h"
#include "models/training/run_folder.h"
#include "models/training/training_task.h"
#include "vision/batch.h"

namespace fovea {

struct TrainerOptions {
  int64_t epochs = 10;
  uint64_t seed = 0;
  enum class Method { kSgd, kAdamW, kMuon } method = Method::kSgd;  // SGD with Nesterov's momentum
  Schedule::Kind schedule = Schedule::Kind::kOneCycle;  // kStep: a tenth at 1/2 and 3/4 of the run
  float learning_rate = 0.1f, momentum = 0.9f, weight_decay = 5e-4f;
  double warm_up = 0;                            // epochs
  double clip_norm = 0;                          // 0: no clipping
  double sharpness_radius = 0;                   // of the ascent before each step; 0: none
  double average = 0;                            // decay of the weights' moving average; 0: none is kept
  Dtype dtype = Dtype::kF32;                     // what the model's file holds: kF32, kF16 or kBF16
  std::map<std::string, float> rates = {};       // parameters under these names: times the learning rate
  bool live_norms = true;                        // batch norms use their batch; else they are frozen
  int64_t evaluate_every = 1;                    // epochs; the last one is evaluated in any case
  double checkpoint_minutes = 5;                 // the state is saved so often, or,
  int64_t checkpoint_steps = 0;                  // if not 0, after so many steps
  std::map<std::string, std::string> described;  // all that a resumed run must have alike
};

struct StepReport {
  int64_t epoch, epochs, step, steps;  // epochs and steps that are done, and how many there are
  double loss, score;                  // of the epoch so far
  int64_t pictures;                    // in this step
};

// What the caller hears of a run, and how it ends it.
struct TrainingEvents {
  std::function<void(const StepReport&)> step = [](const StepReport&) {};
  std::function<void(const EpochMetrics&)> epoch = [](const EpochMetrics&) {};
  std::function<void(const std::string& line)> note = [](const std::string&) {};
  std::function<bool()> interrupted = [] { return false; };
};

// Gives a model the values that it had when the state was saved.
void restore_model(const TrainingState& state, const ParameterStore& store);

// Takes a model through its epochs, in a folder that holds it and the state to go on from. The bits of all
// that depend on the options and the data alone: not on threads, nor on where a run was cut and resumed.
class Trainer {
 public:
  Trainer(TrainableModel model, TrainingTask task, TrainerOptions options, RunFolder& folder,
          TrainingEvents events);
  ~Trainer();

  // False: it was interrupted, and its state is saved. Fails with a TrainingError if the loss is not finite,
  // and then the last state that was saved stays; and if not one picture of an epoch could be read.
  bool run();
  const TrainingState& state() const { return state_; }

 private:
  void begin(const std::optional<TrainingState>& stored);
  bool run_epoch();
  bool finish_epoch();
  void step();
  void update(Tensor loss, const std::function<Tensor(const Pass&)>& again);
  Gradients gradients_of(Tensor loss) const;
  Pass pass(Rng& rng, RunningUpdates& running) const;
  int64_t step_of_run() const;
  void note(const std::vector<PictureFailure>& failures);
  std::optional<HeldOutResult> evaluated() const;
  void check_values() const;
  void save();
  void write_outputs();
  float rate_of(int64_t step) const;
  std::map<std::string, Tensor> values() const;  // those to keep: averages if there are any
  void lap();
  [[noreturn]] void diverged(const char* what, int64_t step) const;  // 0 is the epoch's first

  TrainableModel model_;
  TrainingTask task_;
  TrainerOptions options_;
  RunFolder& folder_;
  TrainingEvents events_;
  Schedule schedule_;
  TrainingState state_;
  std::unique_ptr<Optimiser> optimiser_;
  std::unique_ptr<MovingAverage> average_;
  std::chrono::steady_clock::time_point mark_, saved_;
};

}  // namespace fovea
