#include "attention/ops/einsum.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

// Over every value of every letter.
std::vector<double> naive(const std::string& a, const std::string& b, const std::string& out, const Tensor& x,
                          const Tensor& y, int64_t count) {
  std::string letters = a;
  for (const char c : b)
    if (letters.find(c) == std::string::npos) letters += c;
  std::vector<int64_t> sizes, at(letters.size());
  const auto size = [&](char c) {
    const size_t in_a = a.find(c);
    return in_a != std::string::npos ? x.dim(static_cast<int>(in_a)) : y.dim(static_cast<int>(b.find(c)));
  };
  int64_t all = 1;
  for (const char c : letters) sizes.push_back(size(c)), all *= size(c);
  const auto place = [&](const std::string& of) {
    int64_t i = 0;
    for (const char c : of) i = i * size(c) + at[letters.find(c)];
    return i;
  };
  std::vector<double> sums(static_cast<size_t>(count));
  for (int64_t i = 0; i < all; ++i) {
    int64_t rest = i;
    for (size_t k = letters.size(); k-- > 0; rest /= sizes[k]) at[k] = rest % sizes[k];
    sums[static_cast<size_t>(place(out))] += static_cast<double>(x.data()[place(a)]) * y.data()[place(b)];
  }
  return sums;
}

TEST(Einsum, SumsOverWhatTheResultLacks) {
  struct Case {
    std::string a, b, out;
    Shape x, y;
  };
  const Case cases[] = {
      {"bij", "bkj", "bik", {2, 3, 4}, {2, 5, 4}},
      {"ij", "jk", "ki", {3, 4}, {4, 5}},
      {"bhid", "jbhd", "bhij", {2, 3, 4, 5}, {6, 2, 3, 5}},
      {"abc", "cb", "a", {2, 3, 4}, {4, 3}},
      {"i", "j", "ij", {3}, {4}},
      {"ab", "ab", "ba", {3, 4}, {3, 4}},
      {"i", "i", "", {7}, {7}},
  };
  for (const Case& c : cases) {
    const std::string formula = c.a + "," + c.b + "->" + c.out;
    SCOPED_TRACE(formula);
    const Tensor x = random_tensor(c.x, 1), y = random_tensor(c.y, 2), z = einsum(formula, x, y);
    EXPECT_EQ(z.shape().rank(), static_cast<int>(c.out.size()));
    const std::vector<double> want = naive(c.a, c.b, c.out, x, y, z.count());
    for (int64_t i = 0; i < z.count(); ++i) EXPECT_NEAR(z.data()[i], want[static_cast<size_t>(i)], 1e-5);
    const auto f = [&](const Inputs& t) { return einsum(formula, t[0], t[1]); };
    EXPECT_LT(gradient_error({x, y}, f), 2e-3);
  }
}

TEST(Einsum, SpacesDoNotCount) {
  const Tensor x = random_tensor({2, 3}, 1), y = random_tensor({3, 4}, 2);
  const Tensor close = einsum("ij,jk->ik", x, y), spaced = einsum(" ij, jk -> i k", x, y);
  ASSERT_EQ(spaced.shape(), close.shape());
  for (int64_t i = 0; i < close.count(); ++i) EXPECT_EQ(spaced.data()[i], close.data()[i]);
}

TEST(Einsum, RefusesWhatItCannotRead) {
  const Tensor x = random_tensor({2, 3}, 1), y = random_tensor({3, 4}, 2);
  for (const char* formula :
       {"ij,jk", "ij->ij", "ijk,jk->i", "ij,kl->il", "ii,ij->ij", "ij,jk->ikl", "ij,ki->kj", "ij,jk->ii"})
    EXPECT_THROW(einsum(formula, x, y), Error) << formula;
}

}  // namespace
}  // namespace fovea
