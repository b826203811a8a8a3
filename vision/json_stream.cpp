#include "vision/json_stream.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "attention/base/error.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

constexpr size_t kPiece = 1 << 20, kAhead = 16;
constexpr int64_t kLongestText = 16 << 20;
constexpr std::string_view kOutline = "\"segmentation\"";
constexpr std::string_view kNotFinite[] = {"NaN", "Infinity", "-Infinity"};

}  // namespace

JsonStream::JsonStream(const std::filesystem::path& file)
    : file_(file), in_(file, std::ios::binary), buffer_(kPiece) {
  if (!in_) fail(in_quotes(file.string()), ": the file cannot be opened; check its permissions");
  refill();
  settle();
}

void JsonStream::refill() {
  std::memmove(buffer_.data(), buffer_.data() + at_, filled_ - at_);
  passed_ += static_cast<int64_t>(at_);
  filled_ -= at_;
  at_ = 0;
  in_.read(buffer_.data() + filled_, static_cast<std::streamsize>(buffer_.size() - filled_));
  filled_ += static_cast<size_t>(in_.gcount());
  if (in_.bad()) fail(in_quotes(file_.string()), ": the file cannot be read; check the disk");
}

void JsonStream::advance() {
  if (*instead_) {
    if (*++instead_) return;
    at_ += skip_;
  } else {
    ++at_;
  }
  if (filled_ - at_ < kAhead && in_) refill();
  if (at_ < filled_) settle();
}

void JsonStream::settle_text(char c) {
  if (++text_ > kLongestText)
    fail(in_quotes(file_.string()), ": not an annotation file; it holds a text of more than ", kLongestText,
         " bytes at byte ", position());
  in_text_ = escaped_ || c != '"';
  escaped_ = !escaped_ && c == '\\';
  if (in_text_ || outline_ != kKey) return;
  outline_ = kAfterKey;
  outline_at_ = -1;
}

void JsonStream::settle() {
  if (at_ == filled_) return;
  const char c = buffer_[at_];
  if (in_text_) return settle_text(c);
  if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return;
  const std::string_view rest(buffer_.data() + at_, std::min(filled_ - at_, kAhead));
  if (c == '"') {
    in_text_ = true;
    text_ = 0;
    outline_ = rest.starts_with(kOutline) ? kKey : kElsewhere;
  } else if (c == ':' && outline_ == kAfterKey) {
    outline_ = kValue;
  } else if ((c == '[' || c == '{') && outline_ == kValue) {
    skip_value();
  } else {
    outline_ = kElsewhere;
    if (c != 'N' && c != 'I' && c != '-') return;
    for (const std::string_view word : kNotFinite)
      if (rest.starts_with(word)) {
        instead_ = "null";
        skip_ = word.size();
      }
  }
}

void JsonStream::skip_value() {
  outline_at_ = position();
  int64_t depth = 0;
  bool text = false, escaped = false;
  do {
    if (at_ == filled_ && in_) refill();
    if (at_ == filled_) return;
    const char c = buffer_[at_++];
    if (text) {
      text = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else {
      text = c == '"';
      depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    }
  } while (depth > 0 || text);
  if (filled_ - at_ < kAhead && in_) refill();
  outline_ = kElsewhere;
  instead_ = "null";
  skip_ = 0;
}

}  // namespace fovea
