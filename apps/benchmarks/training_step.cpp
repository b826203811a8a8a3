// Times whole training steps (forward, backward, SGD with Nesterov momentum) of a model drawn from its
// config.json on made-up pictures. usage: fovea_training_step CONFIG.json [batch] [steps] [threads]; one line
// of JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "attention/base/error.h"
#include "attention/base/isa.h"
#include "attention/base/parallel.h"
#include "attention/ops/loss.h"
#include "attention/optim/sgd.h"
#include "attention/tensor/block_pool.h"
#include "models/config_json.h"
#include "models/text_file.h"
#include "models/trainable_network.h"

namespace fovea {
namespace {

Tensor made_up_images(const Shape& shape) {
  Rng rng(1);
  Tensor images(shape);
  for (int64_t i = 0; i < images.count(); ++i) images.mutable_data()[i] = static_cast<float>(rng.normal());
  return images;
}

// Milliseconds of each step but the first two.
std::vector<double> time_steps(const TrainableNetwork& network, int64_t batch, int64_t steps) {
  const Tensor images = made_up_images({batch, network.info.input_height, network.info.input_width, 3});
  std::vector<int> labels;
  for (int64_t i = 0; i < batch; ++i) labels.push_back(static_cast<int>(i % std::ssize(network.info.labels)));
  if (network.prepare) network.prepare(images);
  Sgd optimiser(decay_groups(network.store->parameters(), 5e-4f), {.momentum = 0.9f, .nesterov = true});
  BlockPool::shared().keep_up_to(size_t{1} << 33);
  Rng rng(2);
  std::vector<double> times;
  for (int64_t step = 0; step < steps + 2; ++step) {
    const auto start = std::chrono::steady_clock::now();
    RunningUpdates updates;
    const Tensor loss =
        cross_entropy(network.logits(images, {.training = &rng, .running = &updates}), labels);
    optimiser.step(backward(loss), 1e-3f);
    apply(updates);
    const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
    if (step >= 2) times.push_back(passed.count());
  }
  return times;
}

void run(const std::string& file, int64_t batch, int64_t steps, int threads) {
  const ConfigJson config(file, read_text(file).value_or(""));
  const auto classes = std::max<int64_t>(config.at("id2label").json().size(), 10);
  std::vector<std::string> labels;
  for (int64_t i = 0; i < classes; ++i) labels.push_back(fmt::format("class {}", i));
  TrainingSource source{.path = file, .labels = labels, .tuning = {}};
  source.tuning.seed = 1;
  const TrainableNetwork network = load_trainable_network(source);
  Threads(threads).run([&] {
    fmt::print("{{\"isa\":\"{}\",\"threads\":{},\"batch\":{},\"step_ms\":[{:.1f}]}}\n", active_isa(), threads,
               batch, fmt::join(time_steps(network, batch, steps), ","));
  });
}

}  // namespace
}  // namespace fovea

int main(int count, char** arguments) {
  const auto number = [&](int i, int otherwise) { return count > i ? std::atoi(arguments[i]) : otherwise; };
  try {
    if (count < 2) throw fovea::Error("usage: fovea_training_step CONFIG.json [batch] [steps] [threads]");
    fovea::run(arguments[1], number(2, 256), number(3, 10), number(4, 1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
