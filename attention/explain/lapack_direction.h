#pragma once
#include <cstdint>
#include <vector>

namespace fovea {

// A singular vector has either sign; this tells which one numpy's svd (LAPACK's gesdd) gives. x: rows x
// columns, row by row; direction: its first right singular vector but for the sign. Whether numpy's is the
// opposite. Follows gesdd's steps if the lesser size is at most 25, as it then goes by QR iterations; for
// larger ones, which it divides, a rule that holds for all but one in 50 or so. Where singular values are 0,
// rounding may decide, here and there.
bool opposite_in_lapack(const std::vector<double>& x, int64_t rows, int64_t columns,
                        const std::vector<double>& direction);

}  // namespace fovea
