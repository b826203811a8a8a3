#include "attention/checkpoint/name_map.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "attention/checkpoint/safetensors.h"
#include "tests/attention/checkpoint/files.h"

namespace fovea {
namespace {

constexpr NameRule kHuggingFaceVit[] = {
    {"vit.embeddings.cls_token", "class_token", Change::kDropLeadingOnes},
    {"vit.embeddings.position_embeddings", "position", Change::kDropLeadingOnes},
    {"vit.embeddings.patch_embeddings.projection.", "patch_embed.", Change::kPatchConvToMatrix},
    {"vit.encoder.layer.*.attention.attention.query.", "layers.*.attn.q."},
    {"vit.encoder.layer.*.attention.attention.key.", "layers.*.attn.k."},
    {"vit.encoder.layer.*.attention.attention.value.", "layers.*.attn.v."},
    {"vit.encoder.layer.*.attention.output.dense.", "layers.*.attn.out."},
    {"vit.encoder.layer.*.intermediate.dense.", "layers.*.mlp.fc1."},
    {"vit.encoder.layer.*.output.dense.", "layers.*.mlp.fc2."},
    {"vit.encoder.layer.*.layernorm_before.", "layers.*.norm1."},
    {"vit.encoder.layer.*.layernorm_after.", "layers.*.norm2."},
    {"vit.layernorm.", "norm."},
    {"vit.pooler.", "", Change::kDrop},
    {"classifier.", "head."},
};

constexpr NameRule kMixed[] = {
    {"blocks.*.attn.q_bias", "layers.*.attn.q.bias"},
    {"blocks.*.attn.qkv.", "layers.*.attn.{q,k,v}.", Change::kSplit3},
    {"stages.*.*.conv.", "stages.*.blocks.*.conv.", Change::kOihwToOhwi},
    {"patch.", "patch_embed.", Change::kPatchConvToMatrix},
    {"pos", "position", Change::kDropLeadingOnes},
    {"cls", "class_token", Change::kDropLeadingOnes},
    {"pooler.", "", Change::kDrop},
    {"head.", "head."},
};

// The names of google/vit-base-patch16-224.
std::vector<std::string> vit_base_names() {
  std::vector<std::string> names{"vit.embeddings.cls_token", "vit.embeddings.position_embeddings"};
  const auto add = [&](const std::string& layer) {
    names.push_back(layer + ".weight");
    names.push_back(layer + ".bias");
  };
  add("vit.embeddings.patch_embeddings.projection");
  for (int i = 0; i < 12; ++i)
    for (const char* layer : {"attention.attention.query", "attention.attention.key",
                              "attention.attention.value", "attention.output.dense", "intermediate.dense",
                              "output.dense", "layernorm_before", "layernorm_after"})
      add("vit.encoder.layer." + std::to_string(i) + "." + layer);
  add("vit.layernorm");
  add("classifier");
  return names;
}

Tensor counting(const Shape& shape) {
  Tensor tensor(shape);
  std::iota(tensor.mutable_data(), tensor.mutable_data() + tensor.count(), 0.0f);
  return tensor;
}

std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

Checkpoint saved(const Folder& folder, const std::map<std::string, Tensor>& tensors) {
  save_safetensors(folder.path() / "model.safetensors", tensors);
  return Checkpoint::open(folder.path());
}

std::map<std::string, Tensor> mixed_tensors() {
  return {{"blocks.11.attn.qkv.weight", counting({6, 2})},
          {"blocks.11.attn.qkv.bias", counting({6})},
          {"stages.1.0.conv.weight", counting({2, 3, 2, 2})},
          {"stages.1.0.conv.bias", counting({2})},
          {"patch.weight", counting({2, 3, 1, 2})},
          {"patch.bias", counting({2})},
          {"pos", counting({1, 5, 2})},
          {"cls", counting({1, 1, 2})},
          {"pooler.weight", counting({1})},
          {"head.weight", counting({4, 2})},
          {"stray", counting({1, 3})}};
}

TEST(NameMap, VitBaseMapsOneToOne) {
  const Folder folder;
  std::map<std::string, Tensor> tensors;
  for (const std::string& name : vit_base_names()) tensors[name] = Tensor::full({1}, 0);
  ASSERT_EQ(tensors.size(), 200u);
  EXPECT_TRUE(matches(kHuggingFaceVit, vit_base_names()));
  EXPECT_FALSE(matches(kMixed, vit_base_names()));

  const ParameterMap map = map_names(saved(folder, tensors), kHuggingFaceVit);
  EXPECT_EQ(map.size(), 200u);
  for (const auto& [ours, parameter] : map) {
    EXPECT_EQ(stored_name(kHuggingFaceVit, ours), parameter.origin);
    EXPECT_NE(ours, parameter.origin);
    tensors.erase(parameter.origin);
  }
  EXPECT_TRUE(tensors.empty());
  EXPECT_EQ(map.at("layers.11.attn.q.bias").origin, "vit.encoder.layer.11.attention.attention.query.bias");
}

TEST(NameMap, EveryChange) {
  const Folder folder;
  const ParameterMap map = map_names(saved(folder, mixed_tensors()), kMixed);
  const std::map<std::string, std::pair<Shape, std::vector<float>>> expected = {
      {"layers.11.attn.q.weight", {{2, 2}, {0, 1, 2, 3}}},
      {"layers.11.attn.k.weight", {{2, 2}, {4, 5, 6, 7}}},
      {"layers.11.attn.v.weight", {{2, 2}, {8, 9, 10, 11}}},
      {"layers.11.attn.q.bias", {{2}, {0, 1}}},
      {"layers.11.attn.k.bias", {{2}, {2, 3}}},
      {"layers.11.attn.v.bias", {{2}, {4, 5}}},
      {"stages.1.blocks.0.conv.weight", {{2, 2, 2, 3}, {0,  4,  8,  1,  5,  9,  2,  6,  10, 3,  7,  11,
                                                        12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23}}},
      {"stages.1.blocks.0.conv.bias", {{2}, {0, 1}}},
      {"patch_embed.weight", {{2, 6}, {0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}}},
      {"patch_embed.bias", {{2}, {0, 1}}},
      {"position", {{5, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
      {"class_token", {{1, 2}, {0, 1}}},
      {"head.weight", {{4, 2}, {0, 1, 2, 3, 4, 5, 6, 7}}},
      {"stray", {{1, 3}, {0, 1, 2}}}};  // no rule covers it
  EXPECT_EQ(map.size(), expected.size());
  for (const auto& [ours, shape_and_values] : expected) {
    ASSERT_TRUE(map.contains(ours)) << ours;
    const StoredParameter& parameter = map.at(ours);
    EXPECT_EQ(parameter.shape, shape_and_values.first) << ours;
    EXPECT_EQ(parameter.read().shape(), shape_and_values.first) << ours;
    EXPECT_EQ(values_of(parameter.read()), shape_and_values.second) << ours;
  }
  EXPECT_EQ(map.at("layers.11.attn.k.bias").origin, "blocks.11.attn.qkv.bias");
  EXPECT_EQ(map.at("stray").origin, "stray");
}

TEST(NameMap, MatchesNeedsARuleForEachName) {
  EXPECT_TRUE(matches(kMixed, {"pos", "pooler.weight", "blocks.0.attn.qkv.bias", "stages.0.1.conv.weight"}));
  EXPECT_FALSE(matches(kMixed, {"pos", "stray"}));
  EXPECT_FALSE(matches(kMixed, {"blocks.x.attn.qkv.bias"}));
}

TEST(NameMap, StoredName) {
  EXPECT_EQ(stored_name(kMixed, "layers.3.attn.v.weight"), "blocks.3.attn.qkv.weight");
  EXPECT_EQ(stored_name(kMixed, "layers.3.attn.q.bias"), "blocks.3.attn.q_bias");  // the first rule that fits
  EXPECT_EQ(stored_name(kMixed, "stages.2.blocks.7.conv.bias"), "stages.2.7.conv.bias");
  EXPECT_EQ(stored_name(kMixed, "neck.weight"), "neck.weight");
}

TEST(NameMap, FailuresNameBothSides) {
  const Folder folder;
  const auto failure = [&](const std::map<std::string, Tensor>& tensors) {
    const Checkpoint checkpoint = saved(folder, tensors);
    return message_of(folder.path(), [&] { (void)map_names(checkpoint, kMixed); });
  };
  const std::string twice = failure({{"pos", counting({2})}, {"position", counting({2})}});
  EXPECT_NE(twice.find("'pos' and 'position' are both our 'position'"), twice.npos) << twice;
  const std::string thirds = failure({{"blocks.0.attn.qkv.weight", counting({4, 2})}});
  EXPECT_NE(thirds.find("'blocks.0.attn.qkv.weight' [4, 2] cannot be cut"), thirds.npos) << thirds;
}

TEST(NameMap, ATwinIsWrittenButNotRead) {
  constexpr NameRule kRules[] = {
      {"head.*.", "heads.*."}, {"inner.head.*.", "heads.*.", Change::kTwin}, {"body.", "body."}};
  const Folder folder;
  const std::map<std::string, Tensor> stored{
      {"body.bias", counting({2})}, {"head.0.bias", counting({3})}, {"inner.head.0.bias", counting({4})}};
  const ParameterMap map = map_names(saved(folder, stored), kRules);
  EXPECT_EQ(map.size(), 2u);
  EXPECT_EQ(map.at("heads.0.bias").shape, Shape{3});
  EXPECT_EQ(stored_name(kRules, "heads.0.bias"), "head.0.bias");
  const auto written = to_stored(kRules, {{"heads.0.bias", counting({3})}, {"body.bias", counting({2})}});
  EXPECT_EQ(written.size(), 3u);
  EXPECT_EQ(values_of(written.at("inner.head.0.bias")), values_of(written.at("head.0.bias")));
}

TEST(NameMap, ParametersOutliveTheirCheckpoint) {
  const Folder folder;
  ParameterMap map;
  {
    const Checkpoint checkpoint = saved(folder, mixed_tensors());
    map = map_names(checkpoint, kMixed);
  }
  std::filesystem::remove(folder.path() / "model.safetensors");
  EXPECT_EQ(map.at("layers.11.attn.v.bias").read().values()[1], 5);
}

class ToStored : public testing::Test {
 protected:
  // Without the rule for q_bias, which would take the split's bias apart on the way back.
  const NameRules rules_ = NameRules(kMixed).subspan(1);
  std::map<std::string, Tensor> stored_ = mixed_tensors(), ours_;

  void SetUp() override {
    const Folder folder;
    for (const auto& [name, parameter] : map_names(saved(folder, stored_), rules_))
      ours_[name] = parameter.read();
    stored_.erase("pooler.weight");  // dropped on reading
  }
  void expect_stored(const std::map<std::string, Tensor>& got) {
    EXPECT_EQ(got.size(), stored_.size());
    for (const auto& [name, tensor] : stored_) {
      ASSERT_TRUE(got.contains(name)) << name;
      EXPECT_EQ(got.at(name).shape(), tensor.shape()) << name;
      EXPECT_EQ(values_of(got.at(name)), values_of(tensor)) << name;
    }
  }
};

TEST_F(ToStored, UndoesEveryChange) {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, tensor] : stored_) shapes[name] = tensor.shape();
  expect_stored(to_stored(rules_, ours_, shapes));
}

TEST_F(ToStored, NeedsOnlyThePatchConvolution) {
  expect_stored(to_stored(rules_, ours_, {{"patch.weight", {2, 3, 1, 2}}}));
}

TEST_F(ToStored, TakesAnotherHeadAndAnotherImageSize) {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, tensor] : stored_) shapes[name] = tensor.shape();
  ours_["head.weight"] = stored_["head.weight"] = counting({9, 2});
  ours_["position"] = counting({7, 2});
  stored_["pos"] = counting({1, 7, 2});
  expect_stored(to_stored(rules_, ours_, shapes));
}

TEST_F(ToStored, SaysWhatItCannotSave) {
  const auto failure = [&](const std::map<std::string, Shape>& shapes) {
    return message_of("saving ", [&] { (void)to_stored(rules_, ours_, shapes); });
  };
  EXPECT_NE(failure({}).find("'patch.weight': the matrix [2, 6]"), std::string::npos);
  EXPECT_NE(failure({{"patch.weight", {2, 3, 2, 2}}}).find("cannot be stored as [2, 3, 2, 2]"),
            std::string::npos);
  ours_.erase("layers.11.attn.k.bias");
  EXPECT_NE(failure({{"patch.weight", {2, 3, 1, 2}}}).find("'blocks.11.attn.qkv.bias'"), std::string::npos);
}

}  // namespace
}  // namespace fovea
