#include "models/resnet_names.h"

#include <gtest/gtest.h>

#include <set>

#include "attention/checkpoint/safetensors.h"
#include "models/resnet.h"
#include "tests/apps/test_folder.h"

namespace fovea {
namespace {

// Every parameter and buffer of a small model, by our names.
std::map<std::string, Tensor> state_of(const std::vector<int64_t>& stem) {
  ResNetConfig config{.stem = stem, .stages = {{8, 1, 1}, {12, 2}, {16, 1}, {20, 1}}, .classes = 2};
  ParameterStore store(1, Purpose::kTraining);
  const ResNet net(config, Weights(store));
  std::map<std::string, Tensor> state;
  for (const Parameter& p : store.state()) state[p.name] = p.value;
  return state;
}

std::set<std::string> names_of(const auto& map) {
  std::set<std::string> names;
  for (const auto& [name, value] : map) names.insert(name);
  return names;
}

// What is saved by the table's names is read back as ours, with or without the counts of batches.
void expect_round_trip(const NameTable& table, const std::vector<int64_t>& stem,
                       const std::set<std::string>& some) {
  const std::map<std::string, Tensor> state = state_of(stem);
  std::map<std::string, Tensor> stored = to_stored(table.rules(), state);
  EXPECT_EQ(stored.size(), state.size());
  for (const std::string& name : some) EXPECT_TRUE(stored.contains(name)) << name;
  std::map<std::string, Tensor> counted = stored;
  for (const auto& [name, value] : stored)
    if (const size_t at = name.find("running_mean"); at != name.npos)
      counted[name.substr(0, at) + "num_batches_tracked"] = Tensor::full({}, 3);
  const TestFolder folder;
  save_safetensors(folder / "model.safetensors", counted);
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_TRUE(matches(table.rules(), checkpoint.names()));
  const ParameterMap map = map_names(checkpoint, table.rules());
  EXPECT_EQ(names_of(map), names_of(state));
  for (const auto& [name, parameter] : map) EXPECT_EQ(parameter.shape, state.at(name).shape()) << name;
}

TEST(ResNetNames, MapTransformersNamesOneToOne) {
  expect_round_trip(transformers_resnet_names("resnet."), {8},
                    {"resnet.embedder.embedder.convolution.weight",
                     "resnet.encoder.stages.1.layers.1.layer.2.normalization.running_var",
                     "resnet.encoder.stages.3.layers.0.shortcut.convolution.weight", "classifier.1.bias"});
  EXPECT_EQ(stored_name(transformers_resnet_names("").rules(), "stem.0.norm.bias"),
            "embedder.embedder.normalization.bias");
}

TEST(ResNetNames, MapTimmsAndTorchvisionsNamesOneToOne) {
  const std::set<std::string> blocks = {"layer1.0.conv3.weight", "layer2.1.bn2.running_mean", "fc.weight"};
  std::set<std::string> plain = blocks, d = blocks;
  plain.insert({"conv1.weight", "bn1.bias", "layer4.0.downsample.0.weight", "layer4.0.downsample.1.weight"});
  d.insert({"conv1.0.weight", "conv1.4.running_var", "conv1.6.weight", "bn1.bias",
            "layer4.0.downsample.1.weight", "layer4.0.downsample.2.running_mean"});
  expect_round_trip(timm_resnet_names(false), {64}, plain);
  expect_round_trip(torchvision_resnet_names(), {64}, plain);
  expect_round_trip(timm_resnet_names(true), {4, 4, 8}, d);
}

TEST(ResNetNames, AreNotEachOthers) {
  const std::vector<std::string> timm = {"conv1.weight", "layer1.0.conv1.weight"};
  EXPECT_TRUE(matches(torchvision_resnet_names().rules(), timm));
  EXPECT_FALSE(matches(timm_resnet_names(true).rules(), timm));
  EXPECT_FALSE(matches(transformers_resnet_names("resnet.").rules(), timm));
}

}  // namespace
}  // namespace fovea
