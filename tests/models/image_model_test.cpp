#include "models/pipelines/image_model.h"

#include <cmath>
#include <limits>

#include "tests/apps/tiny_vit.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

constexpr const char* kTiny =
    R"("model_type": "vit", "hidden_size": 16, "intermediate_size": 24, "image_size": 16,
    "num_attention_heads": 2, "num_hidden_layers": 1, "patch_size": 8)";

std::string write_config(const TestFolder& folder, const std::string& text) {
  folder.write("model/config.json", text);
  return folder / "model";
}

TEST(ImageModel, KeepsIdAndLicenceWhenResized) {
  const TestFolder folder;
  const std::string model = write_tiny_vit(folder, "a-vit");
  folder.write("a-vit/README.md", "---\r\nlicense: mit\r\n---\r\n");
  const ImageModel own = ImageModel::load(model), larger = own.with_input_size(24, 32);
  folder.write("a-vit/preprocessor_config.json",
               R"({"image_processor_type": "ViTImageProcessor", "size": 32})");
  const ImageModel fitted = ImageModel::load(model + "/");
  const ImageModel dotted = ImageModel::load(model + "/../a-vit/.");
  for (const ImageModel* one : {&own, &larger, &fitted, &dotted}) {
    EXPECT_EQ(one->info().id, "a-vit");
    EXPECT_EQ(one->info().licence, "mit");
    EXPECT_EQ(one->info().input_height, 16);
    EXPECT_EQ(one->info().labels.size(), 5u);
  }
  EXPECT_EQ(larger.recipe().width(), 32);
  EXPECT_EQ(fitted.recipe().height(), 32);
  EXPECT_EQ(larger.logits(Tensor::full({1, 24, 32, 3}, 0.5f)).shape(), (Shape{1, 5}));
  const Tensor picture = made_up({1, 16, 16, 3}, 0, 1);
  const Tensor want = own.logits(picture), got = larger.with_input_size(16, 16).logits(picture);
  for (int64_t i = 0; i < 5; ++i) EXPECT_EQ(got.data()[i], want.data()[i]);
}

TEST(ImageModel, ScoresAreSharesOfOne) {
  const TestFolder folder;
  const ImageModel model = ImageModel::load(write_tiny_vit(folder, "vit"));
  const float logits[] = {0, 500, 1, 500, -500};
  const auto best = model.top_classes(logits, 3);
  ASSERT_EQ(best.size(), 3u);
  EXPECT_EQ(best[0].class_id, 1);
  EXPECT_EQ(best[0].label, "golden retriever");
  EXPECT_EQ(best[1].class_id, 3);
  EXPECT_FLOAT_EQ(best[1].score, 0.5f);
  EXPECT_EQ(best[2].score, 0);
  EXPECT_EQ(model.top_classes(logits, 99).size(), 5u);
  EXPECT_TRUE(model.top_classes(logits, -1).empty());
  for (const float odd : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    const float broken[] = {0, odd, 1, 2, 3};
    expect_words(refusal_of([&] { model.top_classes(broken, 2); }), {"not finite"});
  }
}

TEST(ImageModel, ScoresOfManyLabelsStandAlone) {
  const TestFolder folder;
  const std::string both = std::string("{") + kTiny;
  const float logits[] = {0, 2};
  const auto score = [](double x) { return static_cast<float>(1 / (1 + std::exp(-x))); };
  const auto many = ImageModel::random(
      write_config(folder, both + R"(, "problem_type": "multi_label_classification"})"), 1);
  EXPECT_FLOAT_EQ(many.top_classes(logits, 2)[0].score, score(2));
  EXPECT_FLOAT_EQ(many.top_classes(logits, 2)[1].score, 0.5f);
  const auto one = ImageModel::random(write_config(folder, both + R"(, "num_labels": 1})"), 1);
  EXPECT_FLOAT_EQ(one.top_classes(std::span(logits).last(1), 1)[0].score, score(2));
  const auto single = ImageModel::random(write_config(folder, both + "}"), 1);
  EXPECT_FLOAT_EQ(single.top_classes(logits, 1)[0].score, score(2));  // of two classes, the same
  EXPECT_FLOAT_EQ(single.top_classes(logits, 2)[1].score, score(-2));
}

