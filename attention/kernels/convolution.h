#pragma once
#include "attention/kernels/epilogue.h"
#include "attention/kernels/packed_convolution.h"

namespace fovea::kernels {

// y = activation(conv(x) + bias + residual), x [pictures, height, width, channels]. Each value is one chain
// of fused multiply-adds for each segment of the window, the segments in order: the same bits whatever the
// block or the thread.
struct ConvolutionArgs {
  const float* x;
  int64_t pictures, height, width;
  const PackedConvolution* w;
  float* y;
  int64_t out_height, out_width;
  int64_t y_picture, y_row, y_pixel;  // floats from each to its next, of y and of the residual
  const float* bias = nullptr;        // [outputs]
  const float* residual = nullptr;    // y itself only if the filters are of one segment
  Activation activation = Activation::kNone;
};

// The blocks that the work falls into, by the shapes alone; and the floats that one call works in.
int64_t convolution_blocks(const ConvolutionArgs& args);
int64_t convolution_scratch(const ConvolutionArgs& args);
// Blocks [begin, end). One thread; no allocation.
void convolution(const ConvolutionArgs& args, int64_t begin, int64_t end, float* scratch);

}  // namespace fovea::kernels
