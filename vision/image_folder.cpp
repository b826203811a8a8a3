#include "vision/image_folder.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

#include "vision/decode.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSplits[] = {"train", "test", "val", "valid", "validation"};
constexpr const char* kLayout = "a data set is a folder, or a tar, of one folder of pictures for each class";

// What is directly in the folder `prefix` ("" or "a/b/").
struct Level {
  std::set<std::string> folders;
  bool has_pictures = false;
};

Level level_of(const PictureListing& listing, const std::string& prefix) {
  Level level;
  const auto add = [&](const std::string& name, bool picture) {
    if (!name.starts_with(prefix)) return;
    const size_t slash = name.find('/', prefix.size());
    if (slash != std::string::npos)
      level.folders.insert(name.substr(prefix.size(), slash - prefix.size()));
    else if (picture)
      level.has_pictures = true;
  };
  for (const std::string& name : listing.pictures) add(name, true);
  for (const std::string& name : listing.others) add(name, false);  // an archive need not name its folders
  for (const std::string& name : listing.folders)
    if (name.starts_with(prefix) && name.size() > prefix.size())
      level.folders.insert(name.substr(prefix.size(), name.find('/', prefix.size()) - prefix.size()));
  return level;
}

// "Test" and "testing" are called "test".
std::string split_called(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name == "training" ? "train" : name == "testing" ? "test" : name;
}

struct SplitFolder {
  std::string name, folder;
};

std::vector<SplitFolder> splits_of(const Level& level) {
  std::vector<SplitFolder> splits;
  for (const char* name : kSplits) {
    const auto found = std::ranges::find(level.folders, name, split_called);
    if (found != level.folders.end()) splits.push_back({name, *found});
  }
  if (splits.size() < 2 || splits[0].name != "train") splits.clear();
  return splits;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// torchvision walks folder by folder: all of "a" before "a/b".
bool before(const std::string& a, const std::string& b) {
  const auto folder = [](const std::string& name) {
    return std::string_view(name).substr(0, name.rfind('/'));
  };
  const int order = folder(a).compare(folder(b));
  return order != 0 ? order < 0 : a < b;
}

}  // namespace

ImageFolder ImageFolder::open(const fs::path& path, const std::string& split) {
  ImageFolder data;
  data.path_ = path;
  data.split_ = split;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const PictureListing listing = list_pictures(path);
    data.choose_classes(listing);
    data.take_pictures(listing);
    return data;
  }
  if (!fs::exists(path, error))
    fail(in_quotes(path.string()), ": there is no such file or folder; check the path");
  data.archive_ = std::make_shared<const TarPictures>(path);
  data.choose_classes(data.archive_->listing());
  data.take_pictures(data.archive_->listing());
  return data;
}

void ImageFolder::choose_classes(const PictureListing& listing) {
  Level level = level_of(listing, prefix_);
  while (level.folders.size() == 1 && !level.has_pictures) {
    const std::string below = prefix_ + *level.folders.begin() + "/";
    Level next = level_of(listing, below);
    if (next.has_pictures || next.folders.empty()) break;
    prefix_ = below;
    level = std::move(next);
  }
  const std::vector<SplitFolder> splits = splits_of(level);
  for (const SplitFolder& split : splits) splits_.push_back(split.name);
  if (!splits.empty()) {
    split_ = split_.empty() ? "train" : split_called(split_);
    const auto found = std::ranges::find(splits, split_, &SplitFolder::name);
    if (found == splits.end())
      fail(in_quotes(path_.string()), ": no split ", in_quotes(split_), "; it has ", joined(splits_));
    prefix_ += found->folder + "/";
    level = level_of(listing, prefix_);
  } else if (!split_.empty()) {
    fail(in_quotes(path_.string()), ": no split ", in_quotes(split_),
         "; it has no folder 'train' beside 'test' or 'val'");
  }
  if (level.folders.empty())
    fail(in_quotes(path_.string()), ": no classes", prefix_.empty() ? "" : " in " + in_quotes(prefix_), "; ",
         kLayout);
  classes_.assign(level.folders.begin(), level.folders.end());
}

