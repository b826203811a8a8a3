#include "attention/kernels/panels.h"

#include <gtest/gtest.h>

namespace fovea::kernels {
namespace {

TEST(Panels, CoverTheColumnsInOrderAndLeaveNoVectorAlone) {
  for (const int64_t lanes : {4, 8, 16})
    for (int64_t columns = 1; columns <= 20 * lanes; columns += 3) {
      const Panels panels{columns, lanes};
      int64_t next = 0;
      for (int64_t panel = 0; panel < panels.count(); ++panel) {
        EXPECT_EQ(panels.begin(panel), next);
        EXPECT_LE(panels.width(panel), 3 * lanes);
        EXPECT_GE(panels.width(panel), columns <= lanes ? lanes : 2 * lanes) << columns << " of " << lanes;
        next += panels.width(panel);
      }
      EXPECT_EQ(next, panels.padded());
      EXPECT_EQ(panels.padded(), (columns + lanes - 1) / lanes * lanes);
    }
}

}  // namespace
}  // namespace fovea::kernels
