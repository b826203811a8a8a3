#include "models/pipelines/explainer.h"

#include "attention/base/error.h"
#include "attention/tensor/block_pool.h"
#include "models/build_over_store.h"
#include "models/network_plan.h"
#include "models/pipelines/explainer_state.h"
#include "models/pipelines/model_folder.h"
#include "models/pipelines/recipe_of.h"

namespace fovea {
namespace {

struct Opened {
  ModelSource source;
  std::optional<NetworkPlan> image;
  std::optional<DetectorPlan> detector;

  ExplainedNetwork build(Purpose purpose) const {
    ExplainedNetwork network;
    if (detector)
      network.detection = build_from(*detector, source, purpose);
    else
      network.image = build_from(*image, source, purpose);
    return network;
  }
};

std::shared_ptr<Opened> open(const std::filesystem::path& folder, bool with_weights) {
  auto opened = std::make_shared<Opened>();
  opened->source = open_model_folder(folder, with_weights, 0);
  if (is_detector(opened->source))
    opened->detector = plan_detector(opened->source);
  else
    opened->image = plan_network(opened->source);
  return opened;
}

// Made ready for the recipe's pictures.
ExplainedNetwork fitted(ExplainedNetwork network, const Recipe& recipe) {
  const ModelInfo& info = network.image.info;
  const int64_t height = recipe.height(), width = recipe.width();
  if (network.image.resized && (height != info.input_height || width != info.input_width))
    network.image = network.image.resized(height, width);
  return network;
}

std::shared_ptr<ExplainerState> state_of(const std::shared_ptr<const Opened>& opened) {
  auto state = std::make_shared<ExplainerState>();
  state->network = opened->build(Purpose::kInference);
  BlockPool::shared().release();  // what the weights passed through on their way to be packed
  state->detects = opened->detector.has_value();
  state->info = state->detects ? state->network.detection.info : state->network.image.info;
  const std::filesystem::path& folder = opened->source.folder;
  complete_info(state->info, folder);
  state->recipe = recipe_of(folder, state->info);
  if (state->detects) expect_whole_pictures(state->recipe, folder);
  state->build = [opened, recipe = state->recipe] {
    return fitted(opened->build(Purpose::kExplanation), recipe);
  };
  try {
    state->network = fitted(std::move(state->network), state->recipe);
  } catch (const Error& error) {
    fail(folder.string(), ": its pictures do not suit its network: ", error.what());
  }
  return state;
}

// Of a detector's picture that only its maps' names are asked of: it holds tokens for many queries.
constexpr int64_t kBlankSide = 256;

}  // namespace

Explainer Explainer::load(const std::filesystem::path& folder) {
  return Explainer(state_of(open(folder, true)));
}

// Sizes may be told by the weights alone; they are drawn over the plan that the weights made.
Explainer Explainer::random(const std::filesystem::path& folder, uint64_t seed) {
  std::shared_ptr<Opened> opened;
  try {
    opened = open(folder, true);
  } catch (const Error&) {
    opened = open(folder, false);
  }
  opened->source.checkpoint.reset();
  opened->source.seed = seed;
  return Explainer(state_of(opened));
}

const ModelInfo& Explainer::info() const {
  return state_->info;
}

const Recipe& Explainer::recipe() const {
  return state_->recipe;
}

bool Explainer::detects() const {
  return state_->detects;
}

bool Explainer::scores() const {
  return state_->scores();
}

std::vector<MapKind> Explainer::kinds() const {
  return state_->survey().kinds;
}

MapKind Explainer::usual_kind() const {
  if (state_->survey().kinds.empty())
    fail(info().id, ": the model has nothing to show: no attention, and no class to explain");
  return state_->survey().usual;
}

int Explainer::layers(MapKind kind) const {
  const auto found = state_->survey().layers.find(kind);
  return found == state_->survey().layers.end() ? 0 : found->second;
}

int Explainer::heads(MapKind kind) const {
  const auto found = state_->survey().heads.find(kind);
  return found == state_->survey().heads.end() ? 0 : found->second;
}

TokenLayout ExplainedNetwork::layout(int64_t height, int64_t width) const {
  const auto& made = image.layout ? image.layout : detection.layout;
  return made ? made(height, width) : TokenLayout{};
}

const ExplainedNetwork& ExplainerState::with_gradients() const {
  std::call_once(built, [this] { gradient_network = build(); });
  return gradient_network;
}

void ExplainerState::look(const Taps& taps, const TokenLayout& layout) const {
  std::call_once(surveyed, [&] { known = survey_of(taps, layout, *this); });
}

const Survey& ExplainerState::survey() const {
  std::call_once(surveyed, [this] {
    const int64_t height = detects ? kBlankSide : recipe.height(),
                  width = detects ? kBlankSide : recipe.width();
    const Tensor blank = Tensor::full({1, height, width, 3}, 0);
    Taps taps{.whole = false, .maps = {}, .states = {}};
    const Pass pass{.taps = &taps};
    if (detects)
      network.detection.detect({blank}, pass, nullptr);
    else
      (network.image.logits ? network.image.logits : network.image.embed)(blank, pass);
    known = survey_of(taps, network.layout(height, width), *this);
  });
  return known;
}

std::string ExplainerState::class_name(int64_t id) const {
  const auto at = static_cast<size_t>(id);
  return at < info.labels.size() ? info.labels[at] : std::to_string(id);
}

}  // namespace fovea
