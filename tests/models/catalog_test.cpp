#include "models/image_network.h"
#include "tests/apps/test_folder.h"
#include "tests/apps/tiny_vit.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

ModelSource described(const std::string& config) {
  return {.folder = "there", .config = ConfigJson("there/config.json", config), .checkpoint = {}, .seed = 1};
}

TEST(Catalog, SaysWhatItDoesNotBuildAndWhatItDoes) {
  const std::pair<std::string, const char*> cases[] = {
      {R"({"architecture": "deit3_base_patch16_224"})", "architecture 'deit3_base_patch16_224' is a variant"},
      {R"({"architecture": "vit_base_patch16_clip_224"})",
       "architecture 'vit_base_patch16_clip_224' is a variant"},
      {R"({"model_type": "swin", "architecture": "vit_base_patch16_224"})", "model_type 'swin'"},
      {R"({"model_type": "s\n\u001bwin"})", "model_type 's??win'"},
      {R"({"architecture": ")" + std::string(1 << 20, 'v') + "\"}", "vvv...' is a variant"},
      {"{}", "neither model_type nor architecture"},
      {R"({"model_type": 7})", "model_type"}};
  for (const auto& [config, words] : cases) {
    const std::string line = refusal_of([&, c = config] { load_image_network(described(c)); });
    EXPECT_TRUE(line.starts_with("there/config.json: ")) << line;
    EXPECT_LT(line.size(), 600u);
    expect_words(line, {words});
  }
  const std::string line =
      refusal_of([] { load_image_network({.folder = "there", .config = {}, .checkpoint = {}}); });
  EXPECT_TRUE(line.starts_with("there: no config.json")) << line;
}

TEST(Catalog, BuildsEachLibrarysModelFromItsConfig) {
  const ImageNetwork vit = load_image_network(described(
      R"({"model_type": "vit", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8,
          "image_size": 16, "patch_size": 8})"));
  EXPECT_EQ(vit.info.library, "transformers");
  const ImageNetwork timm = load_image_network(described(
      R"({"architecture": "deit_tiny_distilled_patch8_16", "num_classes": 3, "model_args": {"depth": 1, "embed_dim": 6}})"));
  EXPECT_EQ(timm.info.library, "timm");
  EXPECT_EQ(timm.logits(Tensor::full({1, 16, 16, 3}, 0), {}).shape(), (Shape{1, 3}));
}

TEST(Catalog, NamesTheFolderWhateverFails) {
  const std::string line =
      refusal_of([] { load_image_network(described(R"({"architecture": "vit_b_16"})")); });
  EXPECT_TRUE(line.starts_with("there: ")) << line;
}

TEST(Catalog, TellsWhatACheckpointLacks) {
  const TestFolder folder;
  const std::string model = write_tiny_vit(folder, "vit");
  auto parameters = tiny_vit_parameters(16, 24, 5);
  parameters.erase("classifier.bias");
  parameters["vit.layernorm.bias"] = made_up({15}, 0, 1);
  parameters["vit.extra\n"] = made_up({15}, 0, 1);
  save_safetensors(model + "/model.safetensors", parameters);
  const Checkpoint checkpoint = Checkpoint::open(model);
  const auto load = [&](const std::string& config) {
    return refusal_of([&] {
      load_image_network(
          {.folder = model, .config = ConfigJson("config.json", config), .checkpoint = checkpoint});
    });
  };
  const std::string sizes = R"("model_type": "vit", "hidden_size": 16, "num_labels": 5, "image_size": 16,
      "intermediate_size": 24, "num_attention_heads": 2, "patch_size": 8, "num_hidden_layers": )";
  expect_words(load("{" + sizes + "1}"),
               {model + ": ", "missing: 'classifier.bias'", "'vit.layernorm.bias' (holds [15]",
                "read by no layer: 'vit.extra?'"});
  expect_words(load("{" + sizes + "1000}"), {"and 15965 more"});
  expect_words(load(R"({"model_type": "vit", "hidden_size": 4096, "num_attention_heads": 64})"),
               {"the rest was not looked at"});
}

}  // namespace
}  // namespace fovea
