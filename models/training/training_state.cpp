#include "models/training/training_state.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "attention/base/error.h"
#include "attention/checkpoint/safetensors.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;
constexpr char kKey[] = "training", kFormat[] = "fovea.training/1";

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

double number(const Json& value) {
  return value.is_null() ? EpochMetrics::kNone : value.get<double>();
}

Json to_json(const EpochMetrics& m) {
  Json json = {m.epoch, m.step, m.learning_rate};
  for (const double value : m.values) json.push_back(number(value));
  json.push_back(m.seconds);
  json.push_back(m.images_per_second);
  return json;
}

EpochMetrics metrics_of(const Json& json) {
  EpochMetrics m{.epoch = json.at(0), .step = json.at(1), .learning_rate = json.at(2), .values = {}};
  const size_t end = json.size() - 2;
  for (size_t i = 3; i < end; ++i) m.values.push_back(number(json[i]));
  m.seconds = json.at(end);
  m.images_per_second = json.at(end + 1);
  return m;
}

std::string text_of(const TrainingState& state) {
  Json epochs = Json::array();
  for (const EpochMetrics& metrics : state.epochs) epochs.push_back(to_json(metrics));
  return Json{{"format", kFormat},
              {"options", state.options},
              {"epoch", state.epoch},
              {"step", state.step},
              {"loss_sum", number(state.loss_sum)},
              {"right", state.score_sum},
              {"seen", state.seen},
              {"seconds", state.seconds},
              {"epochs", epochs},
              {"unreadable", state.unreadable}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

TrainingState parsed(const std::string& text) {
  const Json json = Json::parse(text);
  if (json.at("format") != kFormat) fail("its format is another one");
  TrainingState state;
  state.options = json.at("options").get<std::map<std::string, std::string>>();
  state.epoch = json.at("epoch");
  state.step = json.at("step");
  state.loss_sum = number(json.at("loss_sum"));
  state.score_sum = json.at("right");
  state.seen = json.at("seen");
  state.seconds = json.at("seconds");
  for (const Json& metrics : json.at("epochs")) state.epochs.push_back(metrics_of(metrics));
  state.unreadable = json.at("unreadable").get<std::map<std::string, std::string>>();
  return state;
}

Safetensors open_state(const std::filesystem::path& file) {
  try {
    return Safetensors(file);
  } catch (const Error&) {
    fail(file.string(), ": is damaged, so that nothing can go on from it; start anew with --force");
  }
}

}  // namespace

void save_training_state(const std::filesystem::path& file, const TrainingState& state) {
  save_safetensors(file, state.tensors, {{kKey, text_of(state)}});
}

TrainingState read_training_state(const std::filesystem::path& file) {
  const Safetensors stored = open_state(file);
  const auto found = stored.metadata().find(kKey);
  if (found == stored.metadata().end())
    fail(file.string(), ": is not the state of a training run; start anew with --force");
  TrainingState state;
  try {
    state = parsed(found->second);
  } catch (const std::exception&) {
    fail(file.string(), ": its record of the run cannot be read; start anew with --force");
  }
  for (const std::string& name : stored.names()) state.tensors[name] = stored.read(name);
  return state;
}

std::map<std::string, Tensor> tensors_under(const std::string& prefix,
                                            const std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> found;
  for (const auto& [name, value] : tensors)
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = value;
  return found;
}

void put_under(const std::string& prefix, const std::map<std::string, Tensor>& from,
               std::map<std::string, Tensor>& to) {
  for (const auto& [name, value] : from) to[prefix + name] = value;
}

std::string as_kept(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

std::string first_difference(const std::map<std::string, std::string>& was,
                             const std::map<std::string, std::string>& is) {
  const auto shown = [](const auto& options, const std::string& name) {
    const auto found = options.find(name);
    return found == options.end() || found->second.empty() ? std::string("not given")
                                                           : as_kept(found->second);
  };
  std::map<std::string, std::string> all = was;
  all.insert(is.begin(), is.end());
  for (const auto& [name, value] : all) {
    const bool source = name.starts_with("the ");
    if (source && !was.contains(name)) continue;  // runs once began without noting it
    if (shown(was, name) != shown(is, name))
      return source ? name + " has changed"
                    : name + " was " + shown(was, name) + " and is " + shown(is, name);
  }
  return "";
}

}  // namespace fovea
