#pragma once
#include <functional>
#include <string>

#include "apps/options.h"
#include "models/pipelines/image_model.h"

namespace fovea {

struct ModelOptions {
  std::string folder;
  int threads = 0;              // 0: see thread_count.h
  bool random_weights = false;  // config.json alone will do
};

void add_model_options(CLI::App& app, ModelOptions& options);

// Runs work(threads) on so many threads; 0: see thread_count.h.
int with_threads(int asked, const std::function<int(int threads)>& work);

// Opens the model, and gives it and the number of threads to work(), which then runs on just those threads.
int with_model(const ModelOptions& options, const std::function<int(const ImageModel&, int threads)>& work);

}  // namespace fovea
