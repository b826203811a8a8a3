#include "attention/checkpoint/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"

namespace fovea {
namespace {

constexpr char kAgain[] = "; the file is damaged, download it again";

// What may come next in the header, and how messages call it.
enum class Next {
  kHeader,
  kName,
  kTensor,
  kField,
  kDtype,
  kShape,
  kSize,
  kOffsets,
  kOffset,
  kMetadata,
  kKey,
  kText,
  kEnd
};
constexpr std::array<const char*, 13> kNextWords{"an object of tensors",
                                                 "a name",
                                                 "an object",
                                                 "a field",
                                                 "a dtype in quotes",
                                                 "an array of sizes",
                                                 "a size",
                                                 "two data_offsets",
                                                 "an unsigned offset",
                                                 "an object of strings",
                                                 "a key",
                                                 "a string",
                                                 "the end"};

// Takes the JSON's events one by one, so that a hostile header builds nothing larger than itself.
class HeaderReader {
 public:
  HeaderReader(const std::string& file, uint64_t data_size) : file_(file), data_size_(data_size) {}
  SafetensorsHeader take() { return std::move(header_); }

  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("a truth value"); }
  bool number_float(double, const std::string&) { unexpected("a number that is not a 64-bit integer"); }
  bool number_integer(int64_t) { unexpected("a negative number"); }
  bool binary(std::vector<uint8_t>&) { unexpected("binary data"); }
  bool number_unsigned(uint64_t value);
  bool string(std::string& text);
  bool start_object(size_t);
  bool key(std::string& name);
  bool end_object();
  bool start_array(size_t);
  bool end_array();
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& error) {
    const bool utf8 = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
    fail(file_, ": the header is not valid ", utf8 ? "UTF-8" : "JSON", " at byte ", position, kAgain);
  }

 private:
  template <class... Parts>
  [[noreturn]] void damaged(const Parts&... parts) const {
    if (in_tensor_) fail(file_, ": tensor ", shown_name(name_), " ", parts..., kAgain);
    fail(file_, ": the header ", parts..., kAgain);
  }
  [[noreturn]] void unexpected(const char* got) const {
    damaged("has ", got, " in place of ", kNextWords[static_cast<size_t>(next_)]);
  }
  void start_tensor();
  void start_field(const std::string& field);
  void finish_tensor();
  Shape checked_shape() const;

  const std::string& file_;
  uint64_t data_size_;
  SafetensorsHeader header_;
  Next next_ = Next::kHeader;
  bool has_metadata_ = false;
  // The tensor, or the piece of metadata, that is being read.
  std::string name_;
  bool in_tensor_ = false;
  std::vector<std::string> fields_;
  Dtype dtype_ = Dtype::kF32;
  std::vector<uint64_t> sizes_, offsets_;
};

bool HeaderReader::number_unsigned(uint64_t value) {
  if (next_ == Next::kSize) {
    sizes_.push_back(value);
    if (sizes_.size() > static_cast<size_t>(Shape::kMaxRank))
      fail(file_, ": tensor ", shown_name(name_), " has more than ", Shape::kMaxRank,
           " axes, the most that Fovea reads; reshape it before saving");
  } else if (next_ == Next::kOffset) {
    offsets_.push_back(value);
    if (offsets_.size() > 2) damaged("has more than two data_offsets");
  } else {
    unexpected("a number");
  }
  return true;
}

bool HeaderReader::string(std::string& text) {
  if (next_ == Next::kText) {
    if (!header_.metadata.emplace(name_, text).second)
      damaged("has the metadata ", shown_name(name_), " twice");
    next_ = Next::kKey;
  } else if (next_ == Next::kDtype) {
    const auto dtype = dtype_named(text);
    if (!dtype)
      fail(file_, ": tensor ", shown_name(name_), " has dtype ", shown_name(text),
           ", which Fovea does not read; save it as F32, F16 or BF16");
    dtype_ = *dtype;
    next_ = Next::kField;
  } else {
    unexpected("a string");
  }
  return true;
}

bool HeaderReader::start_object(size_t) {
  if (next_ == Next::kHeader) {
    next_ = Next::kName;
  } else if (next_ == Next::kTensor) {
    next_ = Next::kField;
  } else if (next_ == Next::kMetadata) {
    next_ = Next::kKey;
  } else {
    unexpected("an object");
  }
  return true;
}

