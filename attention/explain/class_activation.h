#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// How a feature map's channels are weighed by the gradient of a class score.
enum class ClassActivation {
  kGradCam,          // Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391
  kGradCamPlusPlus,  // Chattopadhyay et al. 2018, https://arxiv.org/abs/1710.11063
  kXGradCam,         // Fu et al. 2020, https://arxiv.org/abs/2008.02312
  kLayerCam,         // Jiang et al. 2021, https://doi.org/10.1109/TIP.2021.3089943
  kHiResCam,         // Draelos & Carin 2020, https://arxiv.org/abs/2011.08891
  kElementWise,      // the products' positive parts, as pytorch-grad-cam's GradCAMElementWise
  kEigenCam,         // Muhammad & Yeasin 2020, https://arxiv.org/abs/2008.00299: no class,
                     // and no gradients wanted
  kEigenGradCam      // the same over products with the gradient
};

// Activations and the gradient of one score with respect to them, both [B, H, W, C] -> [B, H, W], negative
// values cut to 0, not scaled.
Tensor class_activation(ClassActivation method, const Tensor& activations, const Tensor& gradients);

}  // namespace fovea
