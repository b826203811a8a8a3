#include "apps/picture_source.h"

namespace fovea {

std::optional<Input> PictureSource::next() {
  while (true) {
    if (video_) {
      if (std::optional<Input> frame = next_frame()) return frame;
      continue;
    }
    std::optional<Input> input = inputs_.next();
    if (!input || input->failure) return input;
    if (!options_.videos || !is_video(input->source)) return claimed(std::move(*input));
    of_video_ = std::move(*input);
    open_video();
    if (of_video_.failure) return of_video_;
  }
}

void PictureSource::open_video() {
  try {
    video_.emplace(of_video_.source, options_.every);
    if (options_.claim_picture) options_.claim_picture(of_video_, video_->size());
  } catch (const ImageError& error) {
    of_video_.failure = Failure{error.code, error.what()};
  }
  if (of_video_.failure) video_.reset();
}

Input PictureSource::claimed(Input input) const {
  if (options_.claim_picture) options_.claim_picture(input, std::nullopt);
  return input.failure ? input : labelled(std::move(input));
}

Input PictureSource::labelled(Input input) const {
  if (options_.claim_labels) options_.claim_labels(input);
  return input;
}

// Nothing: the video is over.
std::optional<Input> PictureSource::next_frame() {
  Input input = of_video_;
  try {
    input.frame = video_->next();
    if (input.frame) return labelled(std::move(input));
    video_.reset();
    return std::nullopt;
  } catch (const ImageError& error) {
    video_.reset();
    input.failure = Failure{error.code, error.what()};
    return input;
  }
}

}  // namespace fovea
