#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/causes.h"
#include "apps/train_settings.h"
#include "apps/training_progress.h"
#include "models/trainable_model.h"

namespace fovea {

// What a verb that trains leaves to TrainRun.
struct TrainVerbInfo {
  const char *train, *use;  // "train classify", "classify"
  std::vector<Measure> measures;
  size_t reported;  // of them, what the last line tells
};

// A word as a shell reads it back.
std::string quoted(const std::string& word);

// What --freeze names of a model, without the word 'backbone': `load` then gives the model whose names that
// stands for. check_frozen() fails on a name that no layer has.
std::vector<std::string> frozen_names(const std::vector<std::string>& asked,
                                      const std::function<TrainableModel()>& load);
void check_frozen(const std::vector<std::string>& frozen, const TrainableModel& model);

// Adds to what a run that is resumed must have alike: the data, by their fingerprint, and the model.
void describe_source(TrainerOptions& options, const TrainableModel& model, const std::string& data,
                     const std::string& preprocessor);

// A run of a training verb, from the folder that it makes to its exit code.
class TrainRun {
 public:
  TrainRun(const TrainSettings& settings, const Arguments& arguments, TrainVerbInfo verb, Console& console);

  void note(const std::string& line) { progress_.note(line); }
  // Pictures that the data name, and that cannot be read: told one by one, and by the exit code. Fails with
  // --on-error fail.
  void tell_unreadable(const std::vector<std::string>& reasons);
  // Fails if a new run would be written over `model`, which is `what` to it.
  void spare(const std::string& model, const char* what) const;
  // Makes the folder, with all that describes the model and the run; fails if it holds another run. `record`
  // is what training.json says beside the command and the options, a
  // JSON object.
  RunFolder open(const TrainerOptions& options, const TrainableModel& model, const std::string& preprocessor,
                 const std::string& record) const;
  int train(const TrainableModel& model, const TrainingTask& task, const TrainerOptions& options,
            RunFolder& folder);

 private:
  TrainingEvents events(const TrainerOptions& options);
  int finish(const Trainer& trainer, bool finished);

  const TrainSettings& settings_;
  TrainVerbInfo verb_;
  std::string command_;
  Console& console_;
  TrainingProgress progress_;
  size_t unreadable_ = 0;  // that were never part of the data
};

// Ends the work at once: 128 and the signal's number.
int interrupted_code();

}  // namespace fovea
