#include "models/detr_config.h"

#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

struct Range {
  const char* what;
  int64_t size, least, most;
};

// About: the backbone, norms and biases are left out.
double parameters_of(const DetrConfig& c) {
  const DetrTransformerConfig& t = c.transformer;
  const auto dim = static_cast<double>(t.dim);
  const auto layers = [dim](int64_t count, double attentions, int64_t mlp) {
    return static_cast<double>(count) * dim * (4 * attentions * dim + 2 * static_cast<double>(mlp));
  };
  return layers(t.encoder_layers, 1, t.encoder_mlp) + layers(t.decoder_layers, 2, t.decoder_mlp) +
         dim * static_cast<double>(c.queries + c.classes + c.map_width());
}

}  // namespace

void check_detr(const std::string& file, const DetrConfig& c) {
  constexpr double kMostParameters = 0x1p31;
  constexpr const char* kNext = "; check the file against its original";
  const DetrTransformerConfig& t = c.transformer;
  const Range ranges[] = {{"width", t.dim, 1, 1 << 14},
                          {"number of encoder layers", t.encoder_layers, 0, 256},
                          {"number of decoder layers", t.decoder_layers, 1, 256},
                          {"encoder's hidden width", t.encoder_mlp, 1, 1 << 18},
                          {"decoder's hidden width", t.decoder_mlp, 1, 1 << 18},
                          {"number of queries", c.queries, 1, 1 << 16},
                          {"number of classes", c.classes, 0, 1 << 18}};
  for (const Range& range : ranges)
    if (range.size < range.least || range.size > range.most)
      fail(file, ": the ", range.what, " is ", range.size, ", out of range (", range.least, " to ",
           range.most, ")", kNext);
  for (int heads : {t.encoder_heads, t.decoder_heads})
    if (heads < 1 || t.dim % heads) fail(file, ": ", heads, " heads do not divide the width ", t.dim, kNext);
  if (const int parts = c.learned_position ? 2 : 4; t.dim % parts)
    fail(file, ": positions need a width that ", parts, " divides, not ", t.dim, kNext);
  if (c.masks && (t.dim % 16 || (t.dim + t.encoder_heads) % 8 || c.map != 4))
    fail(file, ": masks need the backbone's last map, and widths in groups of 8, not ", t.dim, " with ",
         t.encoder_heads, " heads", kNext);
  if (const double count = parameters_of(c); count > kMostParameters)
    fail(file, ": the sizes make a model of about ", count, " parameters, more than the ",
         static_cast<int64_t>(kMostParameters), " that Fovea builds", kNext);
}

void describe_detr(const DetrConfig& c, ModelInfo& info) {
  const DetrTransformerConfig& t = c.transformer;
  info.embedding = t.dim;
  info.input_height = 800;  // the shorter side; the longer at most 1333
  info.input_width = 1333;
  info.details = {{"queries", std::to_string(c.queries)},
                  {"encoder layers", std::to_string(t.encoder_layers)},
                  {"decoder layers", std::to_string(t.decoder_layers)},
                  {"width", std::to_string(t.dim)},
                  {"heads", std::to_string(t.encoder_heads)},
                  {"hidden", std::to_string(t.encoder_mlp)},
                  {"backbone's width", std::to_string(c.map_width())},
                  {"classes", std::to_string(c.classes)}};
}

}  // namespace fovea
