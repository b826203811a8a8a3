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
  const float* residual = nullptr;    // may be y itself
  Activation activation = Activation::kNone;
};

// Outputs that are computed together: [picture, picture + pictures) and so on, of one group.
struct ConvolutionBlock {
  int64_t picture, pictures, row, rows, column, columns;
  int64_t group, panel_begin, panel_end;
};

// What a block reads: pixels of `pixel` floats.
struct BlockInput {
  const float* data;  // the window of the first output
  int64_t picture, row, pixel;
};

// How a convolution falls into parts, each with an input of its own, and the panels of a part into shares. A
// function of the shapes alone.
class ConvolutionPlan {
 public:
  explicit ConvolutionPlan(const ConvolutionArgs& args);
  const ConvolutionArgs& args() const { return args_; }  // with what is one long row made one
  int64_t parts() const { return picture_blocks_ * row_blocks_ * column_blocks_ * groups_; }
  int64_t shares() const { return shares_; }
  ConvolutionBlock block(int64_t part, int64_t share_begin, int64_t share_end) const;
  int64_t scratch() const;  // floats, for one part's input
  // A part's input with its zeros around it, copied to the scratch unless x will do as it lies.
  BlockInput input(int64_t part, float* scratch) const;

 private:
  void choose_blocks();
  void copy_row(const ConvolutionBlock& block, const float* picture, int64_t row, float* out,
                int64_t step) const;
  int64_t in_rows(int64_t rows) const;        // that `rows` rows of outputs read
  int64_t in_columns(int64_t columns) const;  // likewise

  ConvolutionArgs args_;
  bool in_place_ = false;
  int64_t channels_ = 0, pixel_ = 0;               // read from each pixel, and stored
  int64_t pictures_ = 1, rows_ = 1, columns_ = 1;  // of a block
  int64_t picture_blocks_ = 0, row_blocks_ = 0, column_blocks_ = 0;
  int64_t groups_ = 1, shares_ = 1, share_ = 1;  // shares of `share_` panels
};

}  // namespace fovea::kernels