TEST(ImageModel, ABareModelMayLackItsPooler) {
  const TestFolder folder;
  const std::string config = std::string("{") + kTiny + R"(, "architectures": ["ViTModel"]})";
  const std::string model = write_config(folder, config);
  std::map<std::string, Tensor> parameters;
  for (const auto& [name, value] : tiny_vit_parameters(16, 24, 5))
    if (name.starts_with("vit.")) parameters[name.substr(4)] = value;
  save_safetensors(model + "/model.safetensors", parameters);
  const Tensor picture = made_up({1, 3, 16, 16}, 0, 1);
  EXPECT_FALSE(ImageModel::load(model).run(picture, false).contains("pooler_output"));
  expect_words(refusal_of([&] {
                 ImageModel::load(model).logits(made_up({1, 16, 16, 3}, 0, 1));
               }),
               {"no classifier"});
  parameters["pooler.dense.weight"] = made_up({16, 16}, 0, 1);
  save_safetensors(model + "/model.safetensors", parameters);
  expect_words(refusal_of([&] { ImageModel::load(model); }), {"missing: 'pooler.dense.bias'"});
  parameters["pooler.dense.bias"] = made_up({16}, 0, 1);
  save_safetensors(model + "/model.safetensors", parameters);
  EXPECT_TRUE(ImageModel::load(model).run(picture, false).contains("pooler_output"));
}

TEST(ImageModel, AClassifierMayCarryItsMaskToken) {
  const TestFolder folder;
  const std::string model = write_tiny_vit(folder, "vit");
  auto parameters = tiny_vit_parameters(16, 24, 5);
  const int64_t count = ImageModel::load(model).info().parameters;
  parameters["vit.embeddings.mask_token"] = made_up({1, 1, 16}, 0, 1);
  save_safetensors(model + "/model.safetensors", parameters);
  EXPECT_EQ(ImageModel::load(model).info().parameters, count);
}

TEST(ImageModel, RefusesFoldersThatAreNone) {
  const TestFolder folder;
  const auto load = [&](const std::string& path) { return refusal_of([&] { ImageModel::load(path); }); };
  EXPECT_TRUE(load(folder / "none").starts_with((folder / "none") + ": no such folder"));
  folder.write("file", "x");
  EXPECT_TRUE(load(folder / "file").starts_with((folder / "file") + ": not a folder"));
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_TRUE(load(folder / "loop").starts_with((folder / "loop") + ": Too many levels"));
}

TEST(ImageModel, AnUnreadableConfigIsNotAnAbsentOne) {
  const TestFolder folder;
  const std::string model = write_tiny_vit(folder, "vit"), config = model + "/config.json";
  const auto line = [&] { return refusal_of([&] { ImageModel::load(model); }); };
  folder.write("vit/config.json", "");
  EXPECT_TRUE(line().starts_with(config + ": not valid JSON"));
  std::filesystem::remove(config);
  EXPECT_TRUE(line().starts_with(model + ": no config.json"));
  std::filesystem::create_symlink("config.json", config);
  EXPECT_TRUE(line().starts_with(config + ": Too many levels"));
  std::filesystem::remove(config);
  std::filesystem::create_directory(config);
  EXPECT_TRUE(line().starts_with(config + ": not a file"));
}

TEST(ImageModel, NamesNoFileTwice) {
  const TestFolder folder;
  const std::string model = write_tiny_vit(folder, "vit"), processor = model + "/preprocessor_config.json";
  folder.write("vit/preprocessor_config.json", R"({"image_processor_type": "a\nb"})");
  const std::string line = refusal_of([&] { ImageModel::load(model); });
  EXPECT_TRUE(line.starts_with(processor + ": image processor")) << line;
  EXPECT_EQ(line.find("preprocessor_config.json", processor.size()), std::string::npos) << line;
  folder.write("vit/preprocessor_config.json", R"({"image_processor_type": "ViTImageProcessor", "size": 4})");
  EXPECT_TRUE(refusal_of([&] { ImageModel::load(model); }).starts_with(model + ": "));
}

TEST(ImageModel, RandomHasALimit) {
  const TestFolder folder;
  const std::string model = write_config(
      folder,
      R"({"model_type": "vit", "hidden_size": 65536, "num_attention_heads": 64, "num_hidden_layers": 1000})");
  const std::string line = refusal_of([&] { ImageModel::random(model, 1); });
  EXPECT_TRUE(line.starts_with(model + "/config.json: ")) << line;
  expect_words(line, {"parameters"});
}

}  // namespace
}  // namespace fovea
