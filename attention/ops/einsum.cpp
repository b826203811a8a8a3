#include "attention/ops/einsum.h"

#include <algorithm>
#include <string>

#include "attention/base/error.h"
#include "attention/ops/matmul.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

using Letters = std::string_view;

bool has(Letters all, char letter) {
  return all.find(letter) != Letters::npos;
}

struct Formula {
  Letters text, a, b, out;

  [[noreturn]] void refuse(const Tensor& x, const Tensor& y) const {
    fail("einsum: '", text, "' of ", x.shape(), " and ", y.shape());
  }
};

Formula parse(Letters text) {
  const size_t comma = text.find(','), arrow = text.find("->");
  if (comma == Letters::npos || arrow == Letters::npos || arrow < comma)
    fail("einsum: '", text, "' is not of the form 'ij,jk->ik'");
  return {text, text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
}

// Each letter once, and as many as there are axes.
bool names_axes(Letters letters, const Shape& shape) {
  std::string sorted(letters);
  std::sort(sorted.begin(), sorted.end());
  return static_cast<int>(letters.size()) == shape.rank() &&
         std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

// The letters of `from` that `first` has, and that `second` has too or, unless `among`, lacks.
std::string chosen(Letters from, Letters first, bool among, Letters second) {
  std::string all;
  for (const char letter : from)
    if (has(first, letter) && has(second, letter) == among) all += letter;
  return all;
}

std::vector<int> axes_of(Letters wanted, Letters letters) {
  std::vector<int> axes;
  for (const char letter : wanted) axes.push_back(static_cast<int>(letters.find(letter)));
  return axes;
}

int64_t size_of(Letters wanted, Letters letters, const Tensor& x) {
  int64_t size = 1;
  for (const int axis : axes_of(wanted, letters)) size *= x.dim(axis);
  return size;
}

}  // namespace

// As one product for each picture of what both operands and the result have in common.
Tensor einsum(std::string_view formula, const Tensor& a, const Tensor& b) {
  std::string plain(formula);
  plain.erase(std::remove(plain.begin(), plain.end(), ' '), plain.end());
  const Formula f = parse(plain);
  const std::string batch = chosen(f.a, f.b, true, f.out), summed = chosen(f.a, f.b, false, f.out);
  const std::string left = chosen(f.a, f.out, false, f.b), right = chosen(f.b, f.out, false, f.a);
  std::string made = batch + left + right;
  const bool whole = f.a.size() == batch.size() + summed.size() + left.size() &&
                     f.b.size() == batch.size() + summed.size() + right.size();
  if (!names_axes(f.a, a.shape()) || !names_axes(f.b, b.shape()) || !whole || made.size() != f.out.size() ||
      !std::is_permutation(made.begin(), made.end(), f.out.begin()))
    f.refuse(a, b);
  for (const char letter : batch + summed)
    if (a.dim(static_cast<int>(f.a.find(letter))) != b.dim(static_cast<int>(f.b.find(letter))))
      f.refuse(a, b);

  const int64_t pictures = size_of(batch, f.a, a), depth = size_of(summed, f.a, a);
  const Tensor x =
      reshape(permute(a, axes_of(batch + left + summed, f.a)), {pictures, size_of(left, f.a, a), depth});
  const Tensor y =
      reshape(permute(b, axes_of(batch + right + summed, f.b)), {pictures, size_of(right, f.b, b), depth});
  std::vector<int64_t> sizes;
  for (const char letter : made)
    sizes.push_back(has(f.a, letter) ? a.dim(static_cast<int>(f.a.find(letter)))
                                     : b.dim(static_cast<int>(f.b.find(letter))));
  const Tensor product = reshape(matmul_transposed(x, y), Shape(std::span<const int64_t>(sizes)));
  return made.empty() ? product : permute(product, axes_of(f.out, made));
}

}  // namespace fovea
