#include "attention/kernels/convolution_plan.h"

#include <algorithm>

namespace fovea::kernels {
namespace {

int64_t pieces(int64_t n, int64_t part) {
  return (n + part - 1) / part;
}
// The size of equal parts of at most `most`.
int64_t even_part(int64_t n, int64_t most) {
  return pieces(n, pieces(n, most));
}

bool is_product(const ConvolutionArgs& a) {
  const Window& w = a.w->window();
  return w.taps() == 1 && w.stride == std::array<int64_t, 2>{1, 1} &&
         w.padding == std::array<int64_t, 2>{0, 0} && a.out_height == a.height && a.out_width == a.width &&
         a.y_row == a.out_width * a.y_pixel && a.y_picture == a.out_height * a.y_row;
}

// Nothing is read from outside the picture.
bool stays_inside(const ConvolutionArgs& a) {
  const Window& w = a.w->window();
  const int64_t out[2] = {a.out_height, a.out_width}, in[2] = {a.height, a.width};
  for (size_t i = 0; i < 2; ++i)
    if (w.padding[i] > 0 ||
        (out[i] - 1) * w.stride[i] + (w.size[i] - 1) * w.dilation[i] - w.padding[i] >= in[i])
      return false;
  return true;
}

}  // namespace

ConvolutionPlan::ConvolutionPlan(const ConvolutionArgs& args) : args_(args) {
  const PackedConvolution& w = *args.w;
  if (is_product(args)) {
    args_.width = args_.out_width = args.pictures * args.height * args.width;
    args_.pictures = args_.height = args_.out_height = 1;
  }
  const bool depthwise = w.depthwise();
  groups_ = depthwise ? 1 : w.groups();
  channels_ = w.channels() / groups_;
  in_place_ = groups_ == 1 && !depthwise && !w.stacked() && stays_inside(args_);
  pixel_ = depthwise ? w.padded_channels() : w.stacked() ? channels_ * w.window().size[0] : channels_;
  if (args_.pictures * args_.out_height * args_.out_width * w.outputs() > 0) choose_blocks();
}

void ConvolutionPlan::choose_blocks() {
  // What a block reads stays in L2, and each panel of weights, which may come from far, serves many pixels.
  const int64_t read = channels_ * args_.w->window().stride[0] * args_.w->window().stride[1];
  const int64_t pixels = std::clamp<int64_t>(98304 / std::max<int64_t>(1, read), 96, 208);
  constexpr int64_t kTasksWanted = 16;
  columns_ = even_part(args_.out_width, pixels);
  columns_ = std::min(args_.out_width, (columns_ + 3) / 4 * 4);
  rows_ = even_part(args_.out_height, std::max<int64_t>(1, pixels / columns_));
  column_blocks_ = pieces(args_.out_width, columns_), row_blocks_ = pieces(args_.out_height, rows_);
  if (column_blocks_ * row_blocks_ == 1)
    pictures_ = std::clamp<int64_t>(pixels / (rows_ * columns_), 1, args_.pictures);
  picture_blocks_ = pieces(args_.pictures, pictures_);
  const int64_t tasks = picture_blocks_ * row_blocks_ * column_blocks_ * groups_;
  const int64_t panels = args_.w->depthwise() ? 1 : args_.w->panels().count();
  share_ = pieces(panels, std::clamp<int64_t>(pieces(kTasksWanted, tasks), 1, panels));
  shares_ = pieces(panels, share_);
}

int64_t ConvolutionPlan::in_rows(int64_t rows) const {
  const Window& w = args_.w->window();
  return args_.w->stacked() ? rows : (rows - 1) * w.stride[0] + (w.size[0] - 1) * w.dilation[0] + 1;
}

int64_t ConvolutionPlan::in_columns(int64_t columns) const {
  const Window& w = args_.w->window();
  return (columns - 1) * w.stride[1] + (w.size[1] - 1) * w.dilation[1] + 1;
}

int64_t ConvolutionPlan::scratch() const {
  return in_place_ ? 0 : pictures_ * in_rows(rows_) * in_columns(columns_) * pixel_;
}

ConvolutionBlock ConvolutionPlan::block(int64_t part, int64_t share_begin, int64_t share_end) const {
  const auto next = [&part](int64_t n) {
    const int64_t i = part % n;
    part /= n;
    return i;
  };
  ConvolutionBlock b{};
  b.panel_begin = share_begin * share_;
  b.panel_end = std::min(share_end * share_, args_.w->panels().count());
  b.group = next(groups_);
  b.column = next(column_blocks_) * columns_, b.row = next(row_blocks_) * rows_;
  b.picture = part * pictures_;
  b.columns = std::min(columns_, args_.out_width - b.column);
  b.rows = std::min(rows_, args_.out_height - b.row);
  b.pictures = std::min(pictures_, args_.pictures - b.picture);
  return b;
}

// One row of the picture, from the block's first column on, its pixels `step` floats apart.
void ConvolutionPlan::copy_row(const ConvolutionBlock& block, const float* picture, int64_t row, float* out,
                               int64_t step) const {
  const int64_t columns = in_columns(block.columns), all = args_.w->channels();
  const int64_t first = block.column * args_.w->window().stride[1] - args_.w->window().padding[1];
  const bool outside = row < 0 || row >= args_.height;
  const int64_t begin = outside ? columns : std::clamp<int64_t>(-first, 0, columns);
  const int64_t end = std::clamp(args_.width - first, begin, columns);
  const float* from = picture + (row * args_.width + first + begin) * all + block.group * channels_;
  for (int64_t i = 0; i < begin; ++i) std::fill_n(out + i * step, channels_, 0.f);
  if (step == all && channels_ == all) {
    std::copy_n(from, (end - begin) * all, out + begin * step);
  } else if (channels_ == 3) {  // a picture's own: too few for a call each
    for (int64_t i = begin; i < end; ++i, from += all)
      for (int64_t c = 0; c < 3; ++c) out[i * step + c] = from[c];
  } else {
    for (int64_t i = begin; i < end; ++i, from += all) std::copy_n(from, channels_, out + i * step);
  }
  for (int64_t i = end; i < columns; ++i) std::fill_n(out + i * step, channels_, 0.f);
}

BlockInput ConvolutionPlan::input(int64_t part, float* scratch) const {
  const ConvolutionBlock b = block(part, 0, shares_);
  const Window& w = args_.w->window();
  const int64_t all = args_.w->channels(), picture = args_.height * args_.width * all;
  const int64_t top = b.row * w.stride[0] - w.padding[0];
  if (in_place_)
    return {args_.x + b.picture * picture + (top * args_.width + b.column * w.stride[1] - w.padding[1]) * all,
            picture, args_.width * all, all};
  const int64_t rows = in_rows(b.rows), row_floats = in_columns(b.columns) * pixel_;
  const bool stacked = args_.w->stacked();
  if (pixel_ > channels_ && !stacked) std::fill_n(scratch, b.pictures * rows * row_floats, 0.f);
  for (int64_t p = 0; p < b.pictures; ++p)
    for (int64_t r = 0; r < rows; ++r) {
      float* out = scratch + (p * rows + r) * row_floats;
      const float* from = args_.x + (b.picture + p) * picture;
      if (!stacked) copy_row(b, from, top + r, out, pixel_);
      for (int64_t i = 0; stacked && i < w.size[0]; ++i)
        copy_row(b, from, top + r * w.stride[0] + i * w.dilation[0], out + i * channels_, pixel_);
    }
  return {scratch, rows * row_floats, row_floats, pixel_};
}

}  // namespace fovea::kernels
