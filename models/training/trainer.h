#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attention/optim/moving_average.h"
#include "attention/optim/optimiser.h"
#include "attention/optim/schedule.h"
#include "models/trainable_network.h"
#include "models/training/evaluation.h"
#include "models/training/run_folder.h"
#include "vision/batch.h"

namespace fovea {

struct TrainerOptions {
  int64_t epochs = 10;
  uint64_t seed = 0;
  enum class Method { kSgd, kAdamW } method = Method::kSgd;  // SGD with Nesterov's momentum
  Schedule::Kind schedule = Schedule::Kind::kOneCycle;       // kStep: a tenth at 1/2 and 3/4 of the run
  float learning_rate = 0.1f, momentum = 0.9f, weight_decay = 5e-4f;
  double warm_up = 0;  // epochs
  float label_smoothing = 0;
  double clip_norm = 0;                          // 0: no clipping
  double average = 0;                            // decay of the weights' moving average; 0: none is kept
  double checkpoint_minutes = 5;                 // the state is saved so often, or,
  int64_t checkpoint_steps = 0;                  // if not 0, after so many steps
  std::vector<std::string> frozen = {};          // running averages under these names stay as well
  std::map<std::string, std::string> described;  // all that a resumed run must have alike
};

// What is trained, and on what.
struct TrainingTask {
  int64_t steps_per_epoch = 0;
  std::function<Batch(int64_t epoch, int64_t step)> batch;  // the same for the same arguments
  std::function<Tensor(const Tensor& images, const Pass& pass)> logits;
  // How a network of these values does on what is held out; nothing if it was interrupted. Empty: nothing is
  // held out.
  std::function<std::optional<Evaluation>(const std::map<std::string, Tensor>& values)> evaluate;
};

struct StepReport {
  int64_t epoch, epochs, step, steps;  // epochs and steps that are done, and how many there are
  double loss, accuracy;               // of the epoch so far
  int64_t pictures;                    // in this step
};

// What the caller hears of a run, and how it ends it.
struct TrainingEvents {
  std::function<void(const StepReport&)> step = [](const StepReport&) {};
  std::function<void(const EpochMetrics&)> epoch = [](const EpochMetrics&) {};
  std::function<void(const std::string& line)> note = [](const std::string&) {};
  std::function<bool()> interrupted = [] { return false; };
};

// Takes a network through its epochs, in a folder that holds it and the state to go on from. The bits of all
// that depend on the options and the data alone: not on threads, nor on where a run was cut and resumed.
class Trainer {
 public:
  Trainer(TrainableNetwork network, TrainingTask task, TrainerOptions options, const RunFolder& folder,
          TrainingEvents events);
  ~Trainer();

  // False: it was interrupted, and its state is saved. Fails if the loss is not finite, and then the last
  // state that was saved stays.
  bool run();
  const TrainingState& state() const { return state_; }

 private:
  void begin(const std::optional<TrainingState>& stored);
  bool run_epoch();
  bool finish_epoch();
  void step();
  void update(const Batch& batch, float rate);
  void note(const std::vector<PictureFailure>& failures);
  void check_values() const;
  void save();
  void write_outputs() const;
  float rate_of(int64_t step) const;
  std::map<std::string, Tensor> values() const;  // those to keep: averages if there are any
  void lap();
  [[noreturn]] void diverged(const char* what) const;

  TrainableNetwork network_;
  TrainingTask task_;
  TrainerOptions options_;
  const RunFolder& folder_;
  TrainingEvents events_;
  Schedule schedule_;
  TrainingState state_;
  std::unique_ptr<Optimiser> optimiser_;
  std::unique_ptr<MovingAverage> average_;
  std::chrono::steady_clock::time_point mark_, saved_;
};

}  // namespace fovea
