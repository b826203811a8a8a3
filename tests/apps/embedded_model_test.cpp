#include "apps/embedded_model.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/apps/process.h"

namespace fovea {
namespace {

const std::string kFolder = FOVEA_SOURCE_DIR "/data/foveanet-cifar10";

// A picture that is blue above and grey below.
std::string sky() {
  std::string text = "P3 32 32 255\n";
  for (int i = 0; i < 32 * 32; ++i) text += i < 20 * 32 ? "90 150 230\n" : "120 120 125\n";
  return text;
}

TEST(EmbeddedModel, IsFoundByNameAndIsTheDefault) {
  EXPECT_EQ(embedded_model("foveanet-cifar10"), kFolder);
  EXPECT_EQ(embedded_model("none-such"), "");
  EXPECT_EQ(embedded_model("../foveanet-cifar10"), "");
  const TestFolder folder;
  folder.write("sky.ppm", sky());
  const Outcome bare = shell(folder, "$fovea classify sky.ppm --format csv -k 10");
  ASSERT_EQ(bare.code, 0) << bare.err;
  EXPECT_EQ(std::count(bare.out.begin(), bare.out.end(), '\n'), 11) << bare.out;
  for (const char* label :
       {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"})
    EXPECT_NE(bare.out.find("," + std::string(label) + ","), std::string::npos) << label;
  EXPECT_EQ(shell(folder, "$fovea classify sky.ppm --format csv -k 10 -m foveanet-cifar10").out, bare.out);
  EXPECT_EQ(shell(folder, "$fovea classify sky.ppm --format csv -k 10 -m '" + kFolder + "'").out, bare.out);
}

TEST(EmbeddedModel, IsSmall) {
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) bytes += entry.file_size();
  EXPECT_GT(bytes, 1'000'000u);
  EXPECT_LE(bytes, 8'000'000u);
}

// "... of the 10,000 test pictures (9,121; 95 % interval ..."
int promised_right() {
  const std::string card = read_file(kFolder + "/README.md"), before = "of the 10,000 test pictures (";
  const size_t at = card.find(before);
  int thousands = 0, rest = 0;
  if (at == card.npos || std::sscanf(card.c_str() + at + before.size(), "%d,%d;", &thousands, &rest) != 2)
    ADD_FAILURE() << kFolder << "/README.md does not say how many of them are right";
  return 1000 * thousands + rest;
}

// What its card says of the 10,000 test pictures is what it does on them.
TEST(RealCheckpointEmbedded, ReachesItsAccuracy) {
  const std::string data = FOVEA_SOURCE_DIR "/../shared/datasets/cifar10.tar";
  if (!std::filesystem::exists(data))
    GTEST_SKIP() << data << " is absent; put the reference material beside the repository";
  const TestFolder folder;
  const Outcome outcome =
      shell(folder, "$fovea eval classify --data '" + data + "' --split test --format json --progress none");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(report.at("pictures"), 10000);
  EXPECT_NEAR(report.at("top1").at("right").get<int>(), promised_right(), 5);  // rounding may turn a few
  std::cout << "the embedded classifier on CIFAR-10's test pictures: " << report.at("top1").dump() << "\n";
}

}  // namespace
}  // namespace fovea
