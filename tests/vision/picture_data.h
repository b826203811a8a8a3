#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <clocale>
#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/rng.h"

namespace fovea {

inline cv::Mat noise_picture(int height, int width, uint64_t seed) {
  Rng rng(seed);
  cv::Mat rgb(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x) rgb.ptr(y)[x] = static_cast<uint8_t>(rng.next());
  return rgb;
}

inline bool same_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

inline std::vector<uint8_t> png_of(const cv::Mat& rgb) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(".png", bgr, bytes));
  return bytes;
}

inline std::vector<uint8_t> png(uint64_t seed) {
  return png_of(noise_picture(6, 8, seed));
}

struct DataFile {
  std::string name;  // ending in '/': a folder
  std::vector<uint8_t> bytes = {};
  std::string link_to = {};  // a hard link, in an archive
};
using DataFiles = std::vector<DataFile>;

// What is wrong with what `work` does, in the words of its Error; empty: nothing.
template <class Work>
std::string complaint(const Work& work) {
  try {
    work();
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
}

inline void write_bytes(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline void write_folder(const std::filesystem::path& root, const DataFiles& files) {
  for (const DataFile& file : files)
    if (file.name.ends_with('/'))
      std::filesystem::create_directories(root / file.name);
    else
      write_bytes(root / file.name, file.bytes);
}

// `filter`: of libarchive, such as ARCHIVE_FILTER_GZIP.
inline void write_tar(const std::filesystem::path& path, const DataFiles& files,
                      int filter = ARCHIVE_FILTER_NONE) {
  const std::string locale = std::setlocale(LC_CTYPE, nullptr);
  std::setlocale(LC_CTYPE, "C.UTF-8");  // libarchive writes other names only so
  archive* a = archive_write_new();
  archive_write_set_format_pax_restricted(a);
  archive_write_add_filter(a, filter);
  ASSERT_EQ(archive_write_open_filename(a, path.c_str()), ARCHIVE_OK) << archive_error_string(a);
  for (const DataFile& file : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, file.name.c_str());
    archive_entry_set_filetype(entry, file.name.ends_with('/') ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0755);
    if (file.link_to.empty())
      archive_entry_set_size(entry, static_cast<la_int64_t>(file.bytes.size()));
    else
      archive_entry_set_hardlink(entry, file.link_to.c_str());
    ASSERT_EQ(archive_write_header(a, entry), ARCHIVE_OK) << archive_error_string(a);
    archive_write_data(a, file.bytes.data(), file.bytes.size());
    archive_entry_free(entry);
  }
  ASSERT_EQ(archive_write_close(a), ARCHIVE_OK) << archive_error_string(a);
  archive_write_free(a);
  std::setlocale(LC_CTYPE, locale.c_str());
}

// 3 classes of 5, 4 and 3 pictures of 8 x 6.
inline DataFiles small_data() {
  DataFiles files;
  const std::pair<const char*, int> classes[] = {{"cat", 5}, {"dog", 4}, {"eel", 3}};
  uint64_t seed = 1;
  for (const auto& [name, count] : classes)
    for (int i = 0; i < count; ++i)
      files.push_back({std::string(name) + "/" + std::to_string(i) + ".png", png(seed++)});
  return files;
}

}  // namespace fovea
