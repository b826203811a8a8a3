#include "apps/train_settings.h"

#include <fmt/format.h>

#include <filesystem>

#include "apps/embedded_model.h"

namespace fovea {
namespace {

using Method = TrainerOptions::Method;
using Kind = Schedule::Kind;

const char* name_of(Method method) {
  return method == Method::kSgd ? "sgd" : method == Method::kAdamW ? "adamw" : "muon";
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kCosine:
      return "cosine";
    case Kind::kOneCycle:
      return "one-cycle";
    case Kind::kStep:
      return "step";
    case Kind::kConstant:
      return "constant";
  }
  return "";
}

}  // namespace

std::string shown(double number) {
  return fmt::format("{}", number);
}

void TrainSettings::find_model() {
  if (data.empty()) fail_with(kUsage, "no data given; add --data PATH");
  if (model.empty()) fail_with(kUsage, "no model given; add -m with a checkpoint folder or a config.json");
  if (folder.empty()) fail_with(kUsage, "--output: is empty; name a folder");
  model = model_path(model);
}

bool TrainSettings::from_checkpoint() const {
  std::error_code error;
  return std::filesystem::is_directory(model, error);
}

std::map<std::string, std::string> TrainSettings::described() const {
  return {{"--model", model},
          {"--epochs", fmt::format("{}", *epochs)},
          {"--seed", fmt::format("{}", seed)},
          {"--batch", fmt::format("{}", *batch)},
          {"--optimizer", name_of(*method)},
          {"--lr", shown(*learning_rate)},
          {"--momentum", shown(momentum.value_or(0.9))},
          {"--weight-decay", shown(*weight_decay)},
          {"--schedule", name_of(*schedule)},
          {"--warm-up", shown(*warm_up)},
          {"--clip-norm", shown(*clip_norm)},
          {"--sharpness-aware", sharpness_radius > 0 ? shown(sharpness_radius) : ""},
          {"--ema", shown(*average)},
          {"--freeze", fmt::format("{}", fmt::join(frozen, " "))},
          {"--holdout", hold_out < 0 ? "" : shown(hold_out)},
          {"--on-error", stop_at_failure ? "fail" : "skip"}};
}

void TrainSettings::check_given() const {
  if (momentum && *method == TrainerOptions::Method::kAdamW)
    fail_with(kUsage, "--momentum: adamw has none of that kind; leave it out, or choose --optimizer sgd");
  if (warm_up && *warm_up == 0 && *schedule == Schedule::Kind::kOneCycle)
    fail_with(kUsage, "--warm-up: one-cycle rises before it falls; give more than 0, or leave it out");
}

TrainerOptions TrainSettings::trainer() const {
  TrainerOptions options;
  options.epochs = *epochs;
  options.seed = seed;
  options.method = *method;
  options.schedule = *schedule;
  options.learning_rate = static_cast<float>(*learning_rate);
  options.momentum = static_cast<float>(momentum.value_or(0.9));
  options.weight_decay = static_cast<float>(*weight_decay);
  options.warm_up = *warm_up;
  options.clip_norm = *clip_norm;
  options.sharpness_radius = sharpness_radius;
  options.average = *average;
  options.dtype = dtype;
  options.checkpoint_minutes = checkpoint_minutes;
  options.checkpoint_steps = checkpoint_steps;
  return options;
}

RunFolder::Start TrainSettings::start() const {
  if (resume) return RunFolder::Start::kResume;
  return force ? RunFolder::Start::kForce : RunFolder::Start::kNew;
}

}  // namespace fovea
