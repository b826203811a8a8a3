#pragma once
#include <optional>

#include "attention/tensor/tensor.h"

namespace fovea {

// 1 - IoU of two boxes {x0, y0, x1, y1}, and more:
enum class BoxLoss {
  kIou,   // no more
  kGiou,  // the empty share of the smallest box around both. Rezatofighi et al. 2019, arXiv:1902.09630
  kDiou,  // the centres' squared distance, as a share of that box's diagonal. Zheng et al. 2019,
          // arXiv:1911.08287
  kCiou,  // as kDiou, and how the aspect ratios differ. The same
  kEiou,  // as kDiou, and that distance along each axis, as a share of the box's: as WIoU's authors compute
          // Zhang et al. 2021, arXiv:2101.08158, who have the sizes' differences there
  kSiou,  // the angle, the distance and the shape. Gevorgyan 2022, arXiv:2205.12740
  kWiou,  // no more, but times a factor that grows with the distance. Tong et al. 2023, arXiv:2301.10051
};

// What WIoU's second and third version make of it: pairs count by how their 1 - IoU compares with its mean.
struct BoxFocus {
  float mean = 1;          // of 1 - IoU, as it has run in training
  bool monotonic = false;  // the worse a pair, the more it counts; otherwise the middling ones count most
  float alpha = 1.9f, delta = 3;
};
struct BoxLossConfig {
  float eps = 1e-7f;     // beside what is divided by
  float aspect_eps = 0;  // beside the heights of kCiou's aspect ratios
  std::optional<BoxFocus> focus = {};
};
// [..., 4], [..., 4] -> [...]; differentiable in both, with finite slopes for empty boxes too.
Tensor box_loss(const Tensor& boxes, const Tensor& targets, BoxLoss loss, const BoxLossConfig& config = {});

// He et al. 2021, https://arxiv.org/abs/2110.13675: the terms of kIou, kGiou, kDiou or kCiou to the power of
// alpha.
struct AlphaIouConfig {
  float alpha = 3, eps = 1e-9f;
};
Tensor alpha_iou_loss(const Tensor& boxes, const Tensor& targets, BoxLoss loss,
                      const AlphaIouConfig& config = {});

}  // namespace fovea
