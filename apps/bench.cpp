#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "apps/exit_code.h"
#include "apps/model_options.h"
#include "apps/number_pair.h"
#include "apps/peak_memory.h"
#include "attention/base/isa.h"
#include "attention/base/rng.h"
#include "models/pipelines/recipe_of.h"
#include "vision/framed_batch.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Times a model on this machine: preprocessing of one made-up 1920x1080 picture, and a forward pass.\n\n"
    "  fovea bench -m vit --batch 8\n"
    "  fovea bench -m vit --size 384x384 --threads 4 --json\n"
    "  fovea bench -m detr --size 800x1066 --layers\n";
constexpr int kWarmUp = 3;

struct BenchOptions {
  ModelOptions model;
  int64_t batch = 1, height = 0, width = 0;  // 0: the recipe's own
  int runs = 20;
  bool json = false, layers = false;
};

struct Milliseconds {
  double median = 0, p90 = 0;
};

void read_size(const std::string& text, BenchOptions& options) {
  if (!read_pair(text, 'x', options.height, options.width) || options.height < 1 || options.width < 1)
    fail_with(kUsage, "--size: '", text, "' is no size; write HxW, as in 224x320");
}

Milliseconds time_runs(int runs, const std::function<void()>& work) {
  for (int i = 0; i < kWarmUp; ++i) work();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  const size_t n = times.size();
  const auto rank90 = static_cast<size_t>(std::ceil(0.9 * static_cast<double>(n)));
  return {(times[(n - 1) / 2] + times[n / 2]) / 2, times[rank90 - 1]};
}

// A gradient with noise on it: neither flat nor friendly to a cache, and the same every time.
cv::Mat made_up_picture() {
  cv::Mat picture(1080, 1920, CV_8UC3);
  Rng rng(1);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      const uint64_t noise = rng.next();
      for (int c = 0; c < 3; ++c)
        picture.at<cv::Vec3b>(y, x)[c] =
            static_cast<uint8_t>((x / 10 + y / 10 * c + (noise >> (8 * c) & 31)) % 256);
    }
  return picture;
}

// Of each convolution of the pass, in order: the run that took the median time.
std::vector<ConvolutionRecord> time_layers(int runs, const std::function<void(const Pass&)>& forward) {
  std::vector<std::vector<ConvolutionRecord>> all(static_cast<size_t>(runs));
  for (auto& records : all) forward({.convolutions = &records});
  std::vector<ConvolutionRecord> medians = all.front();
  for (size_t i = 0; i < medians.size(); ++i) {
    std::vector<double> times;
    for (const auto& records : all) times.push_back(records[i].milliseconds);
    std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
    medians[i].milliseconds = times[times.size() / 2];
  }
  return medians;
}

struct Report {
  std::string model;
  int threads;
  int64_t batch, height, width;
  int runs;
  Milliseconds preprocess, forward;
  double images_per_second, peak_rss_mb;
  std::vector<ConvolutionRecord> layers;
};

// What is timed: a batch of frames, how one of its pictures becomes its frame, and the model on all of it.
struct Subject {
  const ModelInfo& info;
  FramedBatch batch;
  std::function<void()> preprocess;
  std::function<void(const FramedBatch& batch, const Pass& pass)> forward;
};

Subject subject_of(const BenchOptions& options, const ImageModel& given) {
  const ImageModel model = options.height == 0 ? given : given.with_input_size(options.height, options.width);
  const std::vector<cv::Mat> pictures(static_cast<size_t>(options.batch), made_up_picture());
  const bool classifies = !model.info().labels.empty();
  return {.info = given.info(),
          .batch = {make_batch(pictures, model.recipe()), {}},
          .preprocess = [=] { make_batch(std::span(pictures).first(1), model.recipe()); },
          .forward =
              [=](const FramedBatch& batch, const Pass& pass) {
                classifies ? model.logits(batch.images, pass) : model.embed(batch.images, pass);
              }};
}

Subject subject_of(const BenchOptions& options, const Detector& detector) {
  const Recipe recipe =
      options.height == 0 ? detector.recipe() : resized(detector.recipe(), options.height, options.width);
  const std::vector<cv::Mat> pictures(static_cast<size_t>(options.batch), made_up_picture());
  return {.info = detector.info(),
          .batch = make_framed_batch(pictures, recipe),
          .preprocess = [=] { make_framed_batch(std::span(pictures).first(1), recipe); },
          .forward =
              [=](const FramedBatch& batch, const Pass& pass) {
                detector.predict({batch.images, batch.padding}, pass);
              }};
}

