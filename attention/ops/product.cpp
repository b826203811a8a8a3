#include "attention/ops/product.h"

#include <algorithm>

#include "attention/base/parallel.h"

namespace fovea {

void product(const kernels::GemmArgs& args, int64_t rows) {
  // A row block of the left operand stays in L2 (208 rows x 384 x 4 bytes), a task sweeps a few panels over
  // it. Each task does its whole depth, so no sum is shared between threads.
  constexpr int64_t kMostRows = 208, kMostPanels = 8, kTasksWanted = 16;
  constexpr double kSmall = 1e6;  // multiply-adds; below, threads cost more than they bring
  const int64_t panels = args.w->panels().count();
  if (rows == 0 || panels == 0) return;
  const int64_t row_blocks = (rows + kMostRows - 1) / kMostRows;
  const int64_t block = ((rows + row_blocks - 1) / row_blocks + 3) / 4 * 4;
  const double work = static_cast<double>(rows) * static_cast<double>(args.w->columns() * args.w->depth());
  const int64_t share =
      work < kSmall ? panels : std::clamp<int64_t>(panels * row_blocks / kTasksWanted, 1, kMostPanels);
  const int64_t chunks = (panels + share - 1) / share;
  parallel_for(row_blocks * chunks, work < kSmall ? row_blocks * chunks : 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first_row = task / chunks * block, first_panel = task % chunks * share;
      kernels::gemm(args, first_row, std::min(rows, first_row + block), first_panel,
                    std::min(panels, first_panel + share));
    }
  });
}

}  // namespace fovea
