// What every block of the catalog must do.
#include "attention/blocks/catalog.h"

#include <gtest/gtest.h>

#include <set>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/reorder.h"
#include "tests/attention/blocks/block_check.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

BuiltBlock build(const BlockInfo& info, int64_t channels, Purpose purpose) {
  return BuiltBlock([&](const Weights& w) { return make_block(info.name, channels, w); }, purpose);
}

template <class Body>
void for_each_block(const Body& body) {
  ASSERT_FALSE(block_catalog().empty());
  for (const BlockInfo& info : block_catalog()) {
    SCOPED_TRACE(info.name);
    body(info);
  }
}

TEST(BlockCatalog, NamesAreUniqueAndSayWhereTheBlockIsFrom) {
  std::set<std::string> names;
  for (const BlockInfo& info : block_catalog()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(std::string(info.paper).starts_with("arXiv:")) << info.name;
    EXPECT_FALSE(std::string(info.title).empty()) << info.name;
  }
}

TEST(BlockCatalog, AnUnknownNameIsToldTheNearest) {
  ParameterStore store(1, Purpose::kTraining);
  const auto refusal = [&](const char* name) -> std::string {
    try {
      make_block(name, 8, Weights(store));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_TRUE(refusal("cbm").starts_with("block 'cbm' is unknown; did you mean 'cbam'? There are se, "));
  EXPECT_TRUE(refusal("zzzzzzzz").starts_with("block 'zzzzzzzz' is unknown; There are se, "));
  EXPECT_EQ(store.parameter_count(), 0);
}

TEST(BlockCatalog, KeepsTheShapeOfAnyMap) {
  for_each_block([](const BlockInfo& info) {
    for (const int64_t channels : {1, 6, 40}) {
      const BuiltBlock block = build(info, channels, Purpose::kInference);
      for (const Shape& shape :
           {Shape{1, 1, 1, channels}, Shape{2, 5, 3, channels}, Shape{1, 1, 8, channels}})
        EXPECT_EQ(block(random_tensor(shape, 1)).shape(), shape);
      EXPECT_THROW(block(random_tensor({1, 3, 3, channels + 1}, 1)), Error);
      EXPECT_THROW(block(random_tensor({3, channels}, 1)), Error);
    }
  });
}

TEST(BlockCatalog, LooksAtEachPictureOfABatchAlone) {
  for_each_block([](const BlockInfo& info) {
    const BuiltBlock block = build(info, 12, Purpose::kInference);
    const Tensor a = random_tensor({1, 5, 7, 12}, 1), b = random_tensor({1, 5, 7, 12}, 2);
    const Tensor both = block(concat(a, b, 0));
    EXPECT_TRUE(same_bits(slice(both, 0, 0, 1), block(a)));
    EXPECT_TRUE(same_bits(slice(both, 0, 1, 1), block(b)));
    EXPECT_FALSE(same_bits(slice(both, 0, 0, 1), slice(both, 0, 1, 1)));
  });
}

TEST(BlockCatalog, SaysTheSameBuiltForTrainingAndForInference) {
  for_each_block([](const BlockInfo& info) {
    const Tensor x = random_tensor({2, 6, 5, 24}, 1);
    const Tensor y = build(info, 24, Purpose::kTraining)(x);
    EXPECT_LT(worst_difference(build(info, 24, Purpose::kInference)(x), y), 1e-4);
    EXPECT_GT(worst_difference(x, y), 1e-2);  // and it is not the identity
  });
}

TEST(BlockCatalog, HasTheSameBitsForAnyNumberOfThreads) {
  for_each_block([](const BlockInfo& info) {
    Tensor x = random_tensor({2, 17, 13, 24}, 1);
    watch(x);
    const auto results = [&](int threads) {
      std::vector<Tensor> all;
      Threads(threads).run([&] {
        const BuiltBlock block = build(info, 24, Purpose::kTraining);
        all.push_back(block(x));
        const Gradients gradients = backward(to_loss(all[0]));
        all.push_back(gradients[x]);
        for (const Parameter& p : block.store->parameters())
          if (gradients.has(p.value)) all.push_back(gradients[p.value]);
      });
      return all;
    };
    const std::vector<Tensor> one = results(1), four = results(4);
    ASSERT_EQ(one.size(), four.size());
    ASSERT_GT(one.size(), 3u);
    for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], four[i])) << i;
  });
}

TEST(BlockCatalog, HasTheGradientsOfItsInputAndItsParameters) {
  for_each_block([](const BlockInfo& info) {
    const BuiltBlock block = build(info, 4, Purpose::kTraining);
    Tensor x = random_tensor({2, 3, 4, 4}, 5);
    watch(x);
    std::vector<Tensor> leaves = {x};
    for (const Parameter& parameter : block.store->parameters()) leaves.push_back(parameter.value);
    ASSERT_GT(leaves.size(), 2u);
    EXPECT_LT(leaf_gradient_error(leaves, [&] { return block(x); }), 5e-3);
  });
}

TEST(BlockCatalog, HandsOutAMapUnderItsName) {
  for_each_block([](const BlockInfo& info) {
    const BuiltBlock block = build(info, 8, Purpose::kInference);
    const Tensor x = random_tensor({2, 4, 5, 8}, 1);
    Taps taps;
    const Tensor tapped = block(x, {.taps = &taps});
    EXPECT_TRUE(same_bits(tapped, block(x)));
    ASSERT_FALSE(taps.maps.empty());
    for (const AttentionMap& map : taps.maps) {
      EXPECT_TRUE(map.name.starts_with("block")) << map.name;
      EXPECT_EQ(map.weights().shape().rank(), 4) << map.name;
      EXPECT_EQ(map.weights().dim(0), 2) << map.name;
    }
  });
}

}  // namespace
}  // namespace fovea
