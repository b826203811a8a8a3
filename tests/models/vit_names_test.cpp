#include "models/vit_names.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/test_folder.h"

namespace fovea {
namespace {

// The parameters of google/vit-base-patch16-224 by transformers' names.
std::vector<std::string> base_names() {
  std::ifstream manifest(FOVEA_SOURCE_DIR "/tests/golden/fullsize/vit_base_patch16_224/manifest.tsv");
  std::vector<std::string> names;
  for (std::string line; std::getline(manifest, line);)
    if (line.starts_with("model\t")) names.push_back(line.substr(6, line.find('\t', 6) - 6));
  return names;
}

// Only the names count here.
ParameterMap mapped(const std::vector<std::string>& names, const NameTable& table) {
  const TestFolder folder;
  std::map<std::string, Tensor> tensors;
  for (const std::string& name : names) tensors[name] = Tensor::full({3}, 0);
  save_safetensors(folder / "model.safetensors", tensors);
  return map_names(Checkpoint::open(folder.path()), table.rules());
}

TEST(VitNames, MapTransformersNamesOneToOne) {
  const NameTable table = transformers_vit_names("vit.");
  const std::vector<std::string> names = base_names();
  ASSERT_EQ(names.size(), 200u);
  EXPECT_TRUE(matches(table.rules(), names));
  const ParameterMap map = mapped(names, table);
  EXPECT_EQ(map.size(), 200u);
  for (const auto& [ours, parameter] : map) {
    EXPECT_EQ(stored_name(table.rules(), ours), parameter.origin);
    EXPECT_NE(ours, parameter.origin);
  }
  EXPECT_FALSE(matches(timm_vit_names().rules(), names));
  EXPECT_FALSE(matches(torchvision_vit_names().rules(), names));
}

// transformers looks for these two, each in its class.
TEST(VitNames, TheClassifierIsSavedAsItsClassCallsIt) {
  const NameTable one = transformers_vit_names("deit."), both = transformers_vit_names("deit.", true);
  EXPECT_EQ(stored_name(one.rules(), "head.weight"), "classifier.weight");
  EXPECT_EQ(stored_name(both.rules(), "head.weight"), "cls_classifier.weight");
  EXPECT_EQ(stored_name(both.rules(), "distillation_head.bias"), "distillation_classifier.bias");
  for (const NameTable* names : {&one, &both})
    for (const char* stored : {"classifier.weight", "cls_classifier.weight"})
      EXPECT_TRUE(mapped({stored}, *names).contains("head.weight")) << stored;
}

TEST(VitNames, MapTimmsAndTorchvisionsNames) {
  const ParameterMap timm =
      mapped({"cls_token", "blocks.11.attn.qkv.weight", "head_dist.bias"}, timm_vit_names());
  for (const char* ours :
       {"class_token", "layers.11.attn.q.weight", "layers.11.attn.v.weight", "distillation_head.bias"})
    EXPECT_TRUE(timm.contains(ours)) << ours;
  const ParameterMap torchvision =
      mapped({"encoder.layers.encoder_layer_3.self_attention.in_proj_bias", "heads.head.weight"},
             torchvision_vit_names());
  for (const char* ours : {"layers.3.attn.k.bias", "head.weight"})
    EXPECT_TRUE(torchvision.contains(ours)) << ours;
}

TEST(VitNames, DropWhatAClassifierCarriesAlong) {
  const std::vector<std::string> classifier = {"vit.embeddings.mask_token", "vit.pooler.dense.weight"};
  EXPECT_TRUE(mapped(classifier, transformers_vit_names("vit.")).empty());
  const ParameterMap bare =
      mapped({"embeddings.mask_token", "pooler.dense.weight"}, transformers_vit_names(""));
  EXPECT_EQ(bare.size(), 1u);
  EXPECT_TRUE(bare.contains("pooler.weight"));
}

}  // namespace
}  // namespace fovea
