#include "attention/kernels/packed_matrix.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "attention/kernels/gemm.h"

namespace fovea::kernels {
namespace {

constexpr size_t kHugePage = size_t{1} << 21;

// Large weights lie on huge pages where the system grants them: a product streams through all of them.
std::shared_ptr<float[]> allocate_weights(int64_t count) {
  const size_t bytes = sizeof(float) * static_cast<size_t>(std::max<int64_t>(count, 1));
  const std::align_val_t alignment{bytes >= kHugePage ? kHugePage : 64};
  auto* values = static_cast<float*>(::operator new[](bytes, alignment));
  if (bytes >= kHugePage) madvise(values, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return {values, [alignment](float* v) { ::operator delete[](v, alignment); }};
}

// Equal blocks of at most 384, so that a panel stays in L1 and L2 and no block is a sliver.
int64_t choose_block_depth(int64_t depth) {
  constexpr int64_t kMost = 384;
  const int64_t blocks = std::max<int64_t>(1, (depth + kMost - 1) / kMost);
  return std::max<int64_t>(4, ((depth + blocks - 1) / blocks + 3) / 4 * 4);
}

}  // namespace

PackedMatrix::PackedMatrix(const MatrixView& w)
    : columns_(w.columns),
      depth_(w.depth),
      lanes_(vector_lanes()),
      block_depth_(choose_block_depth(w.depth)) {
  const Panels panels = this->panels();
  const std::shared_ptr<float[]> values = allocate_weights(panels.padded() * depth_);
  float* out = values.get();
  for (int64_t k0 = 0; k0 < depth_; k0 += block_depth_) {
    const int64_t k1 = std::min(depth_, k0 + block_depth_);
    for (int64_t panel = 0; panel < panels.count(); ++panel) {
      pack_panel(w, panels.begin(panel), panels.width(panel), k0, k1, 1.f, out);
      out += panels.width(panel) * (k1 - k0);
    }
  }
  values_ = values;
}

}  // namespace fovea::kernels
