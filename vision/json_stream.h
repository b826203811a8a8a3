#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace fovea {

// The characters of a JSON file, read piece by piece. NaN, Infinity and -Infinity, which Python writes and
// JSON does not know, come out as null, and so do the outlines after "segmentation", most of a COCO file.
// Fails at a text of more than 16 MB.
class JsonStream {
 public:
  explicit JsonStream(const std::filesystem::path& file);  // fails if it cannot be opened

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;
    Iterator() = default;
    explicit Iterator(JsonStream* stream) : stream_(stream) {}
    char operator*() const { return stream_->current(); }
    Iterator& operator++() {
      stream_->advance();
      return *this;
    }
    // Only ever compared with the end.
    bool operator!=(const Iterator&) const { return !stream_->ended(); }
    bool operator==(const Iterator&) const { return stream_->ended(); }

   private:
    JsonStream* stream_ = nullptr;
  };
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(); }
  int64_t position() const { return passed_ + static_cast<int64_t>(at_); }  // in the file
  bool ended() const { return at_ == filled_ && !*instead_; }
  // Where the last "segmentation" began that came out as null; -1: its value stands in the file.
  int64_t outline() const { return outline_at_; }

 private:
  char current() const { return *instead_ ? *instead_ : buffer_[at_]; }
  void advance();
  void refill();
  void settle();  // sees what begins at at_
  void settle_text(char c);
  void skip_value();

  std::filesystem::path file_;
  std::ifstream in_;
  std::vector<char> buffer_;
  size_t at_ = 0, filled_ = 0, skip_ = 0;  // skip_: length of what instead_ stands for
  const char* instead_ = "";
  int64_t passed_ = 0, text_ = 0, outline_at_ = -1;
  bool in_text_ = false, escaped_ = false;
  enum { kElsewhere, kKey, kAfterKey, kValue } outline_ = kElsewhere;  // of the key "segmentation"
};

}  // namespace fovea
