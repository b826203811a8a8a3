#include "apps/detect_settings.h"

#include <algorithm>

#include "vision/video.h"

namespace fovea {

bool DetectSettings::names_video() const {
  return std::ranges::any_of(pictures.inputs.operands,
                             [](const std::string& name) { return is_video(name); });
}

void add_detect_options(CLI::App& app, DetectSettings& settings) {
  add_picture_options(app, settings.pictures, kEmbeddedDetector,
                      {{"coco", Format::kCoco}, {"yolo", Format::kYolo}, {"voc", Format::kVoc}});
  app.add_option("--threshold", settings.threshold, "Only objects with a score above this")
      ->type_name("X")
      ->check(within(0, 1))
      ->capture_default_str();
  app.add_flag("--hf-compat", settings.hf_compat,
               "Boxes as transformers' pipeline gives them: whole pixels, not cut to the picture");
  app.add_option("--save", settings.save, "Folder for the pictures and videos with their boxes drawn")
      ->type_name("DIR");
  app.add_option("-o,--output", settings.output,
                 "Folder for yolo's and voc's files, or for coco's detections.json and images.json")
      ->type_name("DIR");
  app.add_option(
         "--annotations", settings.annotations,
         "A data set that category and image ids are taken from: COCO's JSON, or a VOC or YOLO folder")
      ->type_name("PATH");
  app.add_option("--split", settings.split, "Which part of --annotations, if they are split; default: train")
      ->type_name("NAME");
  app.add_option("--every", settings.every, "Of so many frames of a video, look at the first")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 31));
  app.add_flag("--force", settings.force, "Write over files that are there");
  app.add_flag("--random-weights", settings.pictures.model.random_weights,
               "Needs no model.safetensors, only config.json; finds nothing sensible");
}

void check(const DetectSettings& settings) {
  check_inputs(settings.pictures.inputs);
  const Format format = settings.pictures.output.format;
  if (!settings.split.empty() && settings.annotations.empty())
    fail_with(kUsage, "--split: is a part of --annotations; give those too");
  const bool labels = format == Format::kYolo || format == Format::kVoc;
  if (!settings.output.empty() && !labels && format != Format::kCoco)
    fail_with(kUsage, "--output: is for --format coco, yolo and voc; other formats go to standard output");
  const InputArguments& inputs = settings.pictures.inputs;
  if (labels && settings.output.empty() && (!inputs.single() || settings.names_video()))
    fail_with(kUsage, "--format: yolo and voc have a file for each picture; add --output DIR");
}

}  // namespace fovea
