#include "apps/coco_output.h"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "apps/encode.h"
#include "apps/exit_code.h"
#include "attention/base/atomic_file.h"

namespace fovea {

namespace fs = std::filesystem;

struct CocoOutput::File {
  AtomicFile file;
  File(const fs::path& path, bool force) : file(checked(path, force)) {}
  void put(std::string_view text) { file.write(std::as_bytes(std::span(text))); }

  static fs::path checked(const fs::path& path, bool force) {
    std::error_code ignored;
    if (!force && fs::exists(path, ignored))
      fail_with(kUsage, path.string(), ": is there already; choose another --output, or add --force");
    return path;
  }
};

CocoOutput::CocoOutput(std::ostream& out, const Options& options, DetectionWords words)
    : out_(out), ids_(options.ids), words_(std::move(words)) {
  const fs::path folder = options.folder;
  if (!options.folder.empty()) results_ = std::make_unique<File>(folder / "detections.json", options.force);
  if (!ids_) images_ = std::make_unique<File>(folder / "images.json", options.force);
  put("[");
  if (images_) images_->put("{\"images\":[");
}

CocoOutput::~CocoOutput() = default;

void CocoOutput::put(const std::string& text) {
  results_ ? results_->put(text) : static_cast<void>(out_ << text);
}

void CocoOutput::write(const Result& result) {
  if (result.input.failure) return;
  const std::optional<int64_t> id = ids_ ? (*ids_)[result.input.source] : ++pictures_;
  if (!id) return;
  const std::string list = coco_of(result, words_, *id);
  if (!list.empty()) put((std::exchange(begun_, true) ? ",\n" : "\n") + list);
  if (images_) describe(result, *id);
}

void CocoOutput::describe(const Result& result, int64_t id) {
  std::string when;
  if (const std::optional<VideoFrame>& frame = result.input.frame)
    when = fmt::format(R"(,"frame":{},"pts":{})", frame->number, json_number(frame->seconds));
  images_->put(fmt::format(R"({}{{"id":{},"file_name":{},"width":{},"height":{}{}}})", id > 1 ? ",\n" : "\n",
                           id, json_string(result.input.source), result.width, result.height, when));
}

void CocoOutput::finish() {
  put(begun_ ? "\n]\n" : "]\n");
  if (results_) results_->file.commit();
  if (!images_) return;
  std::string categories;
  for (int64_t i = 0; i < std::ssize(words_.labels); ++i)
    if (const std::optional<int64_t> id = words_.category(i); id && words_.label(i) != "N/A")
      categories += fmt::format(R"({}{{"id":{},"name":{}}})", categories.empty() ? "\n" : ",\n", *id,
                                json_string(words_.label(i)));
  images_->put(fmt::format("{}],\n\"categories\":[{}\n],\n\"annotations\":[]}}\n", pictures_ > 0 ? "\n" : "",
                           categories));
  images_->file.commit();
}

}  // namespace fovea