bool HeaderReader::key(std::string& name) {
  if (next_ == Next::kField) {
    start_field(name);
    return true;
  }
  name_ = name;
  if (next_ == Next::kKey) {
    next_ = Next::kText;
  } else if (name == "__metadata__") {
    if (has_metadata_) damaged("has __metadata__ twice");
    has_metadata_ = true;
    next_ = Next::kMetadata;
  } else {
    start_tensor();
  }
  return true;
}

bool HeaderReader::end_object() {
  if (next_ == Next::kField) {
    finish_tensor();
    next_ = Next::kName;
  } else {
    next_ = next_ == Next::kKey ? Next::kName : Next::kEnd;
  }
  return true;
}

bool HeaderReader::start_array(size_t) {
  if (next_ == Next::kShape) {
    next_ = Next::kSize;
  } else if (next_ == Next::kOffsets) {
    next_ = Next::kOffset;
  } else {
    unexpected("an array");
  }
  return true;
}

bool HeaderReader::end_array() {
  if (next_ == Next::kOffset && offsets_.size() != 2)
    damaged("has ", offsets_.size(), " data_offsets, not two");
  next_ = Next::kField;
  return true;
}

void HeaderReader::start_tensor() {
  in_tensor_ = true;
  if (header_.tensors.contains(name_)) damaged("stands twice in the header");
  fields_.clear();
  sizes_.clear();
  offsets_.clear();
  next_ = Next::kTensor;
}

void HeaderReader::start_field(const std::string& field) {
  if (std::find(fields_.begin(), fields_.end(), field) != fields_.end())
    damaged("has ", shown_name(field), " twice");
  if (field == "dtype") {
    next_ = Next::kDtype;
  } else if (field == "shape") {
    next_ = Next::kShape;
  } else if (field == "data_offsets") {
    next_ = Next::kOffsets;
  } else {
    damaged("has the unknown field ", shown_name(field));
  }
  fields_.push_back(field);
}

Shape HeaderReader::checked_shape() const {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max() / 8;  // values of 8 bytes
  std::array<int64_t, Shape::kMaxRank> sizes{};
  uint64_t count = 1;
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const uint64_t size = std::max<uint64_t>(sizes_[i], 1);
    if (size > kMost / count) damaged("has a shape of more values than a file can hold");
    count *= size;
    sizes[i] = static_cast<int64_t>(sizes_[i]);
  }
  return Shape(std::span<const int64_t>(sizes.data(), sizes_.size()));
}

void HeaderReader::finish_tensor() {
  for (const char* field : {"dtype", "shape", "data_offsets"})
    if (std::find(fields_.begin(), fields_.end(), field) == fields_.end()) damaged("has no ", field);
  const uint64_t begin = offsets_[0], end = offsets_[1];
  if (begin > end) damaged("ends at byte ", end, ", before its begin at ", begin);
  if (end > data_size_) damaged("ends at byte ", end, " of the data, which has only ", data_size_);
  const Shape shape = checked_shape();
  const auto bytes = static_cast<uint64_t>(shape.count() * dtype_size(dtype_));
  if (bytes != end - begin)
    damaged("holds ", end - begin, " bytes where ", shape, " of ", dtype_name(dtype_), " needs ", bytes);
  header_.tensors[name_] = {dtype_, shape, begin, end};
  in_tensor_ = false;
}

void check_layout(const SafetensorsHeader& header, uint64_t data_size, const std::string& file) {
  using Item = std::pair<const std::string, SafetensorsHeader::Entry>;
  std::vector<const Item*> items;
  for (const Item& item : header.tensors) items.push_back(&item);
  std::sort(items.begin(), items.end(), [](const Item* a, const Item* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  uint64_t end = 0;
  for (const Item* item : items) {
    const uint64_t begin = item->second.begin;
    if (begin < end) fail(file, ": tensor ", shown_name(item->first), " overlaps the one before it", kAgain);
    if (begin > end)
      fail(file, ": the ", begin - end, " bytes before tensor ", shown_name(item->first), " belong to none",
           kAgain);
    end = item->second.end;
  }
  if (end != data_size) fail(file, ": the last ", data_size - end, " bytes belong to no tensor", kAgain);
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_size,
                                           const std::string& file) {
  if (json.empty() || json.front() != '{') fail(file, ": the header is not a JSON object", kAgain);
  // The JSON library takes a NUL for the end of its input.
  if (json.find('\0') != json.npos) fail(file, ": the header holds a NUL byte", kAgain);
  HeaderReader reader(file, data_size);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  SafetensorsHeader header = reader.take();
  check_layout(header, data_size, file);
  return header;
}

}  // namespace fovea
