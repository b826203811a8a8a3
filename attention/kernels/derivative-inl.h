// The derivatives of the activations of vector_math-inl.h, for one instruction set.
#if defined(FOVEA_DERIVATIVE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_DERIVATIVE_INL_H_
#undef FOVEA_DERIVATIVE_INL_H_
#else
#define FOVEA_DERIVATIVE_INL_H_
#endif

#include "attention/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

HWY_INLINE V GeluDerivative(V x) {  // Phi(x) + x phi(x)
  const V density = Exp2(hn::Mul(hn::Mul(x, x), Constant(-0.72134752f)));
  const V phi = hn::MulAdd(Constant(0.5f), ErfOfScaled(x), Constant(0.5f));
  return hn::MulAdd(hn::Mul(x, Constant(0.39894228f)), density, phi);
}

// Of x sigmoid(u(x)), given u and du/dx.
HWY_INLINE V SwishDerivative(V x, V u, V slope) {
  const V s = Sigmoid(u);
  return hn::MulAdd(hn::Mul(hn::Mul(x, slope), s), hn::Sub(Constant(1.f), s), s);
}

HWY_INLINE V GeluTanhDerivative(V x) {
  const V xx = hn::Mul(x, x);
  const V u = hn::Mul(x, hn::MulAdd(Constant(0.0713548163f), xx, Constant(1.59576912f)));
  return SwishDerivative(x, u, hn::MulAdd(Constant(0.2140644489f), xx, Constant(1.59576912f)));
}

HWY_INLINE V Derivative(Activation activation, V x) {
  const V one = Constant(1.f);
  switch (activation) {
    case Activation::kNone:
      return one;
    case Activation::kRelu:
      return hn::IfThenElseZero(hn::Gt(x, hn::Zero(D())), one);
    case Activation::kGelu:
      return GeluDerivative(x);
    case Activation::kGeluTanh:
      return GeluTanhDerivative(x);
    case Activation::kQuickGelu:
      return SwishDerivative(x, hn::Mul(x, Constant(1.702f)), Constant(1.702f));
    case Activation::kSilu:
      return SwishDerivative(x, x, one);
    case Activation::kSigmoid:
      return hn::Mul(Sigmoid(x), hn::Sub(one, Sigmoid(x)));
    case Activation::kTanh:
      return hn::NegMulAdd(Tanh(x), Tanh(x), one);
  }
  return one;
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
