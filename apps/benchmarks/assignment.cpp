// Times hungarian() on matrices of even random costs. usage: fovea_assignment ROWS COLUMNS [SEED] [RUNS]
// Prints the least total cost and the median time in microseconds.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "attention/base/rng.h"
#include "models/hungarian.h"

int main(int argc, char** argv) {
  const auto argument = [&](int i, long otherwise) { return argc > i ? std::atol(argv[i]) : otherwise; };
  const int64_t rows = argument(1, 300), columns = argument(2, 300);
  const long runs = std::max(1L, argument(4, 21));
  fovea::Rng rng(static_cast<uint64_t>(argument(3, 1)));
  std::vector<float> cost(static_cast<size_t>(rows * columns));
  for (float& c : cost) c = static_cast<float>(rng.uniform());

  std::vector<double> times;
  std::vector<int64_t> column_of;
  for (long run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    column_of = fovea::hungarian(cost, rows, columns);
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
  double total = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t c = column_of[static_cast<size_t>(r)];
    if (c >= 0) total += cost[static_cast<size_t>(r * columns + c)];
  }
  fmt::print("{{\"total\": {:.17g}, \"median_us\": {:.2f}}}\n", total, times[static_cast<size_t>(runs / 2)]);
}
