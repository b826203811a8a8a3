#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "attention/base/error.h"
#include "tests/support/temp_folder.h"
#include "vision/annotations.h"

namespace fovea {

// A gray JPEG as it is stored; `orientation` other than 1 goes into its EXIF.
inline std::string jpeg(int width, int height, int orientation = 1) {
  std::vector<uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(".jpg", cv::Mat(height, width, CV_8UC3, cv::Scalar(90, 120, 150)), bytes));
  std::string text(bytes.begin(), bytes.end());
  if (orientation == 1) return text;
  std::string exif(
      "\xFF\xE1\0\x22"
      "Exif\0\0"
      "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0",
      36);
  exif[29] = static_cast<char>(orientation);
  return text.insert(2, exif);
}

// A folder that files are written into by name.
struct DataFolder : TempFolder {
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path() / name).parent_path());
    std::ofstream(path() / name, std::ios::binary) << bytes;
    return path() / name;
  }
};

// "skipped bad_box, noted small_box", in the order found.
inline std::string codes(const AnnotatedPictures& data) {
  const char* kinds[] = {"skipped ", "repaired ", "noted "};
  std::string text;
  for (const AnnotationProblem& problem : data.problems) {
    EXPECT_EQ(problem.message.find('\n'), std::string::npos) << problem.message;
    text += (text.empty() ? "" : ", ") + std::string(kinds[static_cast<int>(problem.kind)]) + problem.code;
  }
  return text;
}

// What is wrong with a data set that cannot be read at all; empty: it can be.
inline std::string refusal(const AnnotationSource& source) {
  try {
    read_annotations(source);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
}

inline int64_t objects_of(const AnnotatedPictures& data, const std::string& category = "") {
  int64_t count = 0;
  for (const AnnotatedPicture& picture : data.pictures)
    count += std::ranges::count_if(picture.objects, [&](const Annotation& object) {
      return category.empty() || data.categories.at(static_cast<size_t>(object.category)).name == category;
    });
  return count;
}

// Reads with each prefix of `bytes` as the file: a data set or one clear line, each time.
inline void try_prefixes(const AnnotationSource& source, const std::filesystem::path& file,
                         const std::string& bytes) {
  int refused = 0;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    std::ofstream(file, std::ios::binary) << bytes.substr(0, size);
    const std::string why = refusal(source);
    if (why.empty()) continue;
    ++refused;
    EXPECT_NE(why.find(source.path.filename().string()), std::string::npos) << size << ": " << why;
  }
  EXPECT_EQ(refusal(source), "");
  EXPECT_GT(refused, 0);
}

}  // namespace fovea
