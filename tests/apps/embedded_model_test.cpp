#include "apps/embedded_model.h"

#include <gtest/gtest.h>

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

// The last line of its metrics, column "held_out_accuracy".
double promised_accuracy() {
  std::istringstream lines(read_file(kFolder + "/metrics.csv"));
  std::string header, last;
  std::getline(lines, header);
  for (std::string line; std::getline(lines, line);) last = line;
  std::istringstream names(header), values(last);
  std::string name, value;
  while (std::getline(names, name, ',') && std::getline(values, value, ','))
    if (name == "held_out_accuracy") return std::stod(value);
  ADD_FAILURE() << kFolder << "/metrics.csv names no held-out accuracy";
  return 0;
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
  EXPECT_NEAR(report.at("top1").at("accuracy").get<double>(), promised_accuracy(),
              5e-4);  // rounding may turn a few
  std::cout << "the embedded classifier on CIFAR-10's test pictures: " << report.at("top1").dump() << "\n";
}

}  // namespace
}  // namespace fovea
