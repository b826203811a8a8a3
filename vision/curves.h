#pragma once
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

namespace fovea {

struct Curve {
  std::string name;
  std::vector<double> x, y;  // points that are not finite are left out
};

// Curves on common axes.
struct Panel {
  std::string title;
  std::vector<Curve> curves;
};

// Panels side by side, each with its own ticks and a legend; told apart by colour and by marker.
cv::Mat draw_curves(std::span<const Panel> panels, const std::string& x_name);

}  // namespace fovea
