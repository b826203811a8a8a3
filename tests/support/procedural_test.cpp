#include "tests/support/procedural.h"

#include <gtest/gtest.h>

#include <fstream>

#include "attention/base/error.h"
#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

// Expected values computed with the rule's own script (procgen.py of the golden cases).
TEST(Procedural, FollowsTheRule) {
  const TempFolder folder;
  const auto manifest = folder.path() / "manifest.tsv";
  std::ofstream(manifest)
      << "model\ta.weight\t2,2\tF32\t0.5\t0.25\ninput\tx\t\tF32\t0.0\t1.0\nmodel\tn\t\tI64\t0\t1\n";
  const auto model = procedural_tensors(manifest, "model");
  ASSERT_EQ(model.size(), 2u);
  EXPECT_EQ(model.at("a.weight").shape(), (Shape{2, 2}));
  const float expected[] = {0.585265875f, 0.364584714f, 0.701666951f, 0.738639832f};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(model.at("a.weight").data()[i], expected[i]) << i;
  EXPECT_EQ(model.at("n").shape().rank(), 0);
  EXPECT_EQ(model.at("n").data()[0], 0);
  EXPECT_EQ(procedural_tensors(manifest, "input").at("x").data()[0], -0.597583532f);
}

TEST(Procedural, RefusesABrokenManifest) {
  const TempFolder folder;
  const auto manifest = folder.path() / "manifest.tsv";
  EXPECT_THROW(procedural_tensors(manifest, "model"), Error);
  std::ofstream(manifest) << "model\ta\t2\tF32\t0.5\n";
  EXPECT_THROW(procedural_tensors(manifest, "model"), Error);
}

}  // namespace
}  // namespace fovea
