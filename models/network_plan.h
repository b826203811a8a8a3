#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attention/checkpoint/name_table.h"
#include "attention/nn/weights.h"
#include "models/image_network.h"

namespace fovea {

// What a family makes of a checkpoint folder before any parameter is read.
struct NetworkPlan {
  ModelInfo info;  // all but the number of parameters
  std::shared_ptr<const NameTable> names;
  // Shapes that the names' inverse cannot know, by stored name (see to_stored()); for a model made from
  // nothing.
  std::map<std::string, Shape> stored_shapes;
  std::vector<std::string> heads;  // our names of what other classes need anew: "head"
  std::vector<std::string> fixed;  // our names of what no training changes
  std::vector<std::string> bound;  // keys of config.json that hold for its own classes alone
  std::function<ImageNetwork(const Weights& w, const ModelInfo& info)> build;  // for either purpose
  // Fits parameters, by our names, to pictures of another size than the config's, if they depend on it.
  // Optional.
  std::function<void(std::map<std::string, Tensor>& ours, int64_t height, int64_t width)> fit;
  // Sets what training does not learn but reads off its pictures, once before the first step. Optional.
  std::function<void(const ParameterStore& store, const Tensor& images)> prepare;
};

bool is_image_network(const ModelSource& source);
// Fails as load_image_network() does.
NetworkPlan plan_network(const ModelSource& source);

// Builds over the store; fails with the parameters that do not fit. The info then has their number.
ImageNetwork build_network(const NetworkPlan& plan, ParameterStore& store, const std::string& file);

}  // namespace fovea
