#include <gtest/gtest.h>

#include <algorithm>

#include "tests/house/sources.h"

namespace fovea {
namespace {

using Names = std::vector<std::string>;

// What a folder of ours may include beside itself: folders, and single headers.
struct Layer {
  const char* folder;
  Names below;
};
const Names kCore = {"attention/base", "attention/tensor", "attention/autograd"};

Names operator+(Names names, const Names& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

const Names kLayers = kCore + Names{"attention/ops", "attention/nn"};
const Names kModels = kLayers + Names{"attention/checkpoint", "attention/blocks"};
const Names kPipelines = kModels + Names{"models", "vision", "attention/explain"};
const Names kTraining = kPipelines + Names{"attention/optim", "models/pipelines"};
const Names kApps = kTraining + Names{"models/training"};

const Layer kOurs[] = {
    {"attention/base", {}},
    {"attention/tensor", {"attention/base"}},
    {"attention/autograd", {"attention/base", "attention/tensor"}},
    {"attention/kernels", {"attention/base"}},
    {"attention/checkpoint", {"attention/base", "attention/tensor"}},
    {"attention/ops", kCore + Names{"attention/kernels"}},
    {"attention/nn", kCore + Names{"attention/ops", "attention/checkpoint/stored_parameter.h"}},
    {"attention/optim", kLayers},
    {"attention/blocks", kLayers},
    {"attention/explain", kLayers},
    {"vision", {"attention/base", "attention/tensor", "attention/nn/pass.h"}},
    {"models", kModels},
    {"models/pipelines", kPipelines},
    {"models/training", kTraining},
    {"apps", kApps},
    {"apps/benchmarks", kApps + Names{"attention/kernels"}},
    {"apps/examples", kApps},
};

// Where a library may be included: in sources, and in headers that others include.
struct Library {
  const char* prefix;
  Names sources, headers;
};
const Names kPictures = {"vision", "models/pipelines", "models/training", "apps"};
const Library kLibraries[] = {
    {"opencv2/", kPictures + Names{"apps/examples"}, kPictures},
    {"tbb/", {"attention/base", "models/pipelines", "apps"}, {}},
    {"Eigen/", {"models"}, {}},
    {"hwy/", {"attention/base", "attention/kernels", "vision", "apps/benchmarks"}, {}},
    {"nlohmann/", kPictures + Names{"attention/checkpoint", "models"}, {"models"}},
    {"yaml-cpp/", {"vision"}, {}},
    {"CLI/", {"apps"}, {"apps"}},
    {"fmt/", {"apps", "apps/benchmarks"}, {"apps"}},
};

bool among(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// The name between the quotes or brackets of an #include line; empty for any other line.
std::string included(const std::string& line) {
  if (!line.starts_with("#include ") || line.size() < 11) return "";
  const size_t end = line.find_first_of("\">", 10);
  return end == std::string::npos ? "" : line.substr(10, end - 10);
}

// Why a file of `folder` may not include `name`; empty if it may.
std::string objection(const std::string& folder, bool is_public, const std::string& name) {
  if (name.find('/') == std::string::npos || name.starts_with("sys/")) return "";  // the system's
  for (const Library& library : kLibraries) {
    if (!name.starts_with(library.prefix)) continue;
    if (among(is_public ? library.headers : library.sources, folder)) return "";
    return is_public ? "no header of " + folder + " may" : folder + " may not";
  }
  const auto of = [](const std::string& f) {
    return std::find_if(std::begin(kOurs), std::end(kOurs), [&](const Layer& l) { return l.folder == f; });
  };
  const auto layer = of(folder);
  if (layer == std::end(kOurs)) return folder + " is in no layer of this test; add it";
  if (of(folder_of(name)) == std::end(kOurs)) return "it is of no library that is known here";
  if (folder_of(name) == folder || among(layer->below, folder_of(name)) || among(layer->below, name))
    return "";
  return "it is not below " + folder;
}

TEST(IncludeDirections, PointDown) {
  int includes = 0;
  for (const SourceFile& file : source_files({"attention", "vision", "models", "apps"}))
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string name = included(file.lines[i]);
      if (name.empty()) continue;
      ++includes;
      const std::string why = objection(file.folder, file.is_header() && !file.is_inline_part(), name);
      if (!why.empty()) ADD_FAILURE() << file.path << ":" << i + 1 << ": includes " << name << ": " << why;
    }
  EXPECT_GT(includes, 500);
}

TEST(IncludeDirections, TheRulesRefuseWhatTheyShould) {
  struct Case {
    const char* folder;
    bool is_public;
    const char* name;
  };
  const Case wrong[] = {
      {"attention/base", false, "attention/tensor/tensor.h"},
      {"attention/kernels", false, "attention/tensor/tensor.h"},
      {"attention/checkpoint", false, "attention/ops/linear.h"},
      {"attention/ops", false, "attention/checkpoint/checkpoint.h"},
      {"attention/nn", false, "attention/checkpoint/checkpoint.h"},
      {"attention/nn", false, "attention/blocks/multi_head_attention.h"},
      {"vision", false, "attention/checkpoint/checkpoint.h"},
      {"vision", false, "attention/nn/layers.h"},
      {"models", false, "models/pipelines/image_model.h"},
      {"models", false, "vision/recipe.h"},
      {"models", false, "opencv2/core.hpp"},
      {"attention/ops", false, "opencv2/core.hpp"},
      {"models/pipelines", false, "apps/options.h"},
      {"attention/kernels", true, "hwy/highway.h"},
      {"attention/base", true, "tbb/parallel_for.h"},
      {"vision", true, "Eigen/Core"},
      {"vision", true, "hwy/highway.h"},
      {"vision", false, "boost/any.hpp"},
      {"attention/new", false, "attention/base/error.h"},
  };
  for (const Case& c : wrong) EXPECT_NE(objection(c.folder, c.is_public, c.name), "") << c.folder << c.name;
  EXPECT_EQ(objection("vision", true, "attention/nn/pass.h"), "");
  EXPECT_EQ(objection("models/pipelines", true, "opencv2/core.hpp"), "");
  EXPECT_EQ(included("#include \"vision/decode.h\"  // why"), "vision/decode.h");
  EXPECT_EQ(included("#include <opencv2/core.hpp>"), "opencv2/core.hpp");
  EXPECT_EQ(included("int include;"), "");
}

}  // namespace
}  // namespace fovea
