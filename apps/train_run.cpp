#include "apps/train_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "apps/signals.h"
#include "models/trained_config.h"
#include "models/training/fingerprint.h"

namespace fovea {
namespace {

std::string command_line(const char* verb, const Arguments& arguments) {
  std::string line = std::string("fovea ") + verb;
  for (const std::string& word : arguments)
    if (word != "--resume" && word != "--force") line += " " + quoted(word);
  return line;
}

// All there is of a name, up to a dot, that is not a head's.
std::vector<std::string> backbone_of(const TrainableModel& model) {
  std::vector<std::string> names;
  for (const auto& [name, value] : model.store->state()) {
    const bool head = std::any_of(model.heads.begin(), model.heads.end(),
                                  [&](const std::string& h) { return name.starts_with(h + "."); });
    if (!head) names.push_back(name);
  }
  return names;
}

// Fails if the folder holds a run of other options. Returns whether it holds one.
bool expect_alike(const RunFolder& folder, const TrainerOptions& options) {
  const std::optional<TrainingState> state = as(kUsage, [&] { return folder.state(); });
  if (!state) return false;
  const std::string difference = first_difference(state->options, options.described);
  if (!difference.empty())
    fail_with(kUsage, folder.path().string(), ": cannot be resumed: ", difference,
              "; give what the run began with (see its training.json), or start over with --force");
  return true;
}

}  // namespace

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                              "-_./,:=@%+") == std::string::npos)
    return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::vector<std::string> frozen_names(const std::vector<std::string>& asked,
                                      const std::function<TrainableModel()>& load) {
  std::vector<std::string> names = asked;
  if (const auto found = std::find(names.begin(), names.end(), "backbone"); found != names.end()) {
    names.erase(found);
    const std::vector<std::string> backbone = backbone_of(load());
    names.insert(names.end(), backbone.begin(), backbone.end());
  }
  return names;
}

void check_frozen(const std::vector<std::string>& frozen, const TrainableModel& model) {
  std::vector<std::string> names;
  for (const auto& [name, value] : model.store->state())
    for (size_t dot = name.find('.');; dot = name.find('.', dot + 1)) {
      names.push_back(name.substr(0, dot));
      if (dot == std::string::npos) break;
    }
  for (const std::string& prefix : frozen)
    if (std::find(names.begin(), names.end(), prefix) == names.end())
      fail_with(kUsage, "--freeze: the model has no layer '", prefix, "'",
                suggestion(prefix, names, "write 'backbone', or a name such as '" + names.front() + "'"));
}

TrainRun::TrainRun(const TrainSettings& settings, const Arguments& arguments, TrainVerbInfo verb,
                   Console& console)
    : settings_(settings),
      verb_(std::move(verb)),
      command_(command_line(verb_.train, arguments)),
      console_(console),
      progress_(console, verb_.measures, settings.progress, settings.quiet) {}

void describe_source(TrainerOptions& options, const TrainableModel& model, const std::string& data,
                     const std::string& preprocessor) {
  options.described["the data set"] = data;
  Fingerprint config;
  config.add(model.config);
  config.add(preprocessor);
  options.described["the model's config"] = config.text();
}

void TrainRun::spare(const std::string& model, const char* what) const {
  std::error_code error;
  std::filesystem::path folder = model;
  if (std::filesystem::is_regular_file(model, error))
    folder = std::filesystem::absolute(folder).parent_path();
  if (settings_.start() != RunFolder::Start::kResume &&
      std::filesystem::equivalent(folder, settings_.folder, error))
    fail_with(kUsage, settings_.folder, ": is ", what, ", and would be lost; choose another -o");
}

RunFolder TrainRun::open(const TrainerOptions& options, const TrainableModel& model,
                         const std::string& preprocessor, const std::string& record) const {
  spare(settings_.model, "the model to go on from");
  RunFolder folder = as(kUsage, [&] { return RunFolder(settings_.folder, settings_.start()); });
  if (!expect_alike(folder, options) && settings_.resume)
    console_.err << "fovea: " << settings_.folder
                 << ": has nothing to resume; it starts from the beginning\n";
  nlohmann::ordered_json json = {{"command", command_}, {"data", settings_.data}};
  json.update(nlohmann::ordered_json::parse(record));
  json["seed"] = settings_.seed;
  json["options"] = options.described;
  folder.write_text("training.json",
                    json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  folder.write_text("config.json", trained_config(model.config, settings_.dtype));
  folder.write_text("preprocessor_config.json", preprocessor);
  return folder;
}

int TrainRun::train(const TrainableModel& model, const TrainingTask& task, const TrainerOptions& options,
                    RunFolder& folder) {
  return told_by_cause([&] {
    Trainer trainer(model, task, options, folder, events(options));
    progress_.begin();
    const bool finished = trainer.run();
    return finish(trainer, finished);
  });
}

void TrainRun::tell_unreadable(const std::vector<std::string>& reasons) {
  if (settings_.stop_at_failure && !reasons.empty()) fail_with(kInputsFailed, reasons.front());
  for (const std::string& reason : reasons) note(reason);
  unreadable_ = reasons.size();
}

TrainingEvents TrainRun::events(const TrainerOptions& options) {
  return {.step = [this](const StepReport& report) { progress_.step(report); },
          .epoch = [this, epochs = options.epochs](
                       const EpochMetrics& metrics) { progress_.epoch(metrics, epochs); },
          .note = [this](const std::string& line) { progress_.note(line); },
          .interrupted = [] { return received_signal() != 0; }};
}

int TrainRun::finish(const Trainer& trainer, bool finished) {
  progress_.clear();
  const size_t unreadable = unreadable_ + trainer.state().unreadable.size();
  if (!finished && !trainer.state().begun()) {
    console_.err << "fovea: stopped before the first step; nothing was saved\n";
    return interrupted_code();
  }
  if (!finished) {
    console_.err << "fovea: stopped and saved; go on with: " << command_ << " --resume\n";
    return interrupted_code();
  }
  if (unreadable > 0)
    console_.err << "fovea: " << unreadable << (unreadable == 1 ? " picture" : " pictures")
                 << " could not be read and had no part in it\n";
  const EpochMetrics& last = trainer.state().epochs.back();
  console_.out << fmt::format("{}: {} epoch{}", settings_.folder, last.epoch, last.epoch == 1 ? "" : "s");
  if (const double value = last.values.at(verb_.reported); !std::isnan(value))
    console_.out << fmt::format(", held-out {} {:.4f}", verb_.measures.at(verb_.reported).word, value);
  console_.out << fmt::format("; try: fovea {} PICTURE -m {}\n", verb_.use, quoted(settings_.folder));
  return unreadable > 0 ? kInputsFailed : kOk;
}

int interrupted_code() {
  return 128 + received_signal();
}

}  // namespace fovea
