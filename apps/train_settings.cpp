#include "apps/train_settings.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

namespace fovea {
namespace {

using Method = TrainerOptions::Method;
using Kind = Schedule::Kind;

template <class Value>
void settle(std::optional<Value>& value, Value otherwise) {
  if (!value) value = otherwise;
}

const char* name_of(Method method) {
  return method == Method::kSgd ? "sgd" : "adamw";
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

// "N,M" of --rand-augment.
void read_rand_augment(const std::string& text, Augmentation& augmentation) {
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, augmentation.rand_augment);
  auto last = first;
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == ',')
    last = std::from_chars(first.ptr + 1, end, augmentation.magnitude);
  if (last.ptr == first.ptr || last.ec != std::errc() || last.ptr != end)
    fail_with(kUsage, "--rand-augment: '", text, "' is not N,M; write operations and magnitude, as in 2,9");
}

}  // namespace

bool TrainSettings::from_checkpoint() const {
  std::error_code error;
  return std::filesystem::is_directory(model, error);
}

void TrainSettings::take_defaults() {
  const bool checkpoint = from_checkpoint();
  settle(method, checkpoint ? Method::kAdamW : Method::kSgd);
  const bool adam = *method == Method::kAdamW;
  settle(schedule, checkpoint ? Kind::kCosine : Kind::kOneCycle);
  settle(epochs, int64_t{checkpoint ? 10 : 30});
  settle(batch, int64_t{checkpoint ? 32 : 128});
  settle(weight_decay, adam ? 0.05 : 5e-4);
  settle(warm_up, checkpoint ? 0.5 : 0.0);
  settle(label_smoothing, checkpoint ? 0.0 : 0.1);
  settle(clip_norm, checkpoint ? 1.0 : 0.0);
  settle(flip, frozen.empty() ? 0.5 : 0.0);
  if (checkpoint || random_resized_crop > 0) settle(crop_padding, int64_t{0});
  const double gentle = frozen.empty() ? 1 : 10;  // a head alone, or nearly, takes larger steps
  settle(learning_rate, adam ? (checkpoint ? 1e-4 * gentle : 1e-3) : (checkpoint ? 0.01 * gentle : 0.1));
}

std::map<std::string, std::string> TrainSettings::described() const {
  std::string layers;
  for (const std::string& name : frozen) layers += (layers.empty() ? "" : " ") + name;
  return {{"--model", model},
          {"--epochs", fmt::format("{}", *epochs)},
          {"--seed", fmt::format("{}", seed)},
          {"--batch", fmt::format("{}", *batch)},
          {"--optimizer", name_of(*method)},
          {"--lr", fmt::format("{}", *learning_rate)},
          {"--momentum", fmt::format("{}", momentum)},
          {"--weight-decay", fmt::format("{}", *weight_decay)},
          {"--schedule", name_of(*schedule)},
          {"--warm-up", fmt::format("{}", *warm_up)},
          {"--label-smoothing", fmt::format("{}", *label_smoothing)},
          {"--mixup", fmt::format("{}", mixup)},
          {"--cutmix", fmt::format("{}", cutmix)},
          {"--crop-padding", crop_padding ? fmt::format("{}", *crop_padding) : "an eighth of the input"},
          {"--random-resized-crop", fmt::format("{}", random_resized_crop)},
          {"--flip", fmt::format("{}", *flip)},
          {"--colour-jitter", fmt::format("{}", colour_jitter)},
          {"--rand-augment", rand_augment},
          {"--random-erasing", fmt::format("{}", random_erasing)},
          {"--cutout", fmt::format("{}", cutout)},
          {"--clip-norm", fmt::format("{}", *clip_norm)},
          {"--ema", fmt::format("{}", average)},
          {"--freeze", layers},
          {"--holdout", hold_out < 0 ? "" : fmt::format("{}", hold_out)},
          {"--split", split},
          {"--size", size == 0 ? "" : fmt::format("{}", size)},
          {"--on-error", stop_at_failure ? "fail" : "skip"}};
}

TrainerOptions TrainSettings::trainer() const {
  TrainerOptions options;
  options.epochs = *epochs;
  options.seed = seed;
  options.method = *method;
  options.schedule = *schedule;
  options.learning_rate = static_cast<float>(*learning_rate);
  options.momentum = static_cast<float>(momentum);
  options.weight_decay = static_cast<float>(*weight_decay);
  options.warm_up = *warm_up;
  options.label_smoothing = static_cast<float>(*label_smoothing);
  options.clip_norm = *clip_norm;
  options.average = average;
  options.checkpoint_minutes = checkpoint_minutes;
  options.checkpoint_steps = checkpoint_steps;
  return options;
}

Augmentation TrainSettings::augmentation() const {
  Augmentation result;
  result.random_resized_crop = random_resized_crop > 0;
  if (result.random_resized_crop) result.crop_area = {random_resized_crop, 1};
  result.pad = crop_padding.value_or(0);
  result.flip = *flip;
  result.brightness = result.contrast = result.saturation = colour_jitter;
  if (!rand_augment.empty()) read_rand_augment(rand_augment, result);
  result.erase = random_erasing;
  result.cutout = cutout;
  result.mixup = mixup;
  result.cutmix = cutmix;
  return result;
}

RunFolder::Start TrainSettings::start() const {
  if (resume) return RunFolder::Start::kResume;
  return force ? RunFolder::Start::kForce : RunFolder::Start::kNew;
}

}  // namespace fovea
