#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/encode.h"
#include "apps/exit_code.h"
#include "apps/model_options.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Says what a model folder holds.\n\n"
    "  fovea models show vit\n"
    "  fovea models show vit --json | jq .recipe\n";
constexpr size_t kLabelsShown = 5;

void show_text(const ModelInfo& info, const Recipe& recipe, std::ostream& out) {
  size_t width = std::string("architecture").size();
  for (const auto& [name, value] : info.details) width = std::max(width, name.size());
  const auto line = [&](const std::string& name, const std::string& value) {
    out << name << std::string(width + 2 - name.size(), ' ') << value << "\n";
  };
  line("id", info.id);
  line("architecture", info.architecture);
  line("library", info.library);
  if (!info.licence.empty()) line("licence", info.licence);
  line("parameters", grouped(info.parameters) + " (" + grouped(info.parameters * 4) + " bytes in float32)");
  if (info.embedding > 0) line("embedding", std::to_string(info.embedding));
  for (const auto& [name, value] : info.details) line(name, value);
  std::string labels = grouped(static_cast<int64_t>(info.labels.size()));
  for (size_t i = 0; i < std::min(info.labels.size(), kLabelsShown); ++i)
    labels += (i == 0 ? ": " : "; ") + info.labels[i];
  line("labels", labels + (info.labels.size() > kLabelsShown ? "; ..." : ""));
  std::string name = "recipe";
  for (const std::string& step : describe(recipe)) line(std::exchange(name, ""), step);
}

void show_json(const ModelInfo& info, const Recipe& recipe, std::ostream& out) {
  using Json = nlohmann::ordered_json;
  Json details = Json::object();
  for (const auto& [name, value] : info.details) details[name] = value;
  const Json licence = info.licence.empty() ? Json() : Json(info.licence);
  const Json shown = {{"id", info.id},
                      {"architecture", info.architecture},
                      {"library", info.library},
                      {"licence", licence},
                      {"parameters", info.parameters},
                      {"bytes", info.parameters * 4},
                      {"embedding", info.embedding},
                      {"details", details},
                      {"labels", info.labels},
                      {"recipe", describe(recipe)}};
  out << shown.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace

int models_show_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea models show");
  ModelOptions options;
  bool json = false;
  app.add_option(
         "-m,--model,DIR", options.folder,
         "Folder with config.json and model.safetensors; default: " + options.usual + ", which comes along")
      ->type_name("")
      ->envname("FOVEA_MODEL");
  app.add_flag("--json", json, "All of it, as one JSON object");
  if (!parse_options(app, arguments, console)) return kOk;
  const auto show = [&](const auto& model, int) {
    (json ? show_json : show_text)(model.info(), model.recipe(), console.out);
    return kOk;
  };
  return with_any_model(options, show, show);
}

}  // namespace fovea
