#pragma once
#include <vector>

namespace fovea {

// The implicit QR iteration for the singular values of an upper bidiagonal matrix, step by step as LAPACK's
// bdsqr (Demmel & Kahan 1990, https://doi.org/10.1137/0911052), so that signs come out as there. diagonal n,
// above n - 1. `right` holds the coordinates of a vector, and is turned as the right singular vectors are.
// -> the coordinate of that vector along the right singular vector of the greatest value.
double along_leading_vector(std::vector<double> diagonal, std::vector<double> above,
                            std::vector<double> right);

}  // namespace fovea
