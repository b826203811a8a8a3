#include "models/saved_size.h"

namespace fovea {

std::string config_at_size(const std::string& config, const std::string& library, int64_t height,
                           int64_t width, bool built) {
  nlohmann::json json = nlohmann::json::parse(config);
  const nlohmann::json sides = height == width ? nlohmann::json(height) : nlohmann::json{height, width};
  if (library != "timm") {
    if (built || json.contains("image_size")) json["image_size"] = sides;
    return json.dump(2) + "\n";
  }
  nlohmann::json& pretrained = json.contains("pretrained_cfg") ? json["pretrained_cfg"] : json;
  if (pretrained.contains("input_size")) {
    pretrained["input_size"][1] = height;
    pretrained["input_size"][2] = width;
  }
  if (built) json["model_args"]["img_size"] = sides;
  return json.dump(2) + "\n";
}

void save_at_size(TrainableNetwork& network, int64_t height, int64_t width) {
  if (height == network.info.input_height && width == network.info.input_width) return;
  network.config =
      config_at_size(network.config, network.info.library, height, width, network.fit != nullptr);
  if (!network.fit) return;
  network.stored = [stored = network.stored, fit = network.fit, height,
                    width](std::map<std::string, Tensor> ours) {
    fit(ours, height, width);
    return stored(ours);
  };
}

}  // namespace fovea
