#pragma once
#include "attention/autograd/grad.h"
#include "attention/nn/weights.h"

namespace fovea {

double sum_of_squares(const Tensor& x);  // in double and in order, whatever the threads

// The length of all the parameters' gradients as one vector; one without a gradient counts as zeros.
double gradient_norm(const Gradients& gradients, const std::vector<Parameter>& parameters);

// Pascanu et al. 2013, https://arxiv.org/abs/1211.5063: where that norm is larger than `most`, scales the
// gradients, in place, to have it as their norm. Returns the norm before; one that is not finite leaves the
// gradients as they are, for the caller to see.
double clip_gradients(Gradients& gradients, const std::vector<Parameter>& parameters, double most);

}  // namespace fovea
