#pragma once
#include <cstdint>

#include "vision/resize_weights.h"

namespace fovea {

inline constexpr int kTileRows = 8;

// The int16 values of scratch that resize_columns needs for pictures of this width.
int64_t resize_scratch(int64_t width, int channels);

// Horizontal pass over a tile of kTileRows rows of `width` pixels, 1 or 3 channels interleaved: out[r] gets
// one pixel for each output of `taps`. Rows may repeat.
void resize_columns(const uint8_t* const* rows, int64_t width, int channels, const FixedTaps& taps,
                    int16_t* scratch, uint8_t* const* out);

// Vertical pass for output i: `bytes` values of one row. `first_row` is input row taps.first[i].
void resize_row(const uint8_t* first_row, int64_t row_stride, const FixedTaps& taps, int64_t i, int64_t bytes,
                uint8_t* out);

}  // namespace fovea
