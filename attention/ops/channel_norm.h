#pragma once
#include <functional>
#include <vector>

#include "attention/kernels/epilogue.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// What batch norm, group norm and the gates share: a tensor seen as pictures of rows of channels. A batch
// norm's batch is one picture.
struct PictureRows {
  int64_t pictures, rows, channels;
};

// Two sums for each picture and channel, over its rows.
struct ChannelTotals {
  std::vector<double> first, second;  // [pictures * channels]
};

// Calls body(picture, begin, count) for every piece of its rows, in parallel. `begin` counts from the first
// picture.
using RowsBody = std::function<void(int64_t picture, int64_t begin, int64_t count)>;
void for_row_pieces(const PictureRows& shape, const RowsBody& body);

// The same where each piece adds to sums of its own, [channels] each; these are then added up in order.
using SumsBody =
    std::function<void(int64_t picture, int64_t begin, int64_t count, double* first, double* second)>;
ChannelTotals channel_totals(const PictureRows& shape, const SumsBody& body);
ChannelTotals totals_of_squares(const PictureRows& shape, const float* x);  // of x, and of x^2

// activation((x - mean) * inverse_std * weight + bias), differentiable. mean, inverse_std [pictures,
// channels] follow from x over `shared` neighbouring channels of a picture each; 0: they are constants.
// weight, bias [channels] or none.
struct ChannelNormalisation {
  PictureRows shape;
  Tensor mean, inverse_std;
  int64_t shared = 0;
  Activation activation = Activation::kNone;
};
Tensor normalise_channels(const Tensor& x, const Tensor& weight, const Tensor& bias,
                          const ChannelNormalisation& how);

}  // namespace fovea
