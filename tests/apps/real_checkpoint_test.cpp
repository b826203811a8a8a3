#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "models/pipelines/image_model.h"
#include "tests/apps/process.h"
#include "vision/decode.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

const std::string kShared = FOVEA_SOURCE_DIR "/../shared";
const std::string kModel = kShared + "/weights/deit_tiny", kPhotos = kShared + "/images/imagenet_samples";
constexpr size_t kCount = 100, kClasses = 1000;

struct Photo {
  std::string name;
  int64_t truth = 0;
  std::vector<int64_t> top5;
};

// "name <tab> class <tab> five ids, best first <tab> their logits", in the order of logits.npy.
std::vector<Photo> read_reference() {
  std::vector<Photo> photos;
  std::ifstream file(kModel + "/reference/top5.tsv");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Photo photo;
    photo.top5.resize(5);
    words >> photo.name >> photo.truth;
    for (int64_t& id : photo.top5) words >> id;
    EXPECT_TRUE(words) << line;
    photos.push_back(std::move(photo));
  }
  return photos;
}

std::map<std::string, int64_t> read_labels() {
  std::map<std::string, int64_t> labels;
  std::ifstream file(kShared + "/images/imagenet_samples.tsv");
  std::string name;
  for (int64_t label; file >> name >> label;) labels[name] = label;
  return labels;
}

// A .npy file of version 1: little-endian float32, C order, [100, 1000].
std::vector<float> read_logits() {
  const std::string bytes = read_file(kModel + "/reference/logits.npy");
  std::vector<float> values(kCount * kClasses);
  const size_t size = values.size() * sizeof(float);
  const std::string head = bytes.substr(0, bytes.size() - std::min(size, bytes.size()));
  for (const char* part : {"\x93NUMPY\x01", "'descr': '<f4'", "'fortran_order': False", "(100, 1000)"})
    EXPECT_NE(head.find(part), std::string::npos) << part;
  if (bytes.size() >= size) std::memcpy(values.data(), bytes.data() + bytes.size() - size, size);
  return values;
}

// How many rows have their label among the k largest values.
int hits(const std::vector<float>& logits, const std::vector<int64_t>& labels, int k) {
  int count = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(row * kClasses);
    const float own = begin[labels[row]];
    count += std::count_if(begin, begin + kClasses, [own](float value) { return value > own; }) < k;
  }
  return count;
}

class RealCheckpoint : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kModel + "/model.safetensors"))
      GTEST_SKIP() << kModel << " is absent; put the reference material beside the repository";
    photos = read_reference();
    ASSERT_EQ(photos.size(), kCount);
    const std::map<std::string, int64_t> labels = read_labels();
    for (const Photo& photo : photos) EXPECT_EQ(labels.at(photo.name), photo.truth);
  }
  std::vector<Photo> photos;
};

TEST_F(RealCheckpoint, ProgramNamesTheSameFiveClasses) {
  const TestFolder folder;
  const Outcome outcome =
      shell(folder, "$fovea classify --format ndjson -k 5 -m '" + kModel + "' '" + kPhotos + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::map<std::string, std::vector<int64_t>> said;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    const std::filesystem::path source = record.at("input").at("source").get<std::string>();
    for (const auto& label : record.at("labels"))
      said[source.filename().string()].push_back(label.at("class_id").get<int64_t>());
  }
  EXPECT_EQ(said.size(), kCount);
  for (const Photo& photo : photos) EXPECT_EQ(said[photo.name], photo.top5) << photo.name;
}

TEST_F(RealCheckpoint, LibraryGivesTheSameLogitsAndAccuracy) {
  const ImageModel model = ImageModel::load(kModel);
  const std::vector<float> expected = read_logits();
  std::vector<float> logits;
  std::vector<int64_t> labels;
  float worst = 0;
  for (const Photo& photo : photos) {
    const DecodedImage image =
        read_image(kPhotos + "/" + photo.name, {.apply_exif = model.recipe().apply_exif});
    const Tensor row = model.logits(make_batch({&image.rgb, 1}, model.recipe()));
    ASSERT_EQ(row.shape(), (Shape{1, kClasses}));
    for (float value : row.values()) {
      const float off = std::abs(value - expected[logits.size()]);
      ASSERT_LE(off, 1e-3f) << photo.name << ", class " << logits.size() % kClasses;
      worst = std::max(worst, off);
      logits.push_back(value);
    }
    labels.push_back(photo.truth);
  }
  const int top1 = hits(logits, labels, 1), top5 = hits(logits, labels, 5);
  EXPECT_EQ(top1, hits(expected, labels, 1));
  EXPECT_EQ(top5, hits(expected, labels, 5));
  std::cout << "DeiT-Tiny on 100 photos: top-1 " << top1 << " %, top-5 " << top5
            << " %, as the reference; largest difference of a logit " << worst << "\n";
}

}  // namespace
}  // namespace fovea
