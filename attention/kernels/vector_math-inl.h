// Vector functions for one instruction set; included once for each by foreach_target.h. The coefficients are
// minimax fits of our own. NaN goes in and comes out.
#if defined(FOVEA_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_VECTOR_MATH_INL_H_
#undef FOVEA_VECTOR_MATH_INL_H_
#else
#define FOVEA_VECTOR_MATH_INL_H_
#endif

#include "attention/kernels/epilogue.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(D()));

HWY_INLINE V Constant(float value) {
  return hn::Set(D(), value);
}

// 2^x for x <= 127, 2 ulp; below -126 exactly 0, so that a masked key contributes nothing. Adding 1.5 * 2^23
// rounds x to an integer in the low bits of the mantissa, which then shifts into the exponent.
HWY_INLINE V Exp2(V x) {
  const D d;
  const hn::RebindToSigned<D> di;
  const V magic = Constant(12582912.f);
  const V bounded = hn::IfThenElse(hn::Lt(x, Constant(-127.f)), Constant(-127.f), x);
  const V t = hn::Add(bounded, magic);
  const V f = hn::Sub(bounded, hn::Sub(t, magic));
  V p = Constant(0.001326470841f);
  p = hn::MulAdd(p, f, Constant(0.009671513926f));
  p = hn::MulAdd(p, f, Constant(0.05550733806f));
  p = hn::MulAdd(p, f, Constant(0.2402224206f));
  p = hn::MulAdd(p, f, Constant(0.6931469776f));
  p = hn::MulAdd(p, f, Constant(1.f));
  const V y = hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, t))));
  const V bounded_y = hn::IfThenZeroElse(hn::Lt(x, Constant(-126.f)), y);
  return hn::IfThenElse(hn::IsNaN(x), x, bounded_y);  // the sum of bits makes a number of many a NaN
}

HWY_INLINE V Sigmoid(V x) {
  const V e = Exp2(hn::Mul(hn::Neg(hn::Abs(x)), Constant(1.44269504f)));  // e^-|x| in [0, 1]
  const V r = hn::Div(Constant(1.f), hn::Add(Constant(1.f), e));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(D())), hn::Mul(e, r), r);
}

// Through its series near 0, where 1 - 2 / (1 + e^2x) would cancel.
HWY_INLINE V Tanh(V x) {
  const V a = hn::Abs(x);
  const V e = Exp2(hn::Mul(a, Constant(-2.88539008f)));  // e^-2|x|
  const V far = hn::Div(hn::Sub(Constant(1.f), e), hn::Add(Constant(1.f), e));
  const V u = hn::Mul(a, a);
  V p = Constant(0.0088632355f);
  p = hn::MulAdd(p, u, Constant(-0.021869488f));
  p = hn::MulAdd(p, u, Constant(0.053968254f));
  p = hn::MulAdd(p, u, Constant(-0.13333333f));
  p = hn::MulAdd(p, u, Constant(0.33333333f));
  const V near = hn::NegMulAdd(hn::Mul(p, u), a, a);
  return hn::CopySign(hn::IfThenElse(hn::Lt(a, Constant(0.3f)), near, far), x);
}

// erf(x / sqrt(2)), as z P(z^2) / Q(z^2) on |z| <= 4 (error 5.6e-8).
HWY_INLINE V ErfOfScaled(V x) {
  const V z = hn::Clamp(hn::Mul(x, Constant(0.70710678f)), Constant(-4.f), Constant(4.f));
  const V u = hn::Mul(z, z);
  V p = Constant(1.919861645e-8f), q = Constant(0.001095741434f);
  p = hn::MulAdd(p, u, Constant(-1.987888334e-6f));
  q = hn::MulAdd(q, u, Constant(0.01553550426f));
  p = hn::MulAdd(p, u, Constant(0.0001552617966f));
  q = hn::MulAdd(q, u, Constant(0.1207268511f));
  p = hn::MulAdd(p, u, Constant(0.004284671591f));
  q = hn::MulAdd(q, u, Constant(0.5227759187f));
  p = hn::MulAdd(p, u, Constant(0.05241023748f));
  q = hn::MulAdd(q, u, Constant(1.f));
  p = hn::MulAdd(p, u, Constant(0.2137693173f));
  p = hn::MulAdd(p, u, Constant(1.128378691f));
  return hn::Div(hn::Mul(p, z), q);
}

HWY_INLINE V Gelu(V x) {  // x Phi(x). Below -5.6 the result is above -6e-8: 0.
  const V half = hn::Mul(x, Constant(0.5f));
  const V y = hn::MulAdd(half, ErfOfScaled(x), half);
  return hn::IfThenZeroElse(hn::Le(x, Constant(-5.6f)), y);
}

HWY_INLINE V GeluTanh(V x) {  // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) = x sigmoid(2 ...)
  const V inner = hn::Mul(x, hn::MulAdd(Constant(0.0713548163f), hn::Mul(x, x), Constant(1.59576912f)));
  return hn::Mul(x, Sigmoid(inner));
}

HWY_INLINE V Activate(Activation activation, V x) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(D())), x);
    case Activation::kGelu:
      return Gelu(x);
    case Activation::kGeluTanh:
      return GeluTanh(x);
    case Activation::kQuickGelu:
      return hn::Mul(x, Sigmoid(hn::Mul(x, Constant(1.702f))));
    case Activation::kSilu:
      return hn::Mul(x, Sigmoid(x));
    case Activation::kSigmoid:
      return Sigmoid(x);
    case Activation::kTanh:
      return Tanh(x);
  }
  return x;
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
