#include <iostream>

#include "attention/base/error.h"
#include "models/pipelines/detector.h"
#include "models/pipelines/image_model.h"
#include "vision/preprocess.h"

// Names the likeliest class of a picture of one colour.
int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: consumer MODEL\n";
    return 2;
  }
  const fovea::ImageModel model = fovea::ImageModel::load(argv[1]);
  const cv::Mat picture(24, 32, CV_8UC3, cv::Scalar(200, 90, 30));  // red first
  const fovea::Tensor images = fovea::make_batch({&picture, 1}, model.recipe());
  const fovea::ClassScore best = model.top_classes(model.logits(images).values(), 1).front();
  std::cout << best.class_id << " " << best.label << "\n";
} catch (const fovea::Error& error) {
  std::cerr << "consumer: " << error.what() << "\n";
  return 1;
}
