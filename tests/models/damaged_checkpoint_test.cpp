#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "models/pipelines/image_model.h"
#include "tests/apps/tiny_vit.h"

namespace fovea {
namespace {

// Smaller than write_tiny_vit()'s, for there are as many cases as bytes.
std::string write_smallest_vit(const TestFolder& folder) {
  folder.write("vit/config.json", R"({
    "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 4, "num_labels": 2,
    "image_size": 16, "intermediate_size": 4, "num_attention_heads": 1, "num_hidden_layers": 1, "patch_size": 8})");
  save_safetensors(folder / "vit/model.safetensors", tiny_vit_parameters(4, 4, 2));
  return folder / "vit";
}

TEST(DamagedCheckpoint, NoPrefixOfItsFileIsAModel) {
  const TestFolder folder;
  const std::string model = write_smallest_vit(folder), file = model + "/model.safetensors";
  EXPECT_EQ(ImageModel::load(model).info().labels.size(), 2u);
  for (auto size = std::filesystem::file_size(file); size-- > 0;) {
    std::filesystem::resize_file(file, size);
    try {
      ImageModel::load(model);
      FAIL() << "the first " << size << " bytes were taken for a model";
    } catch (const Error& error) {
      const std::string line = error.what();
      ASSERT_TRUE(line.starts_with(file + ": ")) << size << ": " << line;
      ASSERT_EQ(line.find('\n'), std::string::npos) << size << ": " << line;
    }
  }
}

}  // namespace
}  // namespace fovea
