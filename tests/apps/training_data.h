#pragma once
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "attention/base/rng.h"
#include "tests/apps/process.h"
#include "tests/apps/tiny_vit.h"

namespace fovea {

// A picture of one colour with some noise.
inline std::string colour_ppm(const std::array<int, 3>& colour, uint64_t seed) {
  std::string bytes = "P6\n16 16\n255\n";
  Rng rng(seed);
  for (int i = 0; i < 16 * 16 * 3; ++i)
    bytes += static_cast<char>(colour[static_cast<size_t>(i % 3)] + static_cast<int>(rng.next() % 41) - 20);
  return bytes;
}

// "data/train" and "data/test" with three classes that are easy to tell apart; "vit/config.json".
class TrainingData : public testing::Test {
 protected:
  TrainingData() {
    write_tiny_vit(folder, "vit");
    write_split("train", 12);
    write_split("test", 4);
  }
  void write_split(const std::string& split, int each) const {
    const std::map<std::string, std::array<int, 3>> classes = {
        {"blue", {30, 30, 200}}, {"green", {30, 200, 30}}, {"red", {200, 30, 30}}};
    uint64_t seed = split.size();
    for (const auto& [name, colour] : classes)
      for (int i = 0; i < each; ++i)
        folder.write("data/" + split + "/" + name + "/" + std::to_string(i) + ".ppm",
                     colour_ppm(colour, ++seed));
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }
  Outcome train(const std::string& options) const { return run(kTrain + options); }
  std::string text(const std::string& name) const { return read_file(folder / name); }
  // All but the timing columns.
  std::string metrics(const std::string& name) const {
    return run("cut -d, -f1-7 " + name + "/metrics.csv").out;
  }

  const std::string kTrain = "$fovea train classify --data data -m vit/config.json --batch 8 ";
  TestFolder folder;
};

// The lines of a table but its first; what is empty is no number.
inline std::vector<std::vector<double>> numbers_of(const std::string& table) {
  std::vector<std::vector<double>> rows;
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');)
      rows.back().push_back(field.empty() ? NAN : std::stod(field));
  }
  return rows;
}

}  // namespace fovea