Report measure(const BenchOptions& options, const Subject& subject, int threads) {
  const Milliseconds preprocess = time_runs(options.runs, subject.preprocess);
  const auto run = [&](const Pass& pass) { subject.forward(subject.batch, pass); };
  const Milliseconds forward = time_runs(options.runs, [&] { run({}); });
  return {.model = subject.info.id,
          .threads = threads,
          .batch = options.batch,
          .height = subject.batch.images.dim(1),
          .width = subject.batch.images.dim(2),
          .runs = options.runs,
          .preprocess = preprocess,
          .forward = forward,
          .images_per_second = static_cast<double>(options.batch) * 1000 / forward.median,
          .peak_rss_mb = peak_memory_mb(),
          .layers = options.layers ? time_layers(options.runs, run) : std::vector<ConvolutionRecord>()};
}

double multiply_adds(const ConvolutionRecord& r) {
  const double products = static_cast<double>(r.weight[1] * r.weight[2] * r.weight[3]);
  return products * static_cast<double>(r.output.count());
}

void write_layers(const Report& r, std::ostream& out) {
  double total = 0;
  for (const ConvolutionRecord& layer : r.layers) total += layer.milliseconds;
  for (const ConvolutionRecord& layer : r.layers) {
    const Shape &in = layer.input, &w = layer.weight, &y = layer.output;
    const std::string shapes =
        fmt::format("{}x{} {}x{}x{} -> {}x{}x{}", w[2], w[3], in[1], in[2], in[3], y[1], y[2], y[3]);
    out << fmt::format("  {:34} {:38} {:9.3f} ms {:5.1f} % {:6.1f} GFLOP/s  {}\n", layer.name, shapes,
                       layer.milliseconds, 100 * layer.milliseconds / total,
                       layer.milliseconds > 0 ? 2e-6 * multiply_adds(layer) / layer.milliseconds : 0,
                       layer.way);
  }
}

nlohmann::ordered_json layers_json(const Report& r) {
  auto list = nlohmann::ordered_json::array();
  for (const ConvolutionRecord& layer : r.layers) {
    const auto sizes = [](const Shape& shape) {
      std::vector<int64_t> all;
      for (int i = 0; i < shape.rank(); ++i) all.push_back(shape[i]);
      return all;
    };
    list.push_back({{"name", layer.name},
                    {"input", sizes(layer.input)},
                    {"weight", sizes(layer.weight)},
                    {"output", sizes(layer.output)},
                    {"way", layer.way},
                    {"ms", layer.milliseconds}});
  }
  return list;
}

void write_json(const Report& r, bool layers, std::ostream& out) {
  nlohmann::ordered_json shown = {
      {"model", r.model},
      {"isa", active_isa()},
      {"threads", r.threads},
      {"batch", r.batch},
      {"height", r.height},
      {"width", r.width},
      {"runs", r.runs},
      {"preprocess_ms", {{"median", r.preprocess.median}, {"p90", r.preprocess.p90}}},
      {"forward_ms", {{"median", r.forward.median}, {"p90", r.forward.p90}}},
      {"images_per_second", r.images_per_second},
      {"peak_rss_mb", r.peak_rss_mb}};
  if (layers) shown["layers"] = layers_json(r);
  out << shown.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

void write_text(const Report& r, std::ostream& out) {
  out << fmt::format("{}  {}x{}  batch {}  {} threads  {}  {} runs\n", r.model, r.height, r.width, r.batch,
                     r.threads, active_isa(), r.runs)
      << fmt::format("  preprocess  {:9.2f} ms median  {:9.2f} ms p90  (one 1920x1080 picture)\n",
                     r.preprocess.median, r.preprocess.p90)
      << fmt::format("  forward     {:9.2f} ms median  {:9.2f} ms p90  {:.1f} images/s\n", r.forward.median,
                     r.forward.p90, r.images_per_second)
      << fmt::format("  peak memory {:9.1f} MB\n", r.peak_rss_mb);
}

}  // namespace

int bench_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea bench");
  BenchOptions options;
  add_model_options(app, options.model);
  app.add_flag("--random-weights", options.model.random_weights,
               "Needs no model.safetensors, only config.json");
  app.add_option("--batch", options.batch, "Pictures a forward pass")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app.add_option_function<std::string>(
         "--size", [&](const std::string& text) { read_size(text, options); },
         "Input size; default: the recipe's")
      ->type_name("HxW");
  app.add_option("--runs", options.runs, "Timed runs, after 3 to warm up")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  app.add_flag("--layers", options.layers,
               "A line for each convolution: its shapes, the kernel it takes, its time");
  app.add_flag("--json", options.json, "As one JSON object");
  if (!parse_options(app, arguments, console)) return kOk;
  const auto bench = [&](const auto& model, int threads) {
    const Report report = measure(options, subject_of(options, model), threads);
    options.json ? write_json(report, options.layers, console.out) : write_text(report, console.out);
    if (!options.json) write_layers(report, console.out);
    return kOk;
  };
  return with_any_model(options.model, bench, bench);
}

}  // namespace fovea