void ImageFolder::take_pictures(const PictureListing& listing) {
  std::map<std::string, int> labels;
  for (const std::string& name : classes_) labels.emplace(name, static_cast<int>(labels.size()));
  struct Found {
    Picture picture;
    int64_t member;
  };
  std::vector<Found> found;
  std::vector<int64_t> counts(classes_.size());
  for (size_t i = 0; i < listing.pictures.size(); ++i) {
    const std::string& whole = listing.pictures[i];
    const size_t slash = whole.starts_with(prefix_) ? whole.find('/', prefix_.size()) : std::string::npos;
    if (slash == std::string::npos) continue;  // another split, or beside the class folders
    const int label = labels.at(whole.substr(prefix_.size(), slash - prefix_.size()));
    ++counts[static_cast<size_t>(label)];
    found.push_back({{whole.substr(prefix_.size()), label}, static_cast<int64_t>(i)});
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    if (a.picture.label != b.picture.label) return a.picture.label < b.picture.label;
    return before(a.picture.name, b.picture.name);
  });
  for (Found& one : found) {
    pictures_.push_back(std::move(one.picture));
    members_.push_back(one.member);
  }
  for (const std::string& name : listing.others)
    if (name.starts_with(prefix_) && name.find('/', prefix_.size()) != std::string::npos)
      others_.push_back(name.substr(prefix_.size()));
  std::ranges::sort(others_);
  for (size_t c = 0; c < counts.size(); ++c)
    if (counts[c] == 0) fail_without_pictures(classes_[c]);
}

void ImageFolder::fail_without_pictures(const std::string& name) const {
  const auto other = std::ranges::find_if(others_, [&](const auto& o) { return o.starts_with(name + "/"); });
  fail(in_quotes(path_.string()), ": class ", in_quotes(prefix_ + name), " has no pictures",
       other == others_.end() ? "" : ", but " + in_quotes(*other) + ", which is not read",
       "; add some, or take the folder out");
}

std::vector<uint8_t> ImageFolder::bytes(int64_t i) const {
  const std::string& name = picture(i).name;
  if (archive_) return archive_->bytes(members_[static_cast<size_t>(i)]);
  std::ifstream stream(path_ / (prefix_ + name), std::ios::binary);
  std::vector<uint8_t> bytes;
  std::vector<char> piece(1 << 16);
  const int64_t most = DecodeOptions().max_bytes;
  while (stream && static_cast<int64_t>(bytes.size()) <= most) {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + stream.gcount());
  }
  if (!stream.eof() && static_cast<int64_t>(bytes.size()) <= most)
    throw ImageError("unreadable", location(i) + ": the file cannot be read; check its permissions");
  return bytes;
}

std::string ImageFolder::location(int64_t i) const {
  const std::string name = prefix_ + picture(i).name;
  return archive_ ? path_.string() + ":" + name : (path_ / name).string();
}

ImageFolder ImageFolder::with_classes(std::span<const std::string> classes) const {
  std::unordered_map<std::string, int> labels;
  for (const std::string& name : classes) labels.emplace(name, static_cast<int>(labels.size()));
  if (labels.size() != classes.size())
    fail(in_quotes(path_.string()),
         ": the model has two classes of one name, so that classes cannot be matched by name");
  for (const std::string& name : classes_)
    if (!labels.contains(name))
      fail(in_quotes(path_.string()), ": class ", in_quotes(name), " is not among the ", classes.size(),
           " classes of the model; rename the folder as the model does, or take it out");
  ImageFolder data = *this;
  data.classes_.assign(classes.begin(), classes.end());
  for (Picture& picture : data.pictures_)
    picture.label = labels.at(classes_[static_cast<size_t>(picture.label)]);
  return data;
}

}  // namespace fovea
